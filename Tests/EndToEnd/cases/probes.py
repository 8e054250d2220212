"""Liveness, readiness and startup probes, as they show from outside."""
from e2e.suite import case, container, equal, expect, is_ready, pod

FAST = {"periodSeconds": 1, "failureThreshold": 1, "timeoutSeconds": 1}


def first(value):
    return (value["status"].get("containerStatuses") or [{}])[0]


def execs(script, **fields):
    return {"exec": {"command": ["sh", "-c", script]}, **FAST, **fields}


@case("a container is ready when its readiness probe succeeds, and not any more when it fails")
def readiness(t):
    web = container(script="touch /tmp/ok; exec httpd -f -p 8080 -h /tmp")
    web["ports"] = [{"name": "web", "containerPort": 8080}]
    web["readinessProbe"] = {"httpGet": {"path": "/ok", "port": "web"}, **FAST}
    t.create(pod("readiness", web))
    t.wait_pod("readiness", "to be ready", is_ready)
    t.shell("readiness", "rm /tmp/ok")
    found = t.wait_pod("readiness", "to be unready", lambda p: not is_ready(p))
    equal(found["status"]["phase"], "Running", "phase")
    equal((first(found)["ready"], first(found)["started"]), (False, True), "ready and started")
    t.wait_event("readiness", "Unhealthy", "Readiness probe failed: HTTP probe failed with statuscode: 404")
    t.shell("readiness", "touch /tmp/ok")
    t.wait_pod("readiness", "to be ready again", is_ready)
    equal(first(t.pod("readiness"))["restartCount"], 0, "restarts")


@case("a container whose liveness probe fails is ended and started again")
def liveness(t):
    value = container(script="touch /tmp/ok; sleep 1000")
    value["livenessProbe"] = execs("cat /tmp/ok", initialDelaySeconds=1)
    created = pod("liveness", value)
    created["spec"]["terminationGracePeriodSeconds"] = 0
    t.create(created)
    t.running("liveness")
    t.shell("liveness", "rm /tmp/ok")
    found = t.wait_pod("liveness", "to restart", lambda p: first(p).get("restartCount") == 1 and is_ready(p))
    equal(first(found)["lastState"]["terminated"]["exitCode"], 137, "exit code")
    t.wait_event("liveness", "Unhealthy", "Liveness probe failed: cat: can't open '/tmp/ok'")
    t.wait_event("liveness", "Killing", "Container main failed liveness probe, will be restarted")


@case("a startup probe holds back the others until it succeeds")
def startup(t):
    value = container(script="sleep 2; touch /tmp/up; sleep 1000")
    value["startupProbe"] = execs("test -e /tmp/up", failureThreshold=30)
    value["livenessProbe"] = execs("test -e /tmp/up")
    t.create(pod("startup", value))
    found = t.wait_pod("startup", "to run", lambda p: p["status"].get("phase") == "Running")
    equal((first(found)["started"], first(found)["ready"]), (False, False), "started and ready at first")
    found = t.wait_pod("startup", "to be ready", is_ready)
    equal((first(found)["started"], first(found)["restartCount"]), (True, 0), "started and restarts")


@case("with restartPolicy Never a failed liveness probe ends the pod")
def never(t):
    value = container(script="sleep 1000")
    value["livenessProbe"] = {"tcpSocket": {"port": 9}, **FAST}
    created = pod("never-again", value, restartPolicy="Never")
    created["spec"]["terminationGracePeriodSeconds"] = 0
    t.create(created)
    found = t.wait_pod("never-again", "to fail", lambda p: p["status"].get("phase") == "Failed")
    equal(first(found)["restartCount"], 0, "restarts")


@case("a probe that hangs is a failure after its timeout and disturbs nothing else")
def hangs(t):
    value = container(script="sleep 1000")
    value["readinessProbe"] = execs("sleep 100")
    other = container("other", script="sleep 1000")
    other["readinessProbe"] = execs("true")
    t.create(pod("hangs", value, other))
    t.wait_event("hangs", "Unhealthy", "Readiness probe failed: command timed out")
    found = t.wait_pod("hangs", "to have the other one ready", lambda p: p["status"]["containerStatuses"][1]["ready"])
    equal(first(found)["ready"], False, "the one that hangs")
    # Each check's own process is killed at its timeout; the newest one may be running.
    left = t.shell("hangs", "ps | grep -c '[s]h -c sleep 100$' || true", "-c", "main").strip()
    expect(left in ("0", "1"), "no command left behind", left)
