"""What a container's specification does to its process."""
import json
import os
import socket

from e2e.suite import case, container, contains, equal, expect, once, pod, wait


@case("command, args, env with references and workingDir reach the process as Kubernetes gives them")
def command(t):
    value = pod("command", container(
        command=["sh", "-c", 'printf "%s|" "$@"; echo; echo "$GREETING"; pwd'], args=["zero", "$(NAME)", "$(NONE)", "$$(NAME)"],
        env=[{"name": "NAME", "value": "world"}, {"name": "GREETING", "value": "hello $(NAME) $(LATER)"},
             {"name": "LATER", "value": "x"}], workingDir="/tmp"), restartPolicy="Never")
    lines = t.run_to_end(value).splitlines()
    equal(lines[0], "world|$(NONE)|$(NAME)|", "the arguments")
    equal(lines[1], "hello world $(LATER)", "a variable that refers to others")
    equal(lines[2], "/tmp", "the working directory")


@case("args alone keep the image's entrypoint, and a missing working directory is made")
def working_directory(t):
    value = pod("made", container(args=["sh", "-c", "pwd"], workingDir="/made/here"), restartPolicy="Never")
    equal(t.run_to_end(value).strip(), "/made/here", "the working directory")


@case("hostname, /etc/hosts and /etc/resolv.conf are the pod's")
def names(t):
    text = t.run_to_end(once(
        "names", "hostname; cat /etc/hosts; echo ==; cat /etc/resolv.conf", hostname="boat",
        hostAliases=[{"ip": "10.9.9.9", "hostnames": ["quay", "quay.example"]}],
        dnsPolicy="None", dnsConfig={"nameservers": ["192.0.2.1"], "searches": ["example.org"],
                                     "options": [{"name": "ndots", "value": "2"}]}))
    hosts, _, resolver = text.partition("==\n")
    address = t.pod("names")["status"]["podIP"]
    equal(hosts.splitlines()[0], "boat", "the host name")
    expect(any(line.split()[:2] == [address, "boat"] for line in hosts.splitlines() if line.strip()),
           f"a line `{address} boat` in /etc/hosts", hosts)
    expect(any(line.split() == ["10.9.9.9", "quay", "quay.example"] for line in hosts.splitlines()), "the alias", hosts)
    equal(sorted(resolver.split("\n")), sorted(["nameserver 192.0.2.1", "search example.org", "options ndots:2", ""]),
          "resolv.conf")


@case("a container without input reads from /dev/null, so that a daemon's sockets do not take its place")
def no_input(t):
    equal(t.run_to_end(once("input", "readlink /proc/1/fd/0; cat; echo end")), "/dev/null\nend\n", "the output")


@case("a start writes nothing into the container's own layer, though the image lacks what is mounted over")
def own_layer(t):
    t.create(pod("layer", container(script="sleep 1000")))
    t.running("layer")
    identity = t.pod("layer")["status"]["containerStatuses"][0]["containerID"].split("://")[1]
    layer = t.node.data / "runtime" / "containers" / identity / "upper"
    equal([str(path) for path in layer.rglob("*")], [], "the files of the layer")
    contains(t.shell("layer", "cat /etc/hosts"), "localhost", "the hosts file")


@case("a pod without a host name has its own name as one")
def default_name(t):
    equal(t.run_to_end(once("plain-name", "hostname")).strip(), "plain-name", "the host name")


@case("hostNetwork shares the node's links, address and name")
def host_network(t):
    text = t.run_to_end(once("on-host", "hostname; cat /proc/net/dev", hostNetwork=True))
    found = t.pod("on-host")["status"]
    equal(found["podIP"], found["hostIP"], "the pod's address")
    equal(text.splitlines()[0], socket.gethostname(), "the host name")
    contains(text, f"pintle-{t.node.id}", "the list of links")


@case("runAsUser, runAsGroup and supplementalGroups set the process's ids")
def users(t):
    text = t.run_to_end(once(
        "users", "id -u; id -g; id -G", securityContext={"runAsUser": 1234, "runAsGroup": 2345, "supplementalGroups": [3456]}))
    lines = text.split("\n")
    equal(lines[:2], ["1234", "2345"], "user and group")
    expect({"2345", "3456"} <= set(lines[2].split()), "groups 2345 and 3456", lines[2])


