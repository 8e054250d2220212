"""Ends, restarts and back-off."""
import os
import pathlib
import signal
import time

from e2e.suite import case, container, contains, equal, expect, once, pod


def first(value):
    return (value["status"].get("containerStatuses") or [{}])[0]


@case("restartPolicy Never: the phase follows the exit codes and nothing is restarted")
def never(t):
    for code, phase, reason in ((0, "Succeeded", "Completed"), (1, "Failed", "Error"), (42, "Failed", "Error")):
        name = f"never-{code}"
        t.create(once(name, f"exit {code}"))
        found = t.ended(name)
        state = first(found)["state"]["terminated"]
        equal((found["status"]["phase"], state["reason"], state["exitCode"]), (phase, reason, code), f"the end of {name}")
        equal(first(found)["restartCount"], 0, "restartCount")


@case("restartPolicy OnFailure: success ends the pod, failure restarts it with back-off")
def on_failure(t):
    t.create(pod("good", container(script="exit 0"), restartPolicy="OnFailure"))
    t.create(pod("bad", container(script="exit 3"), restartPolicy="OnFailure"))
    equal(t.ended("good")["status"]["phase"], "Succeeded", "the phase")
    found = t.wait_pod("bad", "to back off", backs_off)
    expect_back_off(found, "Error", 3)
    equal(found["status"]["phase"], "Running", "the phase")


@case("restartPolicy Always: even success is restarted, and the second wait is twice the first")
def always(t):
    t.create(pod("again", container(script="exit 0")))
    found = t.wait_pod("again", "to back off", backs_off)
    expect_back_off(found, "Completed", 0)
    # The first restart is at once; then 10 s and 20 s.
    t.wait_pod("again", "to be restarted twice", lambda value: first(value)["restartCount"] == 2, timeout=20)
    began = time.monotonic()
    t.wait_pod("again", "to be restarted three times", lambda value: first(value)["restartCount"] == 3, timeout=30)
    waited = time.monotonic() - began
    expect(17 <= waited <= 25, "about 20 s between the second and the third restart", f"{waited:.1f} s")
    t.wait_event("again", "BackOff", "Back-off restarting failed container")


def backs_off(value):
    return first(value).get("state", {}).get("waiting", {}).get("reason") == "CrashLoopBackOff"


def expect_back_off(found, reason, code):
    last = first(found)["lastState"]["terminated"]
    equal((last["reason"], last["exitCode"]), (reason, code), "the last state")
    expect(first(found)["restartCount"] >= 1, "at least one restart", first(found)["restartCount"])
    contains(first(found)["state"]["waiting"]["message"], "back-off", "the message")


@case("a container that a signal ends reports 128 plus its number")
def signals(t):
    t.create(pod("killed", container(command=["sleep", "86399"]), restartPolicy="Never"))
    t.running("killed")
    uid = t.pod("killed")["metadata"]["uid"]
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        if uid in read(entry / "cgroup") and read(entry / "cmdline") == "sleep\x0086399\0":
            os.kill(int(entry.name), signal.SIGKILL)
            break
    else:
        expect(False, "the container's process among the node's")
    state = first(t.ended("killed"))["state"]["terminated"]
    equal((state["exitCode"], state["reason"]), (137, "Error"), "the end")


def read(path):
    try:
        return path.read_text()
    except OSError:
        return ""


@case("a program that can't be started is StartError with 128 and says what is missing")
def start_error(t):
    t.create(pod("missing", container(command=["/no/such/program"]), restartPolicy="Never"))
    state = first(t.ended("missing"))["state"]["terminated"]
    equal((state["reason"], state["exitCode"]), ("StartError", 128), "the end")
    contains(state["message"], "/no/such/program", "the message")


@case("a pod with several containers ends when the last one has")
def several(t):
    t.create(pod("several", container("quick", script="exit 0"), container("slow", script="sleep 2; exit 5"),
                 restartPolicy="Never"))
    t.wait_pod("several", "to have one ended container", lambda value: any(
        "terminated" in status.get("state", {}) for status in value["status"].get("containerStatuses") or []))
    equal(t.pod("several")["status"]["phase"], "Running", "the phase while one runs")
    equal(t.ended("several")["status"]["phase"], "Failed", "the phase at the end")


@case("terminationGracePeriodSeconds: TERM, then KILL; who ends at TERM is gone at once")
def grace(t):
    t.create(pod("polite", container(script="trap 'exit 0' TERM; echo up; while true; do sleep 0.1; done"),
                 terminationGracePeriodSeconds=20))
    t.create(pod("stubborn", container(script="trap '' TERM; echo up; while true; do sleep 0.1; done"),
                 terminationGracePeriodSeconds=3))
    for name in ("polite", "stubborn"):
        t.running(name)
        t.kubectl("logs", name)
    time.sleep(0.5)
    for name, least, most in (("polite", 0, 2.5), ("stubborn", 2.5, 6)):
        began = time.monotonic()
        t.kubectl("delete", "pod", name)
        took = time.monotonic() - began
        expect(least <= took <= most, f"{name} to be gone after {least} to {most} s", f"{took:.1f} s")


@case("delete --grace-period overrides the pod's own, and --force kills at once")
def forced(t):
    for name, options in (("short", ["--grace-period=1"]), ("forced", ["--grace-period=0", "--force"])):
        t.create(pod(name, container(script="trap '' TERM; while true; do sleep 0.1; done"), terminationGracePeriodSeconds=60))
        t.running(name)
        began = time.monotonic()
        t.kubectl("delete", "pod", name, *options)
        took = time.monotonic() - began
        expect(took < 5, f"{name} to be gone within 5 s", f"{took:.1f} s")


@case("a restarted container starts from the image again, with the pod's address kept")
def fresh(t):
    t.create(pod("fresh", container(script="ls /mark 2>&1; touch /mark; sleep 1; exit 1")))
    address = t.wait_pod("fresh", "to have an address", lambda value: value["status"].get("podIP"))["status"]["podIP"]
    found = t.wait_pod("fresh", "to be restarted", lambda value: first(value).get("restartCount") == 1)
    equal(found["status"]["podIP"], address, "the address after the restart")
    t.wait_pod("fresh", "to have ended again", lambda value: "running" not in first(value)["state"])
    contains(t.log("fresh"), "No such file", "the second log")
    contains(t.log("fresh", "--previous"), "No such file", "the first log")
