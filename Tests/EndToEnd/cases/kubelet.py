"""The node's own API, on its port and behind the API server's proxy."""
import http.client
import json
import re
import socket
import ssl

from e2e.node import Node
from e2e.suite import case, container, contains, equal, expect, once, pod, wait


def port(t):
    node = t.node.api.get(f"/api/v1/nodes/{t.node.name}")
    return node["status"]["daemonEndpoints"]["kubeletEndpoint"]["Port"]


def ask(t, path, method="GET", certificate="admin"):
    """Status and text of a request to the kubelet's port, with a certificate of the cluster or without."""
    context = ssl.create_default_context(cafile=str(t.node.data / "pki" / "ca.crt"))
    if certificate:
        pki = t.node.data / "pki"
        context.load_cert_chain(pki / f"{certificate}.crt", pki / f"{certificate}.key")
    connection = http.client.HTTPSConnection("127.0.0.1", port(t), context=context, timeout=30)
    try:
        connection.request(method, path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def through(t, path, method="GET", suffix=""):
    status, _, body = t.node.api.request(method, f"/api/v1/nodes/{t.node.name}{suffix}/proxy/{path}")
    return status, body.decode()


def sample(text, name, **labels):
    """The value of a metric whose labels include these."""
    for line in text.splitlines():
        if line.startswith(name + "{") and all(f'{key}="{value}"' in line for key, value in labels.items()):
            return float(line.rpartition("}")[2].split()[0])
    return None


@case("only the administrator and the API server may ask the kubelet's port")
def access(t):
    for certificate in ("admin", "apiserver-kubelet-client"):
        equal(ask(t, "/healthz", certificate=certificate), (200, "ok"), f"health for {certificate}")
    equal(ask(t, "/healthz", certificate=None), (401, "Unauthorized"), "health without a certificate")
    equal(ask(t, "/pods", certificate=None), (401, "Unauthorized"), "pods without a certificate")
    equal(ask(t, "/nothing"), (404, "404 page not found\n"), "a path that is not there")
    equal(ask(t, "/pods", method="POST")[0], 405, "a method that is not there")
    status, text = ask(t, "/%zz")
    equal(status, 400, "a path that can't be read")


@case("the proxy of the API server reaches the same, with and without the port")
def proxy(t):
    equal(through(t, "healthz"), (200, "ok"), "health")
    equal(through(t, "healthz", suffix=f":{port(t)}"), (200, "ok"), "health with the port")
    equal(through(t, "healthz", suffix=":1")[0], 503, "another port")
    status, _, _ = t.node.api.request("GET", "/api/v1/nodes/none/proxy/healthz")
    equal(status, 404, "a node that is not there")
    equal(t.node.api.anonymous(f"/api/v1/nodes/{t.node.name}/proxy/healthz")[0], 403, "the proxy without a certificate")
    equal(t.kubectl("get", "--raw", f"/api/v1/nodes/{t.node.name}/proxy/healthz").out, "ok", "kubectl get --raw")


@case("pods, running pods and configuration are told")
def pods(t):
    t.create(pod("shown", container(script="sleep 1000")))
    t.running("shown")
    for path in ("pods", "runningpods/"):
        status, text = through(t, path)
        equal(status, 200, path)
        found = [item for item in json.loads(text)["items"]
                 if (item["metadata"]["namespace"], item["metadata"]["name"]) == (t.namespace, "shown")]
        equal(len(found), 1, f"how often the pod is in {path}")
        equal(found[0]["spec"]["containers"][0]["name"], "main", "its container")
    status, text = through(t, "configz")
    equal(json.loads(text)["kubeletconfig"]["kind"], "KubeletConfiguration", "the kind of the configuration")


@case("stats/summary tells what node, pods and containers use, disks and volumes included")
def summary(t):
    t.create(pod("busy", container(script="dd if=/dev/zero of=/v/f bs=1M count=3; echo written; while true; do :; done",
                                   resources={"limits": {"memory": "64Mi", "cpu": "200m"}},
                                   volumeMounts=[{"name": "v", "mountPath": "/v"}]), volumes=[{"name": "v", "emptyDir": {}}]))
    t.running("busy")
    wait("the file", lambda: "written" in t.log("busy"))

    def read():
        value = json.loads(through(t, "stats/summary")[1])
        found = [one for one in value["pods"] if one["podRef"]["name"] == "busy" and one["podRef"]["namespace"] == t.namespace]
        return (value["node"], found[0]) if found and found[0]["cpu"].get("usageNanoCores", 0) > 0 else None

    node, found = wait("a rate of the pod's CPU", read)
    main = found["containers"][0]
    equal(main["name"], "main", "the container")
    for place in (node, found, main):
        expect(place["cpu"]["usageCoreNanoSeconds"] > 0 and place["memory"]["workingSetBytes"] > 0, "CPU and memory", place)
    expect(0 < main["memory"]["availableBytes"] < 64 << 20, "what is left of the memory limit", main["memory"])
    expect(found["network"]["interfaces"] and found["network"]["name"] == "eth0", "the pod's network", found["network"])
    volume = [one for one in found["volume"] if one["name"] == "v"]
    expect(volume and volume[0]["usedBytes"] >= 3 << 20, "the volume with its 3 MiB", found["volume"])
    expect(found["ephemeral-storage"]["usedBytes"] >= 3 << 20, "the volume among the pod's storage", found["ephemeral-storage"])
    expect(main["logs"]["usedBytes"] > 0 and node["fs"]["capacityBytes"] > 0 and node["runtime"]["imageFs"]["usedBytes"] > 0,
           "disks", (main["logs"], node["fs"], node["runtime"]))
    short = json.loads(through(t, "stats/summary?only_cpu_and_memory=true")[1])
    expect("fs" not in short["node"] and short["node"]["memory"]["workingSetBytes"] > 0, "only CPU and memory", short["node"])


@case("metrics are Prometheus' text with kubelet's and cAdvisor's names")
def metrics(t):
    t.create(pod("measured", container(script="sleep 1000")))
    t.running("measured")
    labels = {"namespace": t.namespace, "pod": "measured"}
    form = re.compile(r'^(#.*|[a-z_:][a-zA-Z0-9_:]*(\{([a-zA-Z_]+="([^"\\]|\\.)*",?)*\})? [0-9.e+-]+( [0-9]+)?)$')
    for path in ("metrics", "metrics/cadvisor", "metrics/resource", "metrics/probes"):
        status, text = through(t, path)
        equal(status, 200, path)
        wrong = [line for line in text.splitlines() if not form.match(line)]
        equal(wrong, [], f"lines of {path} that are no metric")
    text = through(t, "metrics/resource")[1]
    expect(sample(text, "container_memory_working_set_bytes", container="main", **labels) > 0, "the container's memory", text)
    expect(sample(text, "pod_cpu_usage_seconds_total", **labels) > 0, "the pod's CPU time", text)
    text = through(t, "metrics/cadvisor")[1]
    expect(sample(text, "container_cpu_usage_seconds_total", container="main", **labels) > 0, "the container's CPU time", text)
    expect(sample(text, "container_network_receive_bytes_total", interface="eth0", **labels) is not None, "the network", text)
    text = through(t, "metrics")[1]
    equal(sample(text, "kubelet_node_name", node=t.node.name), 1.0, "the node's name")
    expect(float(re.search(r"^kubelet_running_pods (\d+)$", text, re.M).group(1)) >= 1, "running pods", text)


@case("logs come through the kubelet's port; what it can't do it says")
def logs(t):
    t.create(once("told", "seq 1 3"))
    t.ended("told")
    place = f"{t.namespace}/told/main"
    equal(ask(t, f"/containerLogs/{place}?tailLines=2"), (200, "2\n3\n"), "the log")
    equal(through(t, f"containerLogs/{place}"), (200, "1\n2\n3\n"), "the log through the proxy")
    equal(ask(t, f"/containerLogs/{t.namespace}/none/main"), (404, 'pod "none" does not exist\n'), "a pod that is not there")
    equal(ask(t, f"/containerLogs/{t.namespace}/told/x"), (404, 'container "x" not found in pod "told"\n'), "a container")
    equal(ask(t, f"/containerLogs/{place}?tailLines=-1")[0], 422, "a negative tail")
    status, text = ask(t, f"/checkpoint/{place}", method="POST")
    equal(status, 501, "a checkpoint")
    contains(text, "cannot checkpoint", "its message")
    equal(ask(t, f"/exec/{place}?output=1", method="POST"), (400, "you must specify at least one command for the container\n"),
          "exec without a command")


@case("two nodes on one machine have ports of their own, and node.port says which or none", own_nodes=True)
def ports(t):
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        chosen = probe.getsockname()[1]
    file = t.directory / "config.yaml"
    file.write_text("apiVersion: pintle.dev/v1alpha1\nkind: Configuration\n"
                    f"node: {{port: {chosen}, address: 127.0.0.1}}\n")
    first = t.new_node("port-a", ("--config", str(file)))
    wait("the node", lambda: t.node.api.get(f"/api/v1/nodes/{t.node.name}"))
    equal(port(t), chosen, "the port of the file")
    equal(ask(t, "/healthz"), (200, "ok"), "health")
    second = Node(f"port-taken-{t.number}", ("--config", str(file)))
    t.nodes.append(second)
    second.launch()
    expect(second.process.wait(30) != 0, "a node whose port is taken to end")
    contains(second.tail(), str(chosen), "its complaint")
    second.process = None
    other = t.directory / "none.yaml"
    other.write_text("apiVersion: pintle.dev/v1alpha1\nkind: Configuration\nnode: {port: 0}\n")
    t.new_node("port-none", ("--config", str(other)))
    wait("the node", lambda: t.node.api.get(f"/api/v1/nodes/{t.node.name}"))
    equal(port(t), 0, "the port of a node without")
    equal(through(t, "healthz"), (200, "ok"), "health through the proxy all the same")
    third, fourth = t.new_node("port-c"), t.new_node("port-d")
    seen = []
    for node in (third, fourth):
        t.node = node
        wait("the node", lambda: t.node.api.get(f"/api/v1/nodes/{t.node.name}"))
        equal(ask(t, "/healthz"), (200, "ok"), "health")
        seen.append(port(t))
    expect(seen[0] != seen[1], "different ports", seen)
