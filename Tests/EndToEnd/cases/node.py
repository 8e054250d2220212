"""What the node does of itself: which pods it takes, what it tells of itself."""
from e2e.suite import case, container, contains, equal, pod, wait


def configuration(t, **node):
    """A node of the case with these keys in its configuration file."""
    import json
    t.directory.mkdir(parents=True, exist_ok=True)
    file = t.directory / "config.yaml"
    file.write_text(json.dumps({"apiVersion": "pintle.dev/v1alpha1", "kind": "Configuration", "node": node}))
    return t.new_node("node", options=["--config", str(file)])


def bound(t, value):
    """A pod that names its node, so that no scheduler looks at it."""
    value["spec"]["nodeName"] = t.node.name
    return value


@case("a pod for which the node has no room fails as the kubelet says it, and the others run on")
def no_room(t):
    value = bound(t, pod("large", container(script="sleep 1000", resources={"requests": {"cpu": "900"}})))
    t.create(value)
    found = t.ended("large")
    equal(found["status"]["phase"], "Failed", "the phase")
    equal(found["status"]["reason"], "OutOfcpu", "the reason")
    contains(found["status"]["message"], "Pod was rejected: Node didn't have enough resource: cpu, requested: 900000, used: ",
             "the message")
    t.wait_event("large", "OutOfcpu", "Node didn't have enough resource: cpu")
    t.create(pod("small", container(script="sleep 1000")))
    t.running("small")


@case("two pods that name one node and want one of its ports: the second one fails")
def port_taken(t):
    port = t.node.free_port()
    for name in ("first", "second"):
        t.create(bound(t, pod(name, container(
            script="sleep 1000", ports=[{"containerPort": 80, "hostPort": port}]))))
        if name == "first":
            t.running(name)
    found = t.ended("second")
    equal(found["status"]["reason"], "NodePorts", "the reason")


@case("a rejected pod stays rejected when pintle starts again, and can be deleted", own_nodes=True)
def stays_rejected(t):
    node = t.new_node("rejected")
    t.create(bound(t, pod("elsewhere", container(script="sleep 1000"), nodeSelector={"disk": "fast"})))
    equal(t.ended("elsewhere")["status"]["reason"], "NodeAffinity", "the reason")
    node.restart()
    node.api.request("PATCH", f"/api/v1/nodes/{node.name}", {"metadata": {"labels": {"disk": "fast"}}},
                     "application/merge-patch+json")
    t.create(bound(t, pod("here", container(script="sleep 1000"), nodeSelector={"disk": "fast"})))
    t.running("here")
    equal(t.pod("elsewhere")["status"]["phase"], "Failed", "the phase of the rejected pod")
    t.delete("elsewhere")


@case("reservations are taken from what is allocatable; writing nothing new keeps the node unchanged", own_nodes=True)
def reservations(t):
    node = configuration(t, systemReserved={"cpu": "100m", "memory": "64Mi"}, evictionHard={"memory.available": "36Mi"})
    status = node.api.get(f"/api/v1/nodes/{node.name}")["status"]
    kibibytes = {key: int(status[key]["memory"].removesuffix("Ki")) for key in ("capacity", "allocatable")}
    equal(kibibytes["capacity"] - kibibytes["allocatable"], 100 * 1024, "the reserved memory in KiB")
    equal(status["allocatable"]["cpu"], f"{int(status['capacity']['cpu']) * 1000 - 100}m", "the allocatable CPUs")
    conditions = {item["type"]: (item["status"], item["reason"]) for item in status["conditions"]}
    equal(conditions, {"MemoryPressure": ("False", "KubeletHasSufficientMemory"),
                       "DiskPressure": ("False", "KubeletHasNoDiskPressure"),
                       "PIDPressure": ("False", "KubeletHasSufficientPID"), "Ready": ("True", "KubeletReady")},
          "the conditions")
    wait("a lease", lambda: node.api.get(f"/apis/coordination.k8s.io/v1/namespaces/kube-node-lease/leases/{node.name}"))


