"""Pull policies, pulling from a registry, and `pintle image`."""
import os
import subprocess

from e2e.places import PINTLE, ROOT, execute
from e2e.suite import case, container, contains, equal, expect, pod


def waiting(value):
    states = value["status"].get("containerStatuses") or [{}]
    return states[0].get("state", {}).get("waiting", {})


class Registry:
    """Debian's registry on loopback with busybox, nginx and redis."""

    def __init__(self, t):
        t.directory.mkdir(exist_ok=True)
        self.port = t.node.free_port()
        self.process = subprocess.Popen(
            [str(ROOT / "Tests" / "Images" / "serve-images"), str(self.port)], stdout=subprocess.PIPE,
            stderr=open(t.directory / "registry.log", "wb"), text=True)
        t.undo(self.end)
        line = self.process.stdout.readline()
        expect(line.strip() == "ready", "the registry to serve images", (t.directory / "registry.log").read_text())

    def end(self):
        self.process.terminate()
        self.process.wait(20)

    def name(self, image):
        return f"127.0.0.1:{self.port}/library/{image}"


@case("IfNotPresent uses the image that is there and says so")
def present(t):
    t.create(pod("present", container(script="sleep 1000")))
    t.running("present")
    t.wait_event("present", "Pulled", "already present on machine")


@case("Never without the image is ErrImageNeverPull")
def never(t):
    t.create(pod("never", container(image="example.org/none:1", imagePullPolicy="Never")))
    found = t.wait_pod("never", "to be refused", lambda value: waiting(value).get("reason") == "ErrImageNeverPull")
    contains(waiting(found)["message"], "example.org/none:1", "the message")


@case("a pull from a registry on loopback, then a restart without pulling again", own_nodes=True)
def pull(t):
    t.new_node("pull", images=())
    registry = Registry(t)
    name = registry.name("nginx:latest")
    t.create(pod("pulled", container(image=name, imagePullPolicy="Always")))
    found = t.running("pulled", timeout=60)
    contains(found["status"]["containerStatuses"][0]["imageID"], "sha256:", "imageID")
    t.wait_event("pulled", "Pulling", name)
    t.wait_event("pulled", "Pulled", "Successfully pulled image")
    t.delete("pulled")
    t.create(pod("again", container(image=name)))
    t.running("again")
    t.wait_event("again", "Pulled", "already present on machine")


@case("a missing image is ErrImagePull, then ImagePullBackOff, with events")
def missing(t):
    registry = Registry(t)
    name = registry.name("missing:1")
    t.create(pod("missing", container(image=name)))
    seen = set()

    def backs_off(value):
        seen.add(waiting(value).get("reason"))
        return waiting(value).get("reason") == "ImagePullBackOff"

    found = t.wait_pod("missing", "to back off", backs_off, timeout=60)
    expect("ErrImagePull" in seen, "ErrImagePull before ImagePullBackOff", seen)
    contains(waiting(found)["message"], name, "the message")
    equal(found["status"]["phase"], "Pending", "the phase")
    t.wait_event("missing", "Failed", "Failed to pull image")
    t.wait_event("missing", "BackOff", "Back-off pulling image")


@case("a registry that does not answer is ErrImagePull and names it")
def unreachable(t):
    name = f"127.0.0.1:{t.node.free_port()}/library/x:1"
    t.create(pod("unreachable", container(image=name)))
    found = t.wait_pod("unreachable", "to fail", lambda value: waiting(value).get("reason") in (
        "ErrImagePull", "ImagePullBackOff", "RegistryUnavailable"), timeout=60)
    contains(waiting(found)["message"], name.partition("/")[0], "the message")


@case("an image name that is none is InvalidImageName")
def invalid(t):
    t.create(pod("invalid", container(image="UPPER//case")))
    t.wait_pod("invalid", "to be refused", lambda value: waiting(value).get("reason") == "InvalidImageName")


@case("pintle image: import, list, pull, build, remove", own_nodes=True)
def commands(t):
    t.new_node("image")
    registry = Registry(t)
    listed = t.node.pintle("image", "list").out
    contains(listed, "docker.io/library/busybox:1.35", "the list")
    name = registry.name("nginx:latest")
    t.node.pintle("image", "pull", name)
    contains(t.node.pintle("image", "list").out, name, "the list after the pull")
    t.node.pintle("image", "remove", name)
    expect(name not in t.node.pintle("image", "list").out, "the image to be gone from the list")
    root = t.directory / "rootfs"
    (root / "bin").mkdir(parents=True)
    execute("cp", "/bin/busybox", root / "bin" / "busybox")
    t.node.pintle("image", "build", "--rootfs", root, "--tag", f"local/{t.namespace}:1", "--entrypoint", "/bin/busybox")
    value = pod("built", container(image=f"local/{t.namespace}:1", args=["echo", "built"]), restartPolicy="Never")
    equal(t.run_to_end(value).strip(), "built", "the output of the built image")


