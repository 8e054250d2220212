"""Containers' logs: rotation, compression, every option of `kubectl logs`, restarts and full disks."""
import gzip
import json
import os
import subprocess
import time

from e2e.places import execute
from e2e.suite import case, container, contains, equal, expect, once, pod, wait

CONFIG = """apiVersion: pintle.dev/v1alpha1
kind: Configuration
node: {containerLogMaxSize: 64Ki, containerLogMaxFiles: 5}
"""


def small_logs(t, name):
    """A node whose logs are rotated at 64 KiB."""
    file = t.directory / "config.yaml"
    file.write_text(CONFIG)
    return t.new_node(name, ("--config", str(file)))


def log_folder(t, name):
    found = list((t.node.data / "log" / "pods").glob(f"{t.namespace}_{name}_*"))
    equal(len(found), 1, f"the number of log folders of {name}")
    return found[0] / "main"


def lines(first, last):
    return "".join(f"{number}\n" for number in range(first, last + 1))


@case("a log is one across rotated and compressed files, with every option, and no file passes its size", own_nodes=True)
def rotated(t):
    small_logs(t, "rotated")
    t.create(once("writer", "seq 1 3000; sleep 2; seq 3001 6000"))
    t.ended("writer")
    folder = log_folder(t, "writer")
    wait("all rotated files but the newest to be compressed", lambda: len(list(folder.glob("0.log.*.gz"))) >= 3 and
         len([path for path in folder.glob("0.log.*") if path.suffix != ".gz"]) == 1)
    for path in folder.iterdir():
        size = len(gzip.decompress(path.read_bytes())) if path.suffix == ".gz" else path.stat().st_size
        expect(0 < size <= 65536, f"{path.name} to have at most 64 KiB", size)
    equal(t.log("writer"), lines(1, 6000), "the whole log")
    for count in (0, 1, 1500, 4000, 6000, 9999):
        equal(t.log("writer", f"--tail={count}"), lines(max(1, 6001 - count), 6000) if count else "", f"the last {count} lines")
    equal(t.log("writer", "--limit-bytes=10"), "1\n2\n3\n4\n5\n", "ten bytes")
    stamped = t.log("writer", "--timestamps").splitlines()
    later = stamped[3000].split()[0]
    equal(stamped[3000].split()[1], "3001", "the line after the pause")
    equal(t.log("writer", f"--since-time={later}"), lines(3001, 6000), "the lines since then")
    equal(t.log("writer", "--since=1h", "--tail=2"), "5999\n6000\n", "two lines of the last hour")


@case("a follower sees each line once through rotations, and its end with the container's", own_nodes=True)
def followed(t):
    small_logs(t, "followed")
    t.create(once("talker", "while test ! -e /tmp/go; do sleep 0.1; done; i=1; "
                            "while test $i -le 40; do seq $((i * 250 - 249)) $((i * 250)); usleep 20000; i=$((i + 1)); done"))
    t.running("talker")
    env = {**os.environ, "KUBECONFIG": str(t.node.kubeconfig), "HOME": str(t.directory)}
    follower = subprocess.Popen([t.info.kubectl, "logs", "-f", "talker"], stdout=subprocess.PIPE, env=env)
    t.shell("talker", "touch /tmp/go")
    out, _ = follower.communicate(timeout=60)
    equal(out.decode(), lines(1, 10000), "what the follower saw")
    equal(follower.returncode, 0, "kubectl's exit code")


@case("a line that is begun before pintle is killed and ended after its restart is one line", own_nodes=True)
def mid_line(t):
    t.new_node("midline")
    t.create(once("slow", "echo -n half; while test ! -e /tmp/go; do sleep 0.1; done; echo ' and half'; echo end"))
    t.wait_pod("slow", "to run", lambda value: value["status"]["phase"] == "Running")
    wait("the first half", lambda: t.log("slow") == "half")
    t.node.restart()
    t.shell("slow", "touch /tmp/go")
    t.ended("slow")
    equal(t.log("slow"), "half and half\nend\n", "the log")
    equal(t.log("slow", "--tail=2"), "half and half\nend\n", "two lines")