@case("a pod that writes more than its volume or its container may is evicted, with the kubelet's words")
def local_limits(t):
    t.create(pod("volume", container(script="dd if=/dev/zero of=/v/file bs=1M count=4; sleep 1000",
                                     volumeMounts=[{"name": "v", "mountPath": "/v"}]),
                 volumes=[{"name": "v", "emptyDir": {"sizeLimit": "1Mi"}}]))
    t.create(pod("layer", container(script="dd if=/dev/zero of=/file bs=1M count=4; sleep 1000",
                                    resources={"limits": {"ephemeral-storage": "2Mi"}})))
    for name, message in (("volume", 'Usage of EmptyDir volume "v" exceeds the limit "1Mi". '),
                          ("layer", "Pod ephemeral local storage usage exceeds the total limit of containers 2Mi. ")):
        found = t.ended(name, timeout=40)
        equal(found["status"]["phase"], "Failed", "the phase")
        equal(found["status"]["reason"], "Evicted", "the reason")
        equal(found["status"]["message"], message, "the message")
        disruption = [item for item in found["status"]["conditions"] if item["type"] == "DisruptionTarget"]
        equal([(item["status"], item["reason"]) for item in disruption], [("True", "TerminationByKubelet")], "the condition")
        t.wait_event(name, "Evicted", message.strip())
        t.wait_pod(name, "to have no running container", lambda value: all(
            "running" not in status["state"] for status in value["status"]["containerStatuses"]))


@case("a node that is short of memory says so, turns BestEffort pods away and evicts", own_nodes=True)
def memory_pressure(t):
    node = configuration(t, evictionHard={"memory.available": "99%"})
    tolerations = [{"key": "node.kubernetes.io/memory-pressure", "operator": "Exists"}]
    t.create(bound(t, pod("victim", container(script="sleep 1000", resources={"requests": {"memory": "1Mi"}}),
                          tolerations=tolerations)))
    found = t.ended("victim", timeout=40)
    equal(found["status"]["reason"], "Evicted", "the reason")
    contains(found["status"]["message"], "The node was low on resource: memory. Threshold quantity: ", "the message")

    def under_pressure():
        value = node.api.get(f"/api/v1/nodes/{node.name}")
        conditions = {item["type"]: item["status"] for item in value["status"]["conditions"]}
        taints = [item["key"] for item in value["spec"].get("taints", [])]
        return conditions["MemoryPressure"] == "True" and "node.kubernetes.io/memory-pressure" in taints

    wait("the node to tell of the pressure", under_pressure)
    t.create(bound(t, pod("idle", container(script="sleep 1000"))))
    found = t.ended("idle")
    equal(found["status"]["message"], "Pod was rejected: The node had condition: [MemoryPressure]. ", "the message")


def manifests(t, **node):
    """A folder of static pods, and the node that runs them."""
    folder = t.directory / "manifests"
    folder.mkdir(parents=True, exist_ok=True)
    return folder, configuration(t, staticPodPath=str(folder), **node)


def manifest(folder, name, script, **fields):
    import json
    value = pod(name, container(script=script, **fields))
    temporary = folder / f".{name}"
    temporary.write_text(json.dumps(value))
    temporary.rename(folder / f"{name}.yaml")


@case("static pods: added, changed and removed while the node runs, with mirrors in the API", own_nodes=True)
def static_pods(t):
    folder, node = manifests(t)
    name = f"web-{node.name}"
    manifest(folder, "web", "echo first; sleep 1000")
    found = t.running(name)
    annotations = found["metadata"]["annotations"]
    equal(annotations["kubernetes.io/config.mirror"], annotations["kubernetes.io/config.hash"], "the mirror's mark")
    equal(annotations["kubernetes.io/config.source"], "file", "the source")
    contains(t.log(name), "first", "the log by the mirror")
    equal(t.shell(name, "echo inside").strip(), "inside", "exec by the mirror")
    (folder / "bad.yaml").write_text("apiVersion: v1\nkind: Pod\nmetadata: {name: bad}\nspec:\n  nothing: 1\n")
    wait("the log to name the bad file", lambda: "bad.yaml:5: " in node.log.read_text())

    before = found["metadata"]["uid"]
    node.api.delete(f"/api/v1/namespaces/default/pods/{name}", gracePeriodSeconds=0)
    again = t.wait_pod(name, "to be mirrored again", lambda value: value["metadata"]["uid"] != before and value["status"].get(
        "phase") == "Running")
    equal(again["status"]["containerStatuses"][0]["containerID"], found["status"]["containerStatuses"][0]["containerID"],
          "the container, which must not notice")

    manifest(folder, "web", "echo second; sleep 1000")
    t.wait_pod(name, "to be the changed one", lambda value: value["metadata"]["annotations"][
        "kubernetes.io/config.hash"] != annotations["kubernetes.io/config.hash"] and value["status"].get("phase") == "Running")
    contains(t.log(name), "second", "the log of the changed pod")
    node.restart()
    t.running(name)
    (folder / "web.yaml").unlink()
    t.gone(name)