@case("pintle image says what is wrong with a file that is no image, and with a name that is not there")
def refused(t):
    file = t.directory / "not.tar"
    file.write_text("this is no archive")
    for arguments, part in ((("import", file), str(file.name)), (("remove", "local/none:1"), "local/none:1"),
                            (("import", t.directory / "missing.tar"), "missing.tar")):
        found = t.node.pintle("image", *arguments, check=False)
        expect(found.code != 0 and found.err.strip(), f"`pintle image {arguments[0]}` to fail with a message", found)
        expect("Fatal error" not in found.err, "no crash", found)
        contains(found.err, part, "the message")


@case("pintle image works without a running node", own_nodes=True)
def offline(t):
    node = t.new_node("offline", start=False)
    node.start()
    node.stop()
    node.load_images("busybox")
    contains(node.pintle("image", "list").out, "busybox", "the list")
    equal(os.path.exists(f"/run/pintle-{node.id}"), False, "whether the command leaves a directory under /run")
    node.start()
    t.node, t.namespace = node, "default"
    t.create(pod("from-import", container(script="sleep 1000")))
    t.running("from-import")


@case("pintle prints its commands and their options")
def usage(t):
    text = execute(PINTLE, "--help").out
    for word in ("up", "down", "image", "plugin", "ledger"):
        expect(lists_command(text, word), f"{word} in the help", text)
    options = execute(PINTLE, "up", "--help").out
    for option in ("--data-dir", "--config", "--listen", "--node-name", "--log-level", "--log-format"):
        contains(options, option, "pintle up --help")


def lists_command(text, word):
    return any(line.split()[:1] == [word] for line in text.splitlines())


class Gate:
    """A registry that wants a name and a password, in front of another one; it counts what it lets through."""

    def __init__(self, t, registry, user, password):
        import base64
        import http.client
        import http.server
        import threading
        wanted = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
        self.passed = 0
        gate = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self):
                if self.headers.get("Authorization") != wanted:
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="gate"')
                    self.send_header("Content-Length", "0")
                    return self.end_headers()
                gate.passed += 1
                connection = http.client.HTTPConnection("127.0.0.1", registry.port, timeout=30)
                kept = {key: value for key, value in self.headers.items() if key in ("Accept", "Range")}
                connection.request(self.command, self.path, headers=kept)
                answer = connection.getresponse()
                body = answer.read()
                self.send_response(answer.status)
                for key, value in answer.getheaders():
                    if key in ("Content-Type", "Docker-Content-Digest", "Content-Range"):
                        self.send_header(key, value)
                self.send_header("Content-Length", answer.headers.get("Content-Length", str(len(body))))
                self.end_headers()
                self.wfile.write(body)
                connection.close()

            do_HEAD = do_GET

            def log_message(self, *arguments):
                pass

        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_address[1]
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        t.undo(self.end)

    def end(self):
        self.server.shutdown()
        self.server.server_close()

    def name(self, image):
        return f"127.0.0.1:{self.port}/library/{image}"


@case("a private image needs the pod's secret, also when it is on the node already", own_nodes=True)
def private(t):
    import base64
    import json
    t.new_node("private", images=())
    gate = Gate(t, Registry(t), "sailor", "knot")
    name = gate.name("busybox:1.35")
    config = {"auths": {f"127.0.0.1:{gate.port}/library": {"username": "sailor", "password": "knot"}}}
    t.node.api.create("/api/v1/namespaces/default/secrets", {
        "metadata": {"name": "login"}, "type": "kubernetes.io/dockerconfigjson",
        "data": {".dockerconfigjson": base64.b64encode(json.dumps(config).encode()).decode()}})
    secrets = {"imagePullSecrets": [{"name": "login"}]}
    t.create(pod("before", container(image=name, script="sleep 1000")))
    t.wait_pod("before", "to be refused", lambda value: waiting(value).get("reason") in ("ErrImagePull", "ImagePullBackOff"))
    equal(gate.passed, 0, "the requests that passed")
    t.create(pod("with", container(image=name, script="sleep 1000"), **secrets))
    t.running("with", timeout=60)
    passed = gate.passed
    t.create(pod("again", container(image=name, script="sleep 1000"), **secrets))
    t.running("again")
    equal(gate.passed, passed, "the requests that passed after the pull")
    t.create(pod("without", container(image=name, script="sleep 1000")))
    t.wait_pod("without", "to be refused", lambda value: waiting(value).get("reason") in ("ErrImagePull", "ImagePullBackOff"))
    t.create(pod("never", container(image=name, script="sleep 1000", imagePullPolicy="Never")))
    found = t.wait_pod("never", "to be refused", lambda value: waiting(value).get("reason") == "ErrImageNeverPull")
    contains(waiting(found)["message"], "does not have the proper credentials", "the message")
    t.create(pod("lost", container(image=name, script="sleep 1000"), imagePullSecrets=[{"name": "none"}]))
    t.wait_event("lost", "FailedToRetrieveImagePullSecret", "Unable to retrieve some image pull secrets (none)")
