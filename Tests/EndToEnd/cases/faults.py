"""Wrong input, and starting where it can't work: each has a clear message and leaves nothing half-done."""
import json
import os
import socket
import subprocess

from e2e.node import Node
from e2e.places import PINTLE, execute
from e2e.suite import case, container, contains, equal, expect, once, pod


def refusal(t, code, reason, method, path, body=None, part="", **options):
    """Sends a request that must be refused, and returns the Status."""
    status, _, answer = t.node.api.request(method, path, body, **options)
    text = answer.decode(errors="replace")
    equal((status, json.loads(text).get("reason") if text.startswith("{") else text), (code, reason), f"the answer to {method} {path}")
    contains(text, part, "the message")
    return json.loads(text)


@case("malformed YAML and JSON are refused with the place of the fault", each_kubectl=True)
def malformed(t):
    for text in ("apiVersion: v1\nkind: Pod\n  metadata: {", '{"apiVersion": "v1", "kind": "Pod",'):
        found = t.kubectl("apply", "-f", "-", input=text, check=False)
        expect(found.code == 1 and "error" in found.err, "kubectl to refuse it", found)
    path = f"/api/v1/namespaces/{t.namespace}/pods"
    for body in (b'{"apiVersion":"v1","kind":"Pod",', b"[1,2", b"\xff\xfe", b"", b'"text"', b'{"a":1}{"b":2}'):
        refusal(t, 400, "BadRequest", "POST", path, body)
    equal(t.node.api.get(path)["items"], [], "the pods afterwards")


@case("a field that does not exist is refused by strict validation, warned of or ignored as asked")
def strict(t):
    path = f"/api/v1/namespaces/{t.namespace}/pods"
    value = once("strict", "true")
    value["spec"]["contaners"] = []
    status = refusal(t, 400, "BadRequest", "POST", path + "?fieldValidation=Strict", value, 'unknown field \\"spec.contaners\\"')
    contains(status["message"], "strict decoding error", "the message")
    code, headers, _ = t.node.api.request("POST", path + "?fieldValidation=Warn", value)
    equal(code, 201, "the code with Warn")
    contains(headers.get("Warning", ""), "spec.contaners", "the warning")
    value["metadata"]["name"] = "ignored"
    code, headers, _ = t.node.api.request("POST", path + "?fieldValidation=Ignore", value)
    equal((code, headers.get("Warning")), (201, None), "code and warning with Ignore")


@case("values of the wrong type and invalid specifications name the field")
def invalid(t):
    path = f"/api/v1/namespaces/{t.namespace}/pods"
    wrong = once("wrong", "true")
    wrong["spec"]["containers"] = "none"
    refusal(t, 400, "BadRequest", "POST", path, wrong, "containers")
    for change, part in (({"containers": []}, "spec.containers"), ({"restartPolicy": "Sometimes"}, "spec.restartPolicy"),
                         ({"volumes": [{"name": "v", "hostPath": {"path": ""}}]}, "spec.volumes[0].hostPath.path")):
        value = once("invalid", "true")
        value["spec"].update(change)
        status = refusal(t, 422, "Invalid", "POST", path, value)
        expect(any(cause["field"].startswith(part) for cause in status["details"]["causes"]), f"a cause at {part}", status)
    named = once("Wrong_Name", "true")
    refusal(t, 422, "Invalid", "POST", path, named, "metadata.name")


@case("the same name twice is 409 AlreadyExists, a stale resourceVersion is 409 Conflict and changes nothing")
def conflicts(t):
    path = f"/api/v1/namespaces/{t.namespace}/configmaps"
    made = t.node.api.create(path, {"metadata": {"name": "one"}, "data": {"a": "1"}})
    refusal(t, 409, "AlreadyExists", "POST", path, {"metadata": {"name": "one"}}, 'configmaps \\"one\\" already exists')
    made["data"]["a"] = "2"
    code, _, _ = t.node.api.request("PUT", path + "/one", made)
    equal(code, 200, "the code of the first update")
    made["data"]["a"] = "3"
    refusal(t, 409, "Conflict", "PUT", path + "/one", made, "the object has been modified")
    equal(t.node.api.get(path + "/one")["data"], {"a": "2"}, "the data")


@case("a body of 4 MiB is 413, and a body that ends early is stored by nobody")
def large(t):
    path = f"/api/v1/namespaces/{t.namespace}/configmaps"
    body = json.dumps({"metadata": {"name": "large"}, "data": {"a": "x" * (4 << 20)}}).encode()
    status, _, _ = t.node.api.request("POST", path, body)
    equal(status, 413, "the code")
    connection = t.node.api.connection()
    connection.putrequest("POST", path)
    connection.putheader("Content-Type", "application/json")
    connection.putheader("Content-Length", "1000")
    connection.endheaders(b'{"metadata":{"name":"cut"},')
    connection.sock.shutdown(socket.SHUT_WR)
    connection.close()
    names = [item["metadata"]["name"] for item in t.node.api.get(path)["items"]]
    expect("cut" not in names and "large" not in names, "neither to be stored", names)


@case("unknown paths, methods and media types answer as Kubernetes does")
def protocol(t):
    path = f"/api/v1/namespaces/{t.namespace}/pods"
    equal(t.node.api.request("GET", "/api/v1/nonsense")[0], 404, "the code of an unknown resource")
    equal(t.node.api.request("GET", "/apis/example.org/v1/things")[0], 404, "the code of an unknown group")
    refusal(t, 405, "MethodNotAllowed", "PUT", path, {})
    equal(t.node.api.request("POST", path, b"x", content_type="text/plain")[0], 415, "the code of an unknown type")
    equal(t.node.api.request("GET", path, headers={"Accept": "image/png"})[0], 406, "the code of an unknown form")
    refusal(t, 404, "NotFound", "GET", path + "/none", part='pods \\"none\\" not found')