@case("runAsNonRoot refuses an image whose user is root")
def non_root(t):
    t.create(pod("non-root", container(script="true", securityContext={"runAsNonRoot": True}), restartPolicy="Never"))

    def waits(value):
        states = value["status"].get("containerStatuses") or [{}]
        return states[0].get("state", {}).get("waiting", {}).get("reason") == "CreateContainerConfigError"

    found = t.wait_pod("non-root", "to wait with CreateContainerConfigError", waits)
    contains(found["status"]["containerStatuses"][0]["state"]["waiting"]["message"], "runAsNonRoot", "the message")


def effective(text):
    line = next(line for line in text.splitlines() if line.startswith("CapEff"))
    return int(line.split()[1], 16)


@case("capabilities: the default set, dropping all, and adding one")
def capabilities(t):
    def show(name, context):
        return effective(t.run_to_end(pod(
            name, container(script="cat /proc/self/status", securityContext=context), restartPolicy="Never")))

    # The default set of container runtimes.
    equal(show("caps-default", {}), 0x00000000A80425FB, "the default set")
    equal(show("caps-none", {"capabilities": {"drop": ["ALL"]}}), 0, "the set without any")
    equal(show("caps-one", {"capabilities": {"drop": ["ALL"], "add": ["NET_ADMIN"]}}), 1 << 12, "the set of one")


@case("privileged gives every capability and the node's devices; without it mounting is refused")
def privileged(t):
    script = "cat /proc/self/status; mount -t tmpfs none /mnt 2>&1 && echo mounted; ls /dev | wc -l"
    plain = t.run_to_end(once("plain", "mkdir -p /mnt; " + script))
    mighty = t.run_to_end(pod("mighty", container(script="mkdir -p /mnt; " + script, securityContext={"privileged": True}),
                              restartPolicy="Never"))
    expect("mounted" not in plain.splitlines(), "mount to be refused", plain)
    expect("mounted" in mighty.splitlines(), "mount to work", mighty)
    own = effective(open("/proc/self/status").read())
    equal(effective(mighty), own, "the capabilities of a privileged container")
    expect(int(mighty.split()[-1]) > int(plain.split()[-1]), "more devices than without", (mighty, plain))


@case("readOnlyRootFilesystem refuses writes, also by root, but for volumes")
def read_only(t):
    text = t.run_to_end(pod(
        "read-only", container(script="touch /x 2>&1; touch /v/x && echo written",
                               securityContext={"readOnlyRootFilesystem": True},
                               volumeMounts=[{"name": "v", "mountPath": "/v"}]),
        volumes=[{"name": "v", "emptyDir": {}}], restartPolicy="Never"))
    contains(text, "Read-only file system", "the complaint")
    expect("written" in text.splitlines(), "the volume to be writable", text)


@case("kernel files that must not be seen are masked, and no_new_privs follows allowPrivilegeEscalation")
def masked(t):
    hidden = [path for path in ("/proc/kcore", "/proc/keys", "/proc/timer_list", "/proc/acpi", "/proc/scsi", "/sys/firmware")
              if os.path.exists(path)]
    script = f"for p in {' '.join(hidden)}; do echo $p $(if [ -d $p ]; then ls $p; else cat $p; fi | wc -c); done; " \
        "echo x > /proc/sys/kernel/hostname; cat /proc/self/status"
    text = t.run_to_end(pod("masked", container(
        script=script, securityContext={"allowPrivilegeEscalation": False}), restartPolicy="Never"))
    lines = text.splitlines()
    for path in hidden:
        expect(f"{path} 0" in lines, f"{path} to be empty", text)
    contains(text, "Read-only file system", "the complaint about a kernel parameter")
    contains(text, "NoNewPrivs:\t1", "the status")
    contains(text, "Seccomp:\t2", "the status")


@case("limits are enforced by cgroups; too much memory ends with OOMKilled and 137")
def limits(t):
    t.create(pod("greedy", container(
        command=["tail", "/dev/zero"], resources={"limits": {"memory": "32Mi"}}), restartPolicy="Never"))
    found = t.ended("greedy")
    state = found["status"]["containerStatuses"][0]["state"]["terminated"]
    equal((state["reason"], state["exitCode"]), ("OOMKilled", 137), "the end")
    equal(found["status"]["phase"], "Failed", "the phase")


