"""Security contexts, users of a pod's own, classes of service, resizing."""
import json
import re
from pathlib import Path

from e2e.suite import case, container, contains, equal, expect, once, pod, wait


def waiting(value):
    states = value["status"].get("containerStatuses") or [{}]
    return states[0].get("state", {}).get("waiting", {})


def pid_of(t, marker):
    """The node's number of the process whose arguments hold `marker`."""
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                arguments = (entry / "cmdline").read_bytes().split(b"\0")
            except OSError:
                continue
            if marker.encode() in arguments:
                return int(entry.name)
    return None


@case("hostUsers: false: root in the pod is an unprivileged user on the node, and volumes keep their owners")
def host_users(t):
    for name in ("own-1", "own-2"):
        value = pod(name, container(
            script=f"id -u; echo text > /v/file; stat -c %u:%g /v/file /etc/hosts; exec sleep 86{name[-1]}11",
            volumeMounts=[{"name": "v", "mountPath": "/v"}]), volumes=[{"name": "v", "emptyDir": {}}], hostUsers=False)
        t.create(value)
    bases = set()
    for name in ("own-1", "own-2"):
        t.running(name)
        marker = f"86{name[-1]}11"
        process = wait("the process", lambda: pid_of(t, marker))
        status = Path(f"/proc/{process}/status").read_text()
        base = int(re.search(r"Uid:\s+(\d+)", status).group(1))
        expect(base >= 65536 and base % 65536 == 0, "a user of the range's", base)
        bases.add(base)
        equal(t.log(name).split(), ["0", "0:0", "0:0"], "user and owners inside")
        contains(t.shell(name, "cat /proc/self/uid_map"), str(base), "the map of a session")
        t.shell(name, "wget -q -O - http://127.0.0.1:1/ 2>&1 | grep -q refused")
    equal(len(bases), 2, "ranges of two pods")


@case("hostUsers: false: the range and the pod outlive the node agent", own_nodes=True)
def host_users_restart(t):
    node = t.new_node("users")
    t.create(pod("own", container(script="exec sleep 86777"), hostUsers=False))
    t.running("own")
    before = t.shell("own", "cat /proc/self/uid_map")
    node.stop()
    node.start()
    t.running("own")
    equal(t.shell("own", "cat /proc/self/uid_map"), before, "the map after the restart")
    t.create(pod("other", container(script="exec sleep 86778"), hostUsers=False))
    t.running("other")
    expect(t.shell("other", "cat /proc/self/uid_map") != before, "another range for another pod")


@case("a Localhost seccomp profile lies below DATA-DIR/seccomp; a missing one keeps the container waiting until it is there")
def seccomp(t):
    folder = t.node.data / "seccomp"
    folder.mkdir(exist_ok=True)
    name = f"case-{t.number}.json"
    context = {"seccompProfile": {"type": "Localhost", "localhostProfile": name}}
    t.create(once("confined", "mkdir /tmp/x 2>&1 || true", securityContext=context))
    found = t.wait_pod("confined", "to wait", lambda value: waiting(value).get("reason") == "CreateContainerError")
    contains(waiting(found)["message"], f"cannot load seccomp profile \"{folder}/{name}\"", "the message")
    profile = {"defaultAction": "SCMP_ACT_ALLOW",
               "syscalls": [{"names": ["mkdir", "mkdirat"], "action": "SCMP_ACT_ERRNO", "errnoRet": 28}]}
    (folder / name).write_text(json.dumps(profile))
    t.undo((folder / name).unlink)
    t.ended("confined")
    contains(t.log("confined"), "No space left", "what mkdir says")


@case("sysctls of the safe list are set in the pod")
def sysctls(t):
    value = once("safe", "cat /proc/sys/net/ipv4/ip_unprivileged_port_start /proc/sys/kernel/shm_rmid_forced",
                 securityContext={})
    value["spec"]["securityContext"] = {"sysctls": [
        {"name": "net.ipv4.ip_unprivileged_port_start", "value": "80"}, {"name": "kernel/shm_rmid_forced", "value": "1"}]}
    equal(t.run_to_end(value).split(), ["80", "1"], "what the pod sees")


