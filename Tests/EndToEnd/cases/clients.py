"""kubectl: logs, exec, attach, port-forward, cp, describe, watch. Each with every kubectl."""
import hashlib
import os
import re
import subprocess
import time
import urllib.request

from e2e.places import EXAMPLES
from e2e.suite import case, container, contains, equal, expect, once, pod, wait


class Background:
    """A kubectl that runs while the case goes on."""

    def __init__(self, t, *arguments, **options):
        self.process = subprocess.Popen(
            [t.info.kubectl, "--namespace", t.namespace, *arguments], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            env={**os.environ, "KUBECONFIG": str(t.node.kubeconfig), "HOME": str(t.directory)}, **options)
        os.set_blocking(self.process.stdout.fileno(), False)
        self.text = ""
        t.undo(self.end)

    def read(self):
        chunk = self.process.stdout.read()
        self.text += (chunk or b"").decode(errors="replace")
        return self.text

    def shows(self, part, timeout=20):
        wait(f"the output to contain {part!r}", lambda: part in self.read(), timeout=timeout)

    def end(self):
        if self.process.poll() is None:
            self.process.terminate()
        self.process.communicate()


@case("get nodes,pods -A -o wide shows the node's and the pods' columns", each_kubectl=True)
def get_wide(t):
    t.create(pod("wide", container(script="sleep 1000")))
    address = t.running("wide")["status"]["podIP"]
    text = t.kubectl("get", "nodes,pods", "-A", "-o", "wide").out
    lines = [line.split() for line in text.splitlines()]
    node = next(line for line in lines if line and line[0] == f"node/{t.node.name}")
    equal(node[1], "Ready", "the node's status")
    contains(text, "CONTAINER-RUNTIME", "the head line")
    row = next(line for line in lines if line[:2] == [t.namespace, "pod/wide"])
    equal((row[2], row[3], row[4]), ("1/1", "Running", "0"), "ready, status and restarts")
    expect(address in row and t.node.name in row, "address and node in the row", row)