@case("pintle up --standalone runs static pods without an API server", own_nodes=True)
def standalone(t):
    import json
    import time
    folder = t.directory / "manifests"
    folder.mkdir(parents=True, exist_ok=True)
    file = t.directory / "config.yaml"
    file.write_text(json.dumps({"apiVersion": "pintle.dev/v1alpha1", "kind": "Configuration",
                                "node": {"staticPodPath": str(folder)}}))
    node = t.new_node("alone", options=["--config", str(file), "--standalone"], start=False)
    node.launch()
    wait("the node to be ready", lambda: "no API server" in node.log.read_text())
    node.load_images("busybox")
    manifest(folder, "alone", "echo alone; sleep 1000")

    def logs():
        return [path.read_text() for path in (node.data / "log" / "pods").glob("default_alone-*/main/0.log")]

    wait("the pod to write its log", lambda: any("alone" in text for text in logs()), timeout=30)
    node.stop()
    node.launch()
    time.sleep(1)
    equal(len(logs()), 1, "the number of logs after a restart: the pod goes on")
    (folder / "alone.yaml").unlink()
    wait("the pod to be gone", lambda: not logs(), timeout=30)


@case("pintle shutdown ends pods in the order of their priority, and the node takes no more", own_nodes=True)
def shutdown(t):
    node = configuration(t, shutdownGracePeriod="8s", shutdownGracePeriodCriticalPods="4s")
    script = "trap 'sleep 1; exit 0' TERM; while true; do sleep 0.05; done"
    for name, fields in (("plain", {}), ("critical", {"priorityClassName": "system-node-critical"})):
        value = pod(name, container(script=script), **fields)
        value["spec"]["terminationGracePeriodSeconds"] = 30
        t.create(value)
        t.running(name)
    contains(node.pintle("shutdown", timeout=60).out, "2 pods ended.", "the answer")
    ends = {}
    for name in ("plain", "critical"):
        status = t.ended(name)["status"]
        equal((status["reason"], status["message"]),
              ("Terminated", "Pod was terminated in response to imminent node shutdown."), "reason and message")
        found = t.wait_pod(name, "to have ended", lambda value: "terminated" in value["status"]["containerStatuses"][0]["state"])
        ends[name] = found["status"]["containerStatuses"][0]["state"]["terminated"]
    equal(ends["plain"]["finishedAt"] <= ends["critical"]["finishedAt"], True, "whether the plain pod ended first")
    t.create(bound(t, pod("late", container(script="sleep 1000"))))
    equal(t.ended("late")["status"]["reason"], "NodeShutdown", "the reason")
    conditions = {item["type"]: item for item in node.api.get(f"/api/v1/nodes/{node.name}")["status"]["conditions"]}
    equal(conditions["Ready"]["status"], "False", "whether the node is ready")
    contains(conditions["Ready"]["message"], "node is shutting down", "the message")


@case("folders and logs of pods that are gone are removed when the node starts", own_nodes=True)
def orphans(t):
    node = t.new_node("orphans")
    t.create(pod("stays", container(script="echo stays; sleep 1000")))
    found = t.running("stays")
    node.stop()
    uid = "11111111-2222-3333-4444-555555555555"
    folder, log = node.data / "pods" / uid / "etc", node.data / "log" / "pods" / f"default_gone_{uid}" / "main"
    folder.mkdir(parents=True)
    (folder / "hosts").write_text("")
    log.mkdir(parents=True)
    (log / "0.log").write_text("")
    node.start()
    wait("the folder and the log to be gone", lambda: not folder.exists() and not log.parent.exists())
    equal((node.data / "pods" / found["metadata"]["uid"]).exists(), True, "whether the live pod's folder is there")
    contains(t.log("stays"), "stays", "the live pod's log")
