"""Init containers, side-cars, hooks, last words, deadlines: the order of a pod's life."""
import json
import time

from e2e.suite import case, container, contains, equal, expect, pod, wait


def note(name, text):
    """A container that adds a line to the shared file."""
    return container(name, script=f"echo {text} >> /shared/log", **SHARED)


SHARED = {"volumeMounts": [{"name": "shared", "mountPath": "/shared"}]}
VOLUME = [{"name": "shared", "emptyDir": {}}]
# A program that says goodbye when it is asked to end.
STAYS = "trap 'echo end-{0} >> /shared/log; exit 0' TERM; echo start-{0} >> /shared/log; while true; do sleep 0.05; done"


def states(value, kind="containerStatuses"):
    return {status["name"]: status for status in value["status"].get(kind, [])}


def conditions(value):
    return {condition["type"]: condition for condition in value["status"]["conditions"]}


@case("init containers run one after the other, each to its end, before the main ones")
def init_order(t):
    value = pod("inits", container(script="cat /shared/log; sleep 1000", **SHARED), volumes=VOLUME)
    value["spec"]["initContainers"] = [note("first", "one"), note("second", "two")]
    t.create(value)
    found = t.running("inits")
    equal(t.log("inits").split(), ["one", "two"], "what the main container found")
    inits = states(found, "initContainerStatuses")
    equal([inits[name]["state"]["terminated"]["reason"] for name in ("first", "second")], ["Completed"] * 2, "reasons")
    equal([inits[name]["ready"] for name in ("first", "second")], [True, True], "ready")
    equal(conditions(found)["Initialized"]["status"], "True", "Initialized")


@case("a failing init container keeps the pod pending, and is tried again with a back-off")
def init_fails(t):
    value = pod("init-fails", container(script="sleep 1000"))
    value["spec"]["initContainers"] = [container("bad", script="exit 3"), container("next", script="true")]
    t.create(value)
    found = t.wait_pod(
        "init-fails", "to back off", lambda p: states(p, "initContainerStatuses").get("bad", {}).get("state", {})
        .get("waiting", {}).get("reason") == "CrashLoopBackOff")
    equal(found["status"]["phase"], "Pending", "phase")
    bad = states(found, "initContainerStatuses")["bad"]
    equal(bad["lastState"]["terminated"]["exitCode"], 3, "exit code")
    equal(states(found, "initContainerStatuses")["next"]["state"]["waiting"]["reason"], "PodInitializing", "the next")
    equal(states(found)["main"]["state"]["waiting"]["reason"], "PodInitializing", "the main one")
    initialized = conditions(found)["Initialized"]
    equal(initialized["reason"], "ContainersNotInitialized", "reason")
    equal(initialized["message"], "containers with incomplete status: [bad next]", "message")


@case("with restartPolicy Never a failed init container fails the pod, and nothing else starts")
def init_never(t):
    value = pod("init-never", container(script="true"), restartPolicy="Never")
    value["spec"]["initContainers"] = [container("bad", script="exit 1")]
    t.create(value)
    found = t.wait_pod("init-never", "to fail", lambda p: p["status"].get("phase") == "Failed")
    equal(states(found, "initContainerStatuses")["bad"]["state"]["terminated"]["exitCode"], 1, "exit code")
    expect("containerID" not in states(found)["main"], "no main container", states(found)["main"])


@case("side-cars start in their turn, outlive the main container and end in reverse order")
def sidecars(t):
    value = pod("sidecars", container(script="echo main >> /shared/log; cat /shared/log; sleep 0.3", **SHARED),
                volumes=VOLUME, restartPolicy="Never")
    first, second = (container(name, script=STAYS.format(name), restartPolicy="Always", **SHARED) for name in "ab")
    second["lifecycle"] = {"postStart": {"exec": {"command": ["sh", "-c", "echo ready-b >> /shared/log"]}}}
    last = container("keeper", script="trap 'cat /shared/log; exit 0' TERM; while true; do sleep 0.05; done",
                     restartPolicy="Always", **SHARED)
    value["spec"]["initContainers"] = [last, first, note("between", "between"), second]
    t.create(value)
    found = t.wait_pod("sidecars", "to succeed", lambda p: p["status"].get("phase") == "Succeeded")
    lines = t.log("sidecars", "-c", "main").split()
    equal(sorted(lines[2:4]), ["ready-b", "start-b"], "b, before the main container")
    equal(lines[:2] + lines[4:], ["start-a", "between", "main"], "the order of the starts")
    equal(t.log("sidecars", "-c", "keeper").split()[-2:], ["end-b", "end-a"], "the order of the ends")
    equal({s["state"]["terminated"]["exitCode"] for s in states(found, "initContainerStatuses").values()}, {0}, "codes")


