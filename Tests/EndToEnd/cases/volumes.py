"""hostPath and emptyDir."""
import os
import socket

from e2e.suite import case, container, contains, equal, expect, once, pod, wait


def mounted(path="/v", **fields):
    return [{"name": "v", "mountPath": path, **fields}]


def host_path(path, kind=None):
    source = {"path": str(path)}
    if kind is not None:
        source["type"] = kind
    return [{"name": "v", "hostPath": source}]


@case("hostPath: each type accepts what it names, and the OrCreate types make it")
def types(t):
    base = t.directory
    (base / "folder").mkdir()
    (base / "folder" / "inside").write_text("inside")
    (base / "file").write_text("content")
    listener = socket.socket(socket.AF_UNIX)
    # The path may be too long for an address; the working directory shortens it.
    folder = os.open(base, os.O_DIRECTORY)
    listener.bind(f"/proc/self/fd/{folder}/socket")
    os.close(folder)
    t.undo(listener.close)
    rows = [
        ("", base / "folder", "cat /v/inside", "inside"),
        ("Directory", base / "folder", "cat /v/inside", "inside"),
        ("DirectoryOrCreate", base / "made" / "deep", "stat -c %a /v", "755"),
        ("File", base / "file", "cat /v", "content"),
        ("FileOrCreate", base / "made-file", "stat -c %a /v", "644"),
        ("Socket", base / "socket", "test -S /v && echo socket", "socket"),
        ("CharDevice", "/dev/null", "test -c /v && echo device", "device"),
    ]
    for number, (kind, path, script, expected) in enumerate(rows):
        value = once(f"path-{number}", script, volumes=host_path(path, kind), volumeMounts=mounted())
        equal(t.run_to_end(value).strip(), expected, f"what type {kind!r} shows")
    expect((base / "made" / "deep").is_dir() and (base / "made-file").is_file(), "what the OrCreate types made to stay")


@case("hostPath: a path of another kind keeps the pod waiting and an event says why")
def wrong_types(t):
    (t.directory / "file").write_text("")
    rows = [("Directory", t.directory / "file", "is not a directory"), ("File", t.directory, "is not a file"),
            ("Directory", t.directory / "missing", "is not a directory"), ("Socket", t.directory / "file", "is not a socket"),
            ("BlockDevice", "/dev/null", "is not a block device")]
    for number, (kind, path, message) in enumerate(rows):
        t.create(once(f"wrong-{number}", "true", volumes=host_path(path, kind), volumeMounts=mounted()))
    for number, (kind, path, message) in enumerate(rows):
        t.wait_event(f"wrong-{number}", "FailedMount", message)
        equal(t.pod(f"wrong-{number}")["status"]["phase"], "Pending", f"the phase with type {kind}")
        t.delete(f"wrong-{number}")


@case("emptyDir in memory is a tmpfs of its sizeLimit and refuses more")
def memory(t):
    text = t.run_to_end(once(
        "memory", "grep ' /v ' /proc/mounts; head -c 3000000 /dev/zero > /v/big; head -c 3000000 /dev/zero > /v/more; echo code $?; "
        "cat /v/* | wc -c",
        volumes=[{"name": "v", "emptyDir": {"medium": "Memory", "sizeLimit": "4Mi"}}], volumeMounts=mounted()))
    contains(text, "tmpfs /v tmpfs", "the mount")
    contains(text, "size=4096k", "the mount")
    contains(text, "code 1", "the end of the second write")
    expect(3_000_000 < int(text.split()[-1]) <= 4 << 20, "not more than 4 MiB to be written", text)


@case("emptyDir lives as long as the pod: it outlives a container and goes with the pod")
def lifetime(t):
    t.create(pod("keeper", container(script="cat /v/count; echo x >> /v/count; exit 1", volumeMounts=mounted()),
                 volumes=[{"name": "v", "emptyDir": {}}]))
    found = t.wait_pod("keeper", "to be restarted", lambda value: (
        value["status"].get("containerStatuses") or [{"restartCount": 0}])[0]["restartCount"] >= 1)
    t.wait_pod("keeper", "to have ended again", lambda value: "terminated" in (
        value["status"]["containerStatuses"][0].get("lastState") or {}))
    folder = t.node.data / "pods" / found["metadata"]["uid"]
    expect(folder.exists(), f"the folder {folder}")
    contains(t.log("keeper"), "x", "what the second container finds")
    t.delete("keeper")
    wait(f"{folder} to be gone with the pod", lambda: not folder.exists(), timeout=10)


@case("emptyDir can be written by a user without privileges, and fsGroup owns it")
def ownership(t):
    text = t.run_to_end(once(
        "owner", "touch /v/x && stat -c '%g %a' /v /v/x", volumes=[{"name": "v", "emptyDir": {}}], volumeMounts=mounted(),
        securityContext={"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 2000}))
    lines = text.splitlines()
    equal(lines[0].split()[0], "2000", "the volume's group")
    equal(lines[1].split()[0], "2000", "a new file's group")


@case("a read-only mount of a hostPath refuses writes")
def read_only(t):
    (t.directory / "tree").mkdir()
    (t.directory / "tree" / "leaf").write_text("leaf")
    text = t.run_to_end(once(
        "options", "cat /v/leaf; touch /v/x 2>&1", volumes=host_path(t.directory / "tree"), volumeMounts=mounted(readOnly=True)))
    contains(text, "leaf", "the file")
    contains(text, "Read-only file system", "the complaint")


@case("two containers see each other's writes in a shared emptyDir at once")
def shared(t):
    t.create(pod("pair", container("a", script="sleep 1000", volumeMounts=mounted()),
                 container("b", script="sleep 1000", volumeMounts=mounted("/w")), volumes=[{"name": "v", "emptyDir": {}}]))
    t.running("pair")
    t.shell("pair", "echo hello > /v/x", "-c", "a")
    equal(t.shell("pair", "cat /w/x", "-c", "b").strip(), "hello", "what the other one reads")