@case("CPU and memory limits stand in the container's cgroup")
def cgroup_values(t):
    script = (
        "cat /sys/fs/cgroup/memory/memory.limit_in_bytes 2>/dev/null || cat /sys/fs/cgroup/memory.max; "
        "cat /sys/fs/cgroup/cpu/cpu.cfs_quota_us /sys/fs/cgroup/cpu/cpu.cfs_period_us /sys/fs/cgroup/cpu/cpu.shares"
        " 2>/dev/null || cat /sys/fs/cgroup/cpu.max")
    text = t.run_to_end(once("cgroups", script, resources={
        "limits": {"memory": "64Mi", "cpu": "250m"}, "requests": {"cpu": "125m"}}))
    words = text.split()
    equal(words[:3], [str(64 << 20), "25000", "100000"], "memory limit, quota and period")
    if len(words) > 3:
        equal(words[3], "128", "the shares of 125m")
    equal(t.pod("cgroups")["status"]["qosClass"], "Burstable", "the class")


@case("a hostPort answers at the node's address and on loopback")
def host_port(t):
    port = t.node.free_port()
    t.create(pod("web", container(image="nginx", ports=[{"containerPort": 80, "hostPort": port}])))
    found = t.running("web")

    def answer(address):
        with socket.create_connection((address, port), timeout=5) as connection:
            connection.sendall(b"GET / HTTP/1.0\r\n\r\n")
            return connection.recv(100).decode()

    for address in (found["status"]["hostIP"], "127.0.0.1"):
        contains(wait(f"an answer at {address}:{port}", lambda: answer(address)), "200 OK", "the answer")
    t.delete("web")
    try:
        answer(found["status"]["hostIP"])
    except OSError:
        return
    expect(False, "the port to be closed after the pod is gone")


@case("a status has its owner's ids, addresses and image as Kubernetes writes them")
def status_fields(t):
    t.create(pod("fields", container(script="sleep 1000")))
    found = t.running("fields")
    status, first = found["status"], found["status"]["containerStatuses"][0]
    equal(status["podIPs"][0]["ip"], status["podIP"], "podIPs")
    equal(found["spec"]["nodeName"], t.node.name, "nodeName")
    contains(first["containerID"], "://", "containerID")
    expect(first["imageID"], "an imageID", json.dumps(first))
    equal((first["ready"], first["started"]), (True, True), "ready and started")
    kinds = {condition["type"]: condition["status"] for condition in status["conditions"]}
    for kind in ("PodScheduled", "Initialized", "ContainersReady", "Ready"):
        equal(kinds.get(kind), "True", f"condition {kind}")


@case("a container sees only its own processes")
def process_ids(t):
    alone = t.run_to_end(once("alone", "echo $PPID; ls -d /proc/[0-9]* | wc -l"))
    equal(alone.split()[0], "0", "the parent of a first process")
    expect(int(alone.split()[1]) <= 3, "no other process to be seen", alone)


@case("containers that share processes see each other's, below a first process without any capability")
def shared_processes(t):
    t.create(pod("shared", container("a", script="sleep 1000"), container("b", script="sleep 1001"),
                 shareProcessNamespace=True))
    t.running("shared")
    text = t.shell("shared", "cat /proc/1/status; ps -o args", "-c", "a")
    for kind in ("CapPrm", "CapEff", "CapBnd"):
        contains(text, f"{kind}:\t0000000000000000", "the status of process 1")
    expect("sleep 1001" in text.splitlines(), "the other container's process to be seen", text)


@case("standard error and output are both logged, each line with its time")
def streams(t):
    t.run_to_end(once("both", "echo out; echo err >&2"))
    lines = t.log("both", "--timestamps").splitlines()
    equal(sorted(line.split(" ", 1)[1] for line in lines), ["err", "out"], "the lines")
    expect(all(line[4] == "-" and "T" in line for line in lines), "a time before each line", lines)
    root = t.node.data / "log" / "pods"
    uid = t.pod("both")["metadata"]["uid"]
    path = root / f"{t.namespace}_both_{uid}" / "main" / "0.log"
    expect(path.exists(), f"the log file {path}", os.listdir(root) if root.exists() else "no folder")
    contains(path.read_text(), " stdout F out", "the file")