@case("a side-car that ends is started again, whatever the pod's policy says")
def sidecar_restarts(t):
    value = pod("sidecar-again", container(script="sleep 1000"), restartPolicy="Never")
    value["spec"]["initContainers"] = [container("side", script="sleep 0.2; exit 1", restartPolicy="Always")]
    t.create(value)
    t.wait_pod("sidecar-again", "to restart its side-car",
               lambda p: states(p, "initContainerStatuses").get("side", {}).get("restartCount", 0) >= 1)


@case("postStart runs before the next container starts, preStop before TERM")
def hooks(t):
    hooked = container("hooked", script="trap 'echo term >> /shared/log; exit 0' TERM; while true; do sleep 0.05; done",
                       **SHARED)
    hooked["lifecycle"] = {
        "postStart": {"exec": {"command": ["sh", "-c", "sleep 0.3; echo hook >> /shared/log"]}},
        "preStop": {"exec": {"command": ["sh", "-c", "echo stop >> /shared/log"]}},
    }
    after = container("later", script="cat /shared/log; echo later >> /shared/log; sleep 1000", **SHARED)
    keep = container("keeper", script="trap 'sleep 0.5; cat /shared/log >/dev/termination-log; exit 0' TERM;"
                     "while true; do sleep 0.05; done", **SHARED)
    value = pod("hooks", hooked, after, keep, volumes=VOLUME)
    value["spec"]["terminationGracePeriodSeconds"] = 5
    value["metadata"]["finalizers"] = ["example.org/wait"]
    t.create(value)
    t.running("hooks")
    equal(t.log("hooks", "-c", "later").split(), ["hook"], "what the next container found")
    t.kubectl("delete", "pod", "hooks", "--wait=false")
    found = t.wait_pod("hooks", "to have ended",
                       lambda p: states(p)["keeper"]["state"].get("terminated", {}).get("message"))
    equal(states(found)["keeper"]["state"]["terminated"]["message"].split(), ["hook", "later", "stop", "term"], "order")
    t.kubectl("patch", "pod", "hooks", "--type=merge", "-p", json.dumps({"metadata": {"finalizers": None}}))
    t.gone("hooks")


@case("a failing postStart hook ends the container, and says so")
def hook_fails(t):
    value = container(script="sleep 1000")
    value["lifecycle"] = {"postStart": {"exec": {"command": ["sh", "-c", "exit 7"]}}}
    created = pod("hook-fails", value)
    created["spec"]["terminationGracePeriodSeconds"] = 0
    t.create(created)
    t.wait_event("hook-fails", "FailedPostStartHook", "PostStartHook failed")
    t.wait_pod("hook-fails", "to restart", lambda p: states(p).get("main", {}).get("restartCount", 0) >= 1)


@case("a container's last words are in its status: from the file, or from the log after an error")
def last_words(t):
    file = container("file", script="echo -n bye > /dev/termination-log")
    other = container("other", script="echo -n DONE > /tmp/words", terminationMessagePath="/tmp/words")
    log = container("log", script="echo first; echo last; exit 2", terminationMessagePolicy="FallbackToLogsOnError")
    good = container("good", script="echo fine", terminationMessagePolicy="FallbackToLogsOnError")
    long = container("long", script="head -c 9000 /dev/zero | tr '\\0' x > /dev/termination-log")
    t.create(pod("words", file, other, log, good, long, restartPolicy="Never"))
    found = states(t.ended("words"))
    words = {name: status["state"]["terminated"].get("message", "") for name, status in found.items()}
    equal(words.pop("long"), "x" * 2457, "a long message, cut so that all fit into 12 KiB")
    equal(words, {"file": "bye", "other": "DONE", "log": "first\nlast\n", "good": ""}, "messages")


@case("a pod that is active for too long fails with DeadlineExceeded")
def deadline(t):
    value = pod("deadline", container(script="sleep 1000"), activeDeadlineSeconds=1)
    value["spec"]["terminationGracePeriodSeconds"] = 0
    t.create(value)
    found = t.wait_pod("deadline", "to fail", lambda p: p["status"].get("phase") == "Failed")
    equal(found["status"]["reason"], "DeadlineExceeded", "reason")
    equal(found["status"]["message"], "Pod was active on the node longer than the specified deadline", "message")
    equal(states(found)["main"]["state"]["terminated"]["exitCode"], 137, "exit code")


@case("a readiness gate holds the pod's readiness back until its condition is true")
def gates(t):
    t.create(pod("gates", container(script="sleep 1000"), readinessGates=[{"conditionType": "example.org/lb"}]))
    found = t.wait_pod("gates", "to run", lambda p: p["status"].get("phase") == "Running")
    equal(conditions(found)["ContainersReady"]["status"], "True", "ContainersReady")
    equal(conditions(found)["Ready"]["reason"], "ReadinessGatesNotReady", "reason")
    equal(conditions(found)["Ready"]["message"],
          'corresponding condition of pod readiness gate "example.org/lb" does not exist.', "message")
    gate = {"type": "example.org/lb", "status": "True"}
    status, answer = t.node.api.request("PATCH", f"/api/v1/namespaces/{t.namespace}/pods/gates/status",
                                        {"status": {"conditions": [gate]}},
                                        content_type="application/strategic-merge-patch+json")[:2]
    equal(status, 200, f"the answer: {answer}")
    t.wait_pod("gates", "to be ready", lambda p: conditions(p)["Ready"]["status"] == "True")


