"""Searches the kernel and the file system for anything of one node."""
import json
import os
import pathlib

from .places import execute


def leftovers(identity, data):
    """What carries the node's id or lies in its data directory, one line each."""
    found = []
    found += [f"process {line}" for line in processes(identity, data)]
    found += [f"mount {line}" for line in mounts(identity, data)]
    found += [f"link {name}" for name in links(identity)]
    found += [f"nft table {name}" for name in tables(identity)]
    found += [f"cgroup {path}" for path in cgroups(identity)]
    found += [f"socket {path}" for path in sockets(identity, data)]
    found += [f"directory {path}" for path in directories(identity, data)]
    return found


def processes(identity, data):
    """Processes in the node's cgroups, or with its id or data directory in their command line."""
    found = []
    for entry in pathlib.Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace").strip()
            groups = (entry / "cgroup").read_text()
            state = (entry / "stat").read_text().rpartition(") ")[2][:1]
            name = (entry / "comm").read_text().strip()
        except OSError:
            continue
        ours = f"/pintle-{identity}" in groups or f"pintle-{identity}" in command
        if ours or (str(data) in command and name.startswith("pintle")):
            found.append(f"{entry.name} {state} {name} {command[:120]}")
    return found


def mounts(identity, data):
    lines = pathlib.Path("/proc/self/mountinfo").read_text().splitlines()
    return [line.split()[4] for line in lines if f"pintle-{identity}" in line or f" {data}/" in line]


def links(identity):
    """The bridge pintle-ID and the nodes' ends of veth pairs, whose names end in the id."""
    names = [link["ifname"] for link in json.loads(execute("ip", "-j", "link").out)]
    return [name for name in names if name.endswith(identity)]


def tables(identity):
    ruleset = execute("nft", "list", "tables").out
    return [line for line in ruleset.splitlines() if identity in line]


def cgroups(identity):
    found = []
    for line in pathlib.Path("/proc/self/mountinfo").read_text().splitlines():
        fields, _, kind = line.partition(" - ")
        if kind.startswith("cgroup"):
            path = pathlib.Path(fields.split()[4]) / f"pintle-{identity}"
            if path.exists():
                found.append(str(path))
    return found


def sockets(identity, data):
    lines = pathlib.Path("/proc/net/unix").read_text().splitlines()
    paths = [line.split()[-1] for line in lines[1:] if len(line.split()) > 7]
    return [path for path in paths if f"pintle-{identity}" in path or path.startswith(f"{data}/")]


def directories(identity, data):
    places = [pathlib.Path(data), pathlib.Path(f"/run/pintle-{identity}"), pathlib.Path(f"/dev/shm/pintle-{identity}")]
    return [str(path) for path in places if path.exists()]
