"""Pods go on when pintle stops, crashes or is started again. Each case has nodes of its own."""
import os
import pathlib
import signal
import time

from e2e.suite import case, container, contains, equal, expect, once, pod


def process_of(t, name):
    """The id of a container's first process, as the node counts them."""
    uid = t.pod(name)["metadata"]["uid"]
    found = []
    for entry in pathlib.Path("/proc").glob("[0-9]*"):
        try:
            if uid in (entry / "cgroup").read_text() and (entry / "cmdline").read_bytes().startswith(b"sleep"):
                found.append(int(entry.name))
        except OSError:
            continue
    equal(len(found), 1, f"the number of processes of {name}")
    return found[0]


def facts(t, names):
    pods = {name: t.pod(name) for name in names}
    return {name: (process_of(t, name), value["status"]["podIP"], value["status"]["containerStatuses"][0]["containerID"],
                   value["status"]["containerStatuses"][0]["restartCount"]) for name, value in pods.items()}


@case("kill -9 of pintle, and a new start: same processes, addresses and logs, nothing restarted", own_nodes=True)
def crash(t):
    node = t.new_node("crash")
    names = ["one", "two", "three"]
    for name in names:
        t.create(pod(name, container(script=f"echo first line of {name}; exec sleep 10000"), hostname=name))
    for name in names:
        t.running(name)
    before = facts(t, names)
    node.stop(signal.SIGKILL)
    for name, (process, _, _, _) in before.items():
        os.kill(process, 0)
    node.start()
    for name in names:
        t.running(name)
    equal(facts(t, names), before, "process, address, container and restarts")
    for name in names:
        contains(t.log(name), f"first line of {name}", "the log")
    contains(t.shell("one", "hostname"), "one", "exec after the restart")
    t.create(once("later", "echo later"))
    t.ended("later")
    contains(t.log("later"), "later", "a pod made after the restart")


@case("what a container writes and how it ends while pintle is away is there afterwards", own_nodes=True)
def away(t):
    node = t.new_node("away")
    t.create(once("ending", "for i in 1 2 3 4 5 6; do echo line $i; sleep 0.5; done; exit 9"))
    t.create(pod("crashing", container(script="sleep 2; exit 1")))
    for name in ("ending", "crashing"):
        t.wait_pod(name, "to run", lambda value: value["status"].get("phase") == "Running")
    node.stop(signal.SIGKILL)
    time.sleep(5)
    node.start()
    found = t.ended("ending")
    equal(found["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 9, "the exit code")
    equal(t.log("ending").splitlines(), [f"line {n}" for n in range(1, 7)], "the log")
    t.wait_pod("crashing", "to be restarted", lambda value: value["status"]["containerStatuses"][0]["restartCount"] >= 1)


@case("a pod that is deleted while pintle is away is ended at the next start", own_nodes=True)
def deleted_late(t):
    node = t.new_node("late")
    t.create(pod("slow", container(script="trap '' TERM; sleep 10000"), terminationGracePeriodSeconds=5))
    t.running("slow")
    node.api.delete("/api/v1/namespaces/default/pods/slow")
    node.restart(signal.SIGKILL)
    t.gone("slow", timeout=20)


@case("SIGTERM and SIGINT stop the node cleanly and say how many pods go on and how to end them", own_nodes=True)
def clean_stop(t):
    node = t.new_node("clean")
    t.create(pod("stays", container(script="exec sleep 10000")))
    t.running("stays")
    process = process_of(t, "stays")
    for how in (signal.SIGTERM, signal.SIGINT):
        equal(node.stop(how), 0, f"the exit code after {how.name}")
        os.kill(process, 0)
        contains(node.tail(5), "1 pod", "the last lines of output")
        contains(node.tail(5), "pintle down", "the last lines of output")
        node.start()
        t.running("stays")
    equal(process_of(t, "stays"), process, "the process")


@case("pintle down without a running node ends its pods and leaves nothing", own_nodes=True)
def down_alone(t):
    node = t.new_node("alone")
    for number in range(3):
        t.create(pod(f"pod-{number}", container(script="sleep 10000"), volumes=[{"name": "v", "emptyDir": {"medium": "Memory"}}]))
    for number in range(3):
        t.running(f"pod-{number}")
    node.stop(signal.SIGKILL)
    contains(node.pintle("ledger").out, "dev.pintle", "the ledger while pods run")
    node.down()


@case("pintle down without --purge keeps data and ends pods; a new start begins without them", own_nodes=True)
def down_keeps(t):
    node = t.new_node("keeps")
    t.create(pod("gone", container(script="exec sleep 10000")))
    t.running("gone")
    process = process_of(t, "gone")
    node.pintle("down", timeout=60)
    node.process.wait(20)
    node.process = None
    expect(not pathlib.Path(f"/proc/{process}").exists(), "the process to have ended")
    lines = node.pintle("ledger").out.splitlines()
    expect(len(lines) <= 1, "an empty ledger", lines)
    contains(node.pintle("image", "list").out, "busybox", "the images")
    node.start()


@case("a node keeps its name, its range and its credentials when it is started again", own_nodes=True)
def same_node(t):
    node = t.new_node("same")
    before = node.kubeconfig.read_text()
    address = lambda: node.api.get(f"/api/v1/nodes/{node.name}")["spec"].get("podCIDR")
    first = address()
    expect(first, "a pod range")
    equal(oct(node.kubeconfig.stat().st_mode & 0o777), "0o600", "the kubeconfig's mode")
    node.restart(signal.SIGTERM)
    equal(node.kubeconfig.read_text(), before, "the kubeconfig")
    equal(address(), first, "the pod range")