@case("anyone may ask for health and version, and for nothing else")
def anonymous(t):
    for path in ("/livez", "/readyz", "/healthz", "/version"):
        equal(t.node.api.anonymous(path)[0], 200, f"the code of {path} without a certificate")
    for path in ("/api/v1/pods", "/api/v1/namespaces/default/secrets", "/api", "/openapi/v2"):
        code, _ = t.node.api.anonymous(path)
        expect(code in (401, 403), f"401 or 403 for {path} without a certificate", code)


def refused_start(node, part, **options):
    """`pintle up` must end by itself with a message and exit code 1."""
    found = execute(*node.command(), check=False, timeout=20, **options)
    expect(found.code not in (0, 132, 133, 134, 139), "`pintle up` to refuse with an exit code", found)
    contains(found.out + found.err, part, "the message")


@case("a port in use is refused and named, and no data is lost", own_nodes=True)
def port_in_use(t):
    node = t.new_node("port", start=False)
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", node.port))
        taken.listen()
        refused_start(node, str(node.port))
    node.start()


@case("a second pintle on one data directory is refused and says who has it", own_nodes=True)
def second(t):
    node = t.new_node("first")
    other = Node(f"second-{t.number}", data=node.data)
    refused_start(other, str(node.data))
    t.create(once("still", "echo still"))
    t.ended("still")


@case("a data directory that can't be written, or is a file, is refused and named", own_nodes=True)
def unwritable(t):
    t.directory.mkdir(exist_ok=True)
    file = t.directory / "file"
    file.write_text("x")
    for data in (file, "/proc/self/nothing"):
        node = Node(f"bad-{t.number}", data=data)
        refused_start(node, str(data))
    read_only = t.directory / "read-only"
    read_only.mkdir()
    execute("mount", "-t", "tmpfs", "-o", "ro", "none", read_only)
    t.undo(lambda: execute("umount", read_only))
    refused_start(Node(f"ro-{t.number}", data=read_only / "data"), "read-only")


@case("mistakes in the configuration file are refused with file, line and what would be right", own_nodes=True)
def configuration(t):
    head = "apiVersion: pintle.dev/v1alpha1\nkind: Configuration\n"
    rows = [
        (head + "nodes: {}\n", ":3:", "nodes"),
        (head + "node:\n  maxPods: many\n", ":4:", "maxPods"),
        (head + "drivers:\n  - plugin: dev.example.none\n    interface: pintle.network/1\n", "", "dev.example.none"),
        (head + "node: [\n", ":", "config"),
        ("kind: Configuration\n", "", "apiVersion"),
        (head + "drivers:\n  - plugin: dev.pintle.local\n    interface: pintle.storage/1\n    options: {nonsense: 1}\n", "", "nonsense"),
    ]
    t.directory.mkdir(exist_ok=True)
    for number, (text, line, part) in enumerate(rows):
        file = t.directory / f"config-{number}.yaml"
        file.write_text(text)
        node = Node(f"config-{t.number}-{number}", options=["--config", str(file)])
        found = execute(*node.command(), check=False, timeout=20)
        expect(found.code not in (0, 132, 133, 134, 139), f"`pintle up` to refuse {text!r}", found)
        message = found.out + found.err
        contains(message, part, "the message")
        if line:
            contains(message, f"{file}{line}" if line.startswith(":") and len(line) > 1 else str(file), "the message")
        if node.data.exists():
            node.down()


@case("a full disk is told and nothing is half-written", own_nodes=True)
def disk_full(t):
    t.directory.mkdir(exist_ok=True)
    place = t.directory / "small"
    place.mkdir()
    execute("mount", "-t", "tmpfs", "-o", "size=64m", "none", place)
    t.undo(lambda: execute("umount", place))
    node = Node(f"full-{t.number}", data=place / "data")
    t.nodes.append(node)
    node.start()
    node.load_images("busybox")
    t.node, t.namespace = node, "default"
    with open(place / "ballast", "wb") as ballast:
        try:
            while True:
                ballast.write(bytes(1 << 16))
                ballast.flush()
        except OSError:
            pass
    path = "/api/v1/namespaces/default/configmaps"
    acknowledged, refused = [], 0
    for number in range(200):
        status, _, _ = node.api.request("POST", path, {"metadata": {"name": f"c{number}"}, "data": {"a": "x" * 20000}})
        if status == 201:
            acknowledged.append(f"c{number}")
        else:
            expect(status >= 500, "a failure of the server", status)
            refused += 1
    expect(refused > 0, "writes to be refused on a full disk")
    os.truncate(place / "ballast", 0)
    os.remove(place / "ballast")
    node.restart()
    names = {item["metadata"]["name"] for item in node.api.get(path)["items"]}
    expect(names >= set(acknowledged), "every acknowledged write", sorted(set(acknowledged) - names)[:5])
    node.api.create(path, {"metadata": {"name": "afterwards"}})


@case("log levels and formats: JSON lines are JSON, and a wrong level is refused", own_nodes=True)
def logging(t):
    node = t.new_node("logs", images=())
    node.stop()
    lines = [line for line in node.log.read_text().splitlines() if line.strip()]
    objects = [line for line in lines if line.startswith("{")]
    expect(objects, "lines of JSON", lines[:5])
    for line in objects:
        expect({"ts", "level", "msg"} <= set(json.loads(line)), "time, level and message", line)
    found = execute(PINTLE, "up", "--log-level", "loud", "--data-dir", t.directory / "x", check=False, timeout=20)
    expect(found.code != 0 and "loud" in found.err, "the level to be refused", found)
    expect(not (t.directory / "x").exists(), "no data directory to be made")