@case("links for log collectors lead to each container's log and go with it", own_nodes=True)
def links(t):
    t.new_node("links")
    t.create(pod("linked", container(script="echo here; sleep 1000")))
    found = t.running("linked")
    identity = found["status"]["containerStatuses"][0]["containerID"].split("://")[1]
    link = t.node.data / "log" / "containers" / f"linked_{t.namespace}_main-{identity}.log"
    wait("the link", link.is_symlink)
    contains(link.read_text(), "stdout F here\n", "the log behind the link")
    t.node.restart()
    expect(link.is_symlink(), "the link after a restart")
    t.delete("linked")
    wait("the link to be gone", lambda: not link.is_symlink())


@case("a full disk stops the pod that writes, says so, disturbs no other, and loses nothing", own_nodes=True)
def full_disk(t):
    node = t.new_node("logdisk", start=False)
    place = node.data / "log" / "pods"
    place.mkdir(parents=True)
    execute("mount", "-t", "tmpfs", "-o", "size=256k", "none", place)
    try:
        node.start()
        node.load_images("busybox")
        t.node, t.namespace = node, "default"
        t.create(once("flood", "seq 1 200000"))
        t.wait_pod("flood", "to say that its log is full",
                   lambda value: "No space left on device" in value["status"].get("message", ""))
        contains(t.wait_event("flood", "LogStopped", "No space left on device"), "No space left", "the event")
        equal(t.pod("flood")["status"]["phase"], "Running", "the phase")
        equal(t.run_to_end(once("silent", "exit 0")), "", "the log of a pod that writes nothing")
        execute("mount", "-o", "remount,size=32m", place)
        ended = t.ended("flood")
        equal(ended["status"].get("message", ""), "", "the message afterwards")
        equal(t.log("flood"), lines(1, 200000), "the log")
    finally:
        t.delete("flood")
        execute("umount", "-l", place)


@case("what can't be shown is refused in kubelet's words")
def refused(t):
    def message(path):
        status, _, body = t.node.api.request("GET", f"/api/v1/namespaces/{t.namespace}/pods/{path}")
        return status, json.loads(body)["message"]

    t.create(pod("fresh", container(script="sleep 1000")))
    t.create(pod("never", container(image="example.invalid/none:1", imagePullPolicy="Never")))
    t.running("fresh")
    equal(message("fresh/log?previous=true"), (400, 'previous terminated container "main" in pod "fresh" not found'), "previous")
    status, text = message("fresh/log?stream=Stdout")
    equal(status, 422, "the status of a stream of its own")
    contains(text, "stream: Forbidden: may not be specified", "the refusal of a stream of its own")
    t.wait_pod("never", "to wait", lambda value: "ErrImageNeverPull" in json.dumps(value["status"]))
    equal(message("never/log"), (400, 'container "main" in pod "never" is waiting to start: ErrImageNeverPull'), "waiting")


@case("previous shows the container before, and one that waits to be started again shows its last")
def previous(t):
    t.create(pod("again", container(script="echo run $(cat /v/n || echo 0); echo x >> /v/n; exit 1",
                                    volumeMounts=[{"name": "v", "mountPath": "/v"}]), volumes=[{"name": "v", "emptyDir": {}}]))
    t.wait_pod("again", "to wait in its back-off", lambda value: any(
        "waiting" in one["state"] and one["restartCount"] >= 1 for one in value["status"].get("containerStatuses", [])))
    equal(t.log("again"), "run x\n", "the log of the last run")
    equal(t.log("again", "--previous"), "run x\n", "the previous log while it waits")


@case("a flood, a line of 100 MB and a closed output disturb nobody")
def flood(t):
    t.create(pod("flooding", container(script="yes 'the quick brown fox jumps over the lazy dog'")))
    t.create(once("longline", "head -c 100000000 /dev/zero | tr '\\0' x; echo; echo end"))
    t.create(once("closed", "exec >&- 2>&-; sleep 1; exit 4"))
    equal(t.run_to_end(once("calm", "seq 1 100")), lines(1, 100), "the log of a calm pod")
    t.ended("longline", timeout=60)
    equal(t.log("longline", "--tail=1"), "end\n", "the last line after a long one")
    equal(t.ended("closed")["status"]["containerStatuses"][0]["state"]["terminated"]["exitCode"], 4, "the exit code")
    t.delete("flooding")
