"""Liveness, readiness and startup probes, tried on containers that run."""
from e2e.suite import case, container, contains, equal, expect, is_ready, pod

WEB = "mkdir -p /www; echo well > /www/live; httpd -p 8080 -h /www; sleep 1000"


def status(value, name="main"):
    """A container's status; before there is one, nothing has happened to it."""
    known = value["status"].get("containerStatuses", [])
    return next((one for one in known if one["name"] == name), {"ready": False, "started": False, "restartCount": 0})


@case("a pod is ready while its HTTP readiness probe succeeds, and is never restarted when it does not")
def readiness(t):
    t.create(pod("web", container(
        script=WEB, ports=[{"name": "web", "containerPort": 8080}],
        readinessProbe={"httpGet": {"port": "web", "path": "/ready"}, "periodSeconds": 1, "failureThreshold": 1})))
    t.wait_event("web", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")
    value = t.wait_pod("web", "to run", lambda value: value["status"].get("phase") == "Running")
    condition = next(one for one in value["status"]["conditions"] if one["type"] == "Ready")
    equal((condition["status"], condition.get("reason"), condition.get("message")),
          ("False", "ContainersNotReady", "containers with unready status: [main]"), "the condition Ready")
    equal(status(value)["started"], True, "started, since there is no startup probe")
    t.shell("web", "echo yes > /www/ready")
    t.running("web")
    t.shell("web", "rm /www/ready")
    value = t.wait_pod("web", "to be unready", lambda value: not is_ready(value))
    equal(status(value)["restartCount"], 0, "restarts")
    path = f"/api/v1/nodes/{value['spec']['nodeName']}/proxy/metrics/probes"
    metrics = t.node.api.request("GET", path)[2].decode()
    line = f'prober_probe_total{{container="main",namespace="{t.namespace}",pod="web"'
    contains(metrics, line, "the probes' metrics")


@case("liveness that fails restarts the container, with the probe's own grace period, and counts on")
def liveness(t):
    t.create(pod("frail", container(
        # Ends at no TERM, so that only the probe's grace period ends it soon.
        script="trap '' TERM; touch /tmp/well; sleep 2; rm /tmp/well; while true; do sleep 1; done",
        livenessProbe={"exec": {"command": ["sh", "-c", "echo checking; test -e /tmp/well"]}, "periodSeconds": 1,
                       "failureThreshold": 1, "terminationGracePeriodSeconds": 1}),
        terminationGracePeriodSeconds=600))
    value = t.wait_pod("frail", "to be restarted", lambda value: status(value)["restartCount"] == 1)
    equal(status(value)["lastState"]["terminated"]["exitCode"], 137, "the exit code")
    t.wait_event("frail", "Unhealthy", "Liveness probe failed: checking")
    t.wait_event("frail", "Killing", "Container main failed liveness probe, will be restarted")
    t.delete("frail")


@case("a startup probe holds the other probes back until it has succeeded")
def startup(t):
    t.create(pod("slow", container(
        script="while [ ! -e /tmp/up ]; do sleep 0.1; done; sleep 1000",
        startupProbe={"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 100},
        livenessProbe={"exec": {"command": ["test", "-e", "/tmp/up"]}, "periodSeconds": 1, "failureThreshold": 1},
        readinessProbe={"exec": {"command": ["true"]}, "periodSeconds": 600})))
    t.wait_event("slow", "Unhealthy", "Startup probe failed: ")
    value = t.pod("slow")
    equal((status(value)["started"], status(value)["ready"]), (False, False), "started and ready")
    t.shell("slow", "touch /tmp/up")
    value = t.running("slow")
    equal((status(value)["started"], status(value)["restartCount"]), (True, 0), "started, and restarts")


@case("a startup probe that never succeeds restarts the container")
def never_starts(t):
    t.create(pod("stuck", container(
        script="sleep 1000",
        startupProbe={"tcpSocket": {"port": 9}, "periodSeconds": 1, "failureThreshold": 2})))
    t.wait_event("stuck", "Unhealthy", "Startup probe failed: dial tcp ")
    t.wait_event("stuck", "Killing", "Container main failed startup probe, will be restarted")
    t.wait_pod("stuck", "to be restarted", lambda value: status(value)["restartCount"] >= 1)


@case("a probe that hangs is killed when its time is over and holds up no other probe")
def hanging(t):
    t.create(pod(
        "mixed",
        container(name="hangs", script="sleep 1000",
                  readinessProbe={"exec": {"command": ["sleep", "777"]}, "periodSeconds": 1}),
        container(name="deaf", script="nc -l -p 9000 >/dev/null & sleep 1000",
                  readinessProbe={"grpc": {"port": 9000}, "timeoutSeconds": 600}),
        container(name="works", script=WEB,
                  readinessProbe={"httpGet": {"port": 8080, "path": "/live"}, "periodSeconds": 1})))
    value = t.wait_pod("mixed", "to have one that is ready", lambda value: status(value, "works")["ready"])
    equal((status(value, "hangs")["ready"], status(value, "deaf")["ready"]), (False, False), "the others")
    t.wait_event("mixed", "Unhealthy", 'Readiness probe failed: command timed out: "sleep 777" timed out after 1s')
    processes = t.shell("mixed", "ps", "-c", "hangs")
    expect(processes.count("sleep 777") <= 1, "one command at a time", processes)
    t.delete("mixed")


@case("a probe with a port that does not exist, or a command that does not, says so and is not counted")
def impossible(t):
    t.create(pod(
        "odd",
        container(name="port", script="sleep 1000",
                  livenessProbe={"tcpSocket": {"port": "nowhere"}, "periodSeconds": 1, "failureThreshold": 1}),
        container(name="command", script="sleep 1000",
                  livenessProbe={"exec": {"command": ["/no/such"]}, "periodSeconds": 1, "failureThreshold": 1})))
    t.wait_event("odd", "Unhealthy", "Liveness probe errored and resulted in unknown state: port nowhere not found")
    line = t.wait_event("odd", "Unhealthy", "/no/such")
    contains(line, "Liveness probe errored and resulted in unknown state: ", "the event")
    equal([status(t.pod("odd"), name)["restartCount"] for name in ("port", "command")], [0, 0], "restarts")


@case("probes go on after a restart of the node, and the pod stays ready meanwhile", own_nodes=True)
def restart(t):
    node = t.new_node("probes")
    t.create(pod("web", container(
        script=WEB, readinessProbe={"httpGet": {"port": 8080, "path": "/live"}, "periodSeconds": 1,
                                    "failureThreshold": 1})))
    before = next(one for one in t.running("web")["status"]["conditions"] if one["type"] == "Ready")
    node.stop()
    node.start()
    t.shell("web", "true")
    after = next(one for one in t.running("web")["status"]["conditions"] if one["type"] == "Ready")
    equal(after["lastTransitionTime"], before["lastTransitionTime"], "when it became ready")
    t.shell("web", "rm /www/live")
    t.wait_pod("web", "to be unready", lambda value: not is_ready(value))