@case("an image is mounted as a volume, whole and in part, and can't be written or run from")
def image_volume(t):
    value = once(
        "reader", "ls /image/bin/busybox; ls /part/busybox; touch /image/x 2>&1; /image/bin/busybox true 2>&1; true",
        volumeMounts=[{"name": "i", "mountPath": "/image"}, {"name": "i", "mountPath": "/part", "subPath": "bin"}])
    value["spec"]["volumes"] = [{"name": "i", "image": {"reference": "busybox", "pullPolicy": "IfNotPresent"}}]
    text = t.run_to_end(value)
    contains(text, "/image/bin/busybox\n/part/busybox\n", "what is in the image")
    contains(text, "Read-only file system", "what writing says")
    contains(text, "Permission denied", "what running says")


def directory(t, value, controller, level):
    """The pod's cgroup: version 1's or version 2's."""
    name = f"pintle-{t.node.id}{level}/pod{value['metadata']['uid']}"
    for root in (f"/sys/fs/cgroup/{controller}", "/sys/fs/cgroup"):
        if (Path(root) / name).is_dir():
            return Path(root) / name
    return None


@case("pods lie in cgroups by their class of service, and the kernel is told whom to kill first")
def classes(t):
    resources = {
        "guaranteed": {"limits": {"cpu": "100m", "memory": "32Mi"}},
        "burstable": {"requests": {"cpu": "100m", "memory": "32Mi"}}, "besteffort": {}}
    levels = {"guaranteed": "", "burstable": "/burstable", "besteffort": "/besteffort"}
    scores = {}
    for number, (name, value) in enumerate(resources.items()):
        t.create(pod(name, container(script=f"exec sleep 8700{number}", resources=value)))
    for number, name in enumerate(resources):
        value = t.running(name)
        found = directory(t, value, "cpu", levels[name])
        expect(found is not None, f"a cgroup of {name} below {levels[name]!r}")
        process = wait("the process", lambda number=number: pid_of(t, f"8700{number}"))
        scores[name] = int(Path(f"/proc/{process}/oom_score_adj").read_text())
    equal(scores["besteffort"], 1000, "the score of BestEffort")
    expect(3 <= scores["burstable"] <= 999, "a score between for Burstable", scores)


@case("absurd security contexts and resources are refused or reported, and the node lives on")
def absurd(t):
    path = f"/api/v1/namespaces/{t.namespace}/pods"
    for number, context in enumerate([{"runAsUser": -1}, {"runAsUser": 1 << 40}, {"procMount": "Unmasked"},
                                      {"seccompProfile": {"type": "Magic"}},
                                      {"seccompProfile": {"type": "Localhost", "localhostProfile": "../x"}},
                                      {"privileged": True, "allowPrivilegeEscalation": False}]):
        try:
            t.node.api.create(path, pod(f"bad-{number}", container(script="true", securityContext=context)))
        except Exception as error:
            contains(str(error), "spec", f"the refusal of {context}")
            continue
        raise AssertionError(f"{context} was accepted")
    t.create(pod("flies", container(script="true", securityContext={"capabilities": {"add": ["FLY"]}})))
    found = t.wait_pod("flies", "to wait", lambda value: waiting(value).get("reason") == "CreateContainerError")
    contains(waiting(found)["message"], "unknown capability \"FLY\"", "the message")
    equal(t.run_to_end(once("fine", "echo fine")).strip(), "fine", "a pod after them")


@case("a container that forks without end stops at node.podPidsLimit", own_nodes=True)
def pids(t):
    config = t.directory / "config.yaml"
    config.write_text("apiVersion: pintle.dev/v1alpha1\nkind: Configuration\nnode:\n  podPidsLimit: 30\n")
    t.new_node("pids", options=["--config", str(config)])
    value = once("forks", "i=0; while [ $i -lt 60 ]; do sleep 20 & i=$((i+1)); done; true")
    text = t.run_to_end(value)
    contains(text, "fork", "what the shell says")