@case("an ephemeral container joins a running pod and sees the processes of its target")
def ephemeral(t):
    t.create(pod("debugged", container(script="sleep 4242")))
    t.running("debugged")
    extra = {"name": "debugger", "image": "busybox", "command": ["sh", "-c", "ps; sleep 1000"],
             "imagePullPolicy": "IfNotPresent", "targetContainerName": "main"}
    path = f"/api/v1/namespaces/{t.namespace}/pods/debugged/ephemeralcontainers"
    status, answer = t.node.api.request("PATCH", path, {"spec": {"ephemeralContainers": [extra]}},
                                        content_type="application/strategic-merge-patch+json")[:2]
    equal(status, 200, f"the answer: {answer}")
    t.wait_pod("debugged", "to run the debugger",
               lambda p: "running" in states(p, "ephemeralContainerStatuses").get("debugger", {}).get("state", {}))
    contains(t.log("debugged", "-c", "debugger"), "sleep 4242", "the debugger's list of processes")


@case("an image changed in place restarts that container only")
def new_image(t):
    t.create(pod("changed", container(script="sleep 1000"), container("other", script="sleep 1000")))
    before = states(t.running("changed"))
    t.kubectl("set", "image", "pod/changed", "main=busybox:1.35")
    found = states(t.wait_pod("changed", "to run the new image", lambda p: states(p)["main"]["restartCount"] == 1
                              and "running" in states(p)["main"]["state"]))
    equal(found["other"]["containerID"], before["other"]["containerID"], "the other container")
    t.wait_event("changed", "Killing", "Container main definition changed, will be restarted")


@case("a container's own restart policy and rules come before the pod's")
def own_policy(t):
    ruled = container("ruled", script="test -e /shared/once && sleep 1000; touch /shared/once; exit 42",
                      restartPolicy="Never", **SHARED)
    ruled["restartPolicyRules"] = [{"action": "Restart", "exitCodes": {"operator": "In", "values": [42]}}]
    never = container("never", script="exit 1", restartPolicy="Never")
    t.create(pod("own-policy", ruled, never, volumes=VOLUME))
    found = t.wait_pod("own-policy", "to run again", lambda p: states(p).get("ruled", {}).get("restartCount") == 1
                       and "running" in states(p)["ruled"]["state"])
    equal(states(found)["never"]["restartCount"], 0, "restarts of the other one")


@case("a pod is deleted at once while its image is being pulled")
def deleted_in_pull(t):
    # 198.18.0.0/15 is for benchmarks; nothing answers there.
    t.create(pod("pulling", container(image="198.18.0.1:5000/none:1")))
    t.wait_event("pulling", "Pulling")
    began = time.monotonic()
    t.kubectl("delete", "pod", "pulling", "--wait=true", "--timeout=20s")
    expect(time.monotonic() - began < 20, "the pod to go before the pull gives up")


@case("resources change while the pod runs, with a restart only where the container asks for one")
def resize(t):
    value = container(script="sleep 1000", resources={
        "requests": {"cpu": "100m", "memory": "32Mi"}, "limits": {"cpu": "200m", "memory": "64Mi"}})
    value["resizePolicy"] = [{"resourceName": "memory", "restartPolicy": "RestartContainer"}]
    t.create(pod("resize", value))
    t.running("resize")
    path = f"/api/v1/namespaces/{t.namespace}/pods/resize/resize"

    def patch(**resources):
        body = {"spec": {"containers": [{"name": "main", "resources": resources}]}}
        status, _, answer = t.node.api.request(
            "PATCH", path, body, content_type="application/strategic-merge-patch+json")
        equal(status, 200, f"the answer: {answer}")

    def has(resource, amount, restarts):
        status = states(t.pod("resize"))["main"]
        kinds = conditions(t.pod("resize"))
        return (status["resources"]["limits"][resource], status["restartCount"]) == (amount, restarts) and not (
            {"PodResizePending", "PodResizeInProgress"} & set(kinds))

    patch(limits={"cpu": "300m"})
    wait("the new CPU limit", lambda: has("cpu", "300m", 0))
    patch(limits={"memory": "80Mi"})
    wait("the new memory limit", lambda: has("memory", "80Mi", 1))
    contains(t.shell("resize", "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu.max 2>/dev/null", check=False),
             "30000", "the quota")
    patch(requests={"cpu": "5000"}, limits={"cpu": "6000"})
    found = t.wait_pod("resize", "to wait", lambda p: "PodResizePending" in conditions(p))
    equal(conditions(found)["PodResizePending"]["reason"], "Infeasible", "reason")