@case("logs: --tail, --since, --timestamps, -c, -f to the container's end", each_kubectl=True)
def logs(t):
    t.create(once("lines", "seq 1 100; echo end of lines >&2; sleep 3; echo last"))
    t.wait_pod("lines", "to run", lambda value: value["status"].get("phase") == "Running")
    follower = Background(t, "logs", "-f", "lines")
    wait("the lines", lambda: "end of lines" in t.log("lines"))
    equal(t.log("lines", "--tail=2").splitlines(), ["100", "end of lines"], "the last two lines")
    stamped = t.log("lines", "--timestamps", "--tail=1")
    expect(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d+Z ", stamped), "a time before the line", stamped)
    t.ended("lines")
    time.sleep(1.2)
    equal(t.log("lines", "--since=1s"), "", "what was written in the last second")
    contains(t.log("lines", "-c", "main", "--since=1h"), "last", "the log of an hour")
    expect(len(t.log("lines", "--limit-bytes=10")) == 10, "10 bytes")
    wait("the follower to end with the container", lambda: follower.read() is not None and follower.process.poll() is not None)
    equal(follower.process.returncode, 0, "the follower's exit code")
    equal(follower.read().splitlines(), [*map(str, range(1, 101)), "end of lines", "last"], "what the follower saw")


@case("logs --previous shows the container before; without one it says so", each_kubectl=True)
def previous(t):
    t.create(pod("twice", container(script="cat /proc/sys/kernel/random/uuid; sleep 1; exit 1")))
    none = t.kubectl("logs", "twice", "--previous", check=False)
    expect(none.code == 1 and none.err, "no previous container", none)
    t.wait_pod("twice", "to be restarted", lambda value: any(
        status["restartCount"] == 1 for status in value["status"].get("containerStatuses") or []))
    wait("the second log", lambda: t.log("twice"))
    expect(t.log("twice", "--previous") not in ("", t.log("twice")), "two logs that differ")


@case("exec: output, errors, exit code, input", each_kubectl=True)
def execute_in(t):
    t.create(pod("shell", container(script="sleep 1000")))
    t.running("shell")
    found = t.kubectl("exec", "shell", "--", "sh", "-c", "echo out; echo err >&2; exit 3", check=False)
    equal((found.code, found.out), (3, "out\n"), "exit code and output")
    contains(found.err, "err\n", "standard error")
    data = os.urandom(300_000)
    summed = t.kubectl("exec", "-i", "shell", "--", "md5sum", input=data).out
    equal(summed.split()[0], hashlib.md5(data).hexdigest(), "the sum of the input")
    many = t.kubectl("exec", "shell", "--", "seq", "1", "200000").out
    equal(hashlib.md5(many.encode()).hexdigest(),
          hashlib.md5("".join(f"{n}\n" for n in range(1, 200001)).encode()).hexdigest(), "a long output")
    missing = t.kubectl("exec", "shell", "--", "/no/such/program", check=False)
    expect(missing.code in (1, 126, 127), "a failure for a missing program", missing)
    contains(missing.err, "no such", "the complaint")


@case("exec -it gives a terminal of the client's size", each_kubectl=True)
def terminal(t):
    t.create(pod("shell", container(script="sleep 1000")))
    t.running("shell")
    command = f"stty rows 33 cols 111; {t.info.kubectl} --namespace {t.namespace} exec -it shell -- sh"
    process = subprocess.Popen(
        ["script", "-q", "-e", "-c", command, "/dev/null"], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT, env={**os.environ, "KUBECONFIG": str(t.node.kubeconfig), "HOME": str(t.directory)})
    t.undo(process.kill)
    time.sleep(1.5)
    process.stdin.write(b"tty; stty size; exit 7\n")
    process.stdin.flush()
    # The input stays open: `script` hangs up when it ends.
    deadline = time.monotonic() + 15
    while process.poll() is None and time.monotonic() < deadline:
        time.sleep(0.1)
    process.stdin.close()
    text = process.stdout.read().decode(errors="replace")
    contains(text, "/dev/pts/0", "the terminal's name")
    contains(text, "33 111", "the terminal's size")
    equal(process.returncode, 7, "the exit code")


@case("attach -i talks to the first process", each_kubectl=True)
def attach(t):
    t.create(pod("cat", container(script="while read line; do echo \"got $line\"; done; echo closed", stdin=True),
                 restartPolicy="Never"))
    t.running("cat")
    client = Background(t, "attach", "-i", "cat", stdin=subprocess.PIPE)
    time.sleep(0.5)
    client.process.stdin.write(b"one\n")
    client.process.stdin.flush()
    client.shows("got one")
    contains(t.log("cat"), "got one", "the log")


@case("run -i --rm runs a pod, shows its output and deletes it", each_kubectl=True)
def run_once(t):
    found = t.kubectl(
        "run", "quick", "-i", "--rm", "--restart=Never", "--image=busybox", "--image-pull-policy=IfNotPresent", "--",
        "sh", "-c", "sleep 1; echo from the pod", input="")
    contains(found.out, "from the pod", "the output")
    expect(t.pod("quick") is None, "the pod to be gone")


@case("port-forward carries requests, one after the other and at once", each_kubectl=True)
def port_forward(t):
    t.apply(EXAMPLES / "nginx.yaml")
    t.running("nginx")
    port = t.node.free_port()
    client = Background(t, "port-forward", "nginx", f"{port}:80", "--address", "127.0.0.1")
    client.shows("Forwarding from")
    for _ in range(5):
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/", timeout=10) as answer:
            contains(answer.read().decode(), "Welcome to nginx", "the page")


@case("cp takes files and folders to a container and back", each_kubectl=True)
def copy(t):
    t.create(pod("files", container(script="sleep 1000")))
    t.running("files")
    source = t.directory / "tree"
    (source / "deep").mkdir(parents=True)
    data = os.urandom(2_000_000)
    (source / "deep" / "data").write_bytes(data)
    t.kubectl("cp", source, "files:/tmp/tree")
    equal(t.shell("files", "md5sum < /tmp/tree/deep/data").split()[0], hashlib.md5(data).hexdigest(), "the copied file")
    t.kubectl("cp", "files:tmp/tree/deep/data", t.directory / "back")
    equal((t.directory / "back").read_bytes() == data, True, "the file that came back being the same")


@case("describe explains what happened to a pod", each_kubectl=True)
def describe(t):
    t.create(pod("story", container(script="sleep 1000", ports=[{"containerPort": 80}])))
    t.running("story")
    t.wait_event("story", "Started")
    text = t.kubectl("describe", "pod", "story").out
    for reason in ("Scheduled", "Pulled", "Created", "Started"):
        expect(re.search(rf"Normal\s+{reason}\s", text), f"an event {reason}", text)
    for part in (f"Node:         {t.node.name}/", "Status:       Running", "Container ID:", "Restart Count:  0"):
        contains(" ".join(text.split()), " ".join(part.split()), "the description")
    contains(t.kubectl("describe", "node", t.node.name).out, "story", "the node's description")


@case("get -w sees a pod come and go; wait returns when it is ready or gone", each_kubectl=True)
def watch(t):
    watcher = Background(t, "get", "pods", "-w", "--output-watch-events", "--no-headers")
    time.sleep(0.5)
    t.create(pod("seen", container(script="sleep 1000")))
    t.kubectl("wait", "--for=condition=Ready", "pod/seen", "--timeout=30s")
    watcher.shows("Running")
    waiter = Background(t, "wait", "--for=delete", "pod/seen", "--timeout=30s")
    t.kubectl("delete", "pod", "seen")
    watcher.shows("DELETED")
    wait("kubectl wait to return", lambda: waiter.process.poll() is not None)
    equal(waiter.process.returncode, 0, "the exit code of kubectl wait")
    kinds = [line.split()[0] for line in watcher.read().splitlines() if line.split()]
    equal((kinds[0], kinds[-1]), ("ADDED", "DELETED"), "the first and the last event")


@case("deleting a namespace ends what is in it", each_kubectl=True)
def namespace(t):
    name = f"{t.namespace}-more"
    t.kubectl("create", "namespace", name)
    t.kubectl("run", "inside", "-n", name, "--image=busybox", "--image-pull-policy=IfNotPresent", "--",
              "sh", "-c", "trap 'exit 0' TERM; while true; do sleep 0.1; done")
    t.kubectl("create", "configmap", "note", "-n", name, "--from-literal=a=b")
    t.kubectl("wait", "-n", name, "--for=condition=Ready", "pod/inside", "--timeout=30s")
    t.kubectl("delete", "namespace", name, timeout=90)
    expect(t.node.api.get(f"/api/v1/namespaces/{name}") is None, "the namespace to be gone")
    equal(t.node.api.get(f"/api/v1/namespaces/{name}/pods")["items"], [], "its pods")
