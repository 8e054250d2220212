"""`pintle plugin` and `pintle ledger`: they need no running node."""
import json
import shutil

from e2e.places import PINTLE, PRODUCTS, execute
from e2e.suite import case, container, contains, equal, expect, pod

DRIVERS = {"RuntimeNamespace": "pintle.runtime/1", "NetworkBridge": "pintle.network/1", "StorageLocal": "pintle.storage/1"}


@case("plugin list shows the three drivers and their interfaces without loading them", own_nodes=True)
def listing(t):
    text = execute(PINTLE, "plugin", "list").out
    for name, interface in DRIVERS.items():
        manifest = json.loads((PRODUCTS / f"{name}.json").read_text())
        expect(any(manifest["id"] in line and interface in line for line in text.splitlines()),
               f"a line with {manifest['id']} and {interface}", text)


@case("plugin inspect and verify tell what each driver is; it exports one symbol", own_nodes=True)
def inspection(t):
    for name in DRIVERS:
        file = PRODUCTS / f"lib{name}.so"
        manifest = json.loads((PRODUCTS / f"{name}.json").read_text())
        contains(execute(PINTLE, "plugin", "inspect", file).out, manifest["id"], "pintle plugin inspect")
        contains(execute(PINTLE, "plugin", "verify", file).out, manifest["sha256"], "pintle plugin verify")
        symbols = execute("nm", "-D", "--defined-only", file).out.split()
        equal(symbols[-1:], ["pintle_plugin_entry_1"], "the exported symbols")
        equal(len(symbols), 3, "the number of words that nm prints")


@case("plugin verify refuses a changed library, and stamp makes it good again", own_nodes=True)
def stamping(t):
    t.directory.mkdir(exist_ok=True)
    for name in ("libStorageLocal.so", "StorageLocal.json"):
        shutil.copy(PRODUCTS / name, t.directory / name)
    file = t.directory / "libStorageLocal.so"
    with open(file, "ab") as library:
        library.write(b"one more byte")
    found = execute(PINTLE, "plugin", "verify", file, check=False)
    expect(found.code != 0, "the changed library to be refused", found)
    contains(found.out + found.err, "sha256", "the message")
    execute(PINTLE, "plugin", "stamp", file)
    execute(PINTLE, "plugin", "verify", file)


@case("plugin call turns JSON into a request and the results back", own_nodes=True)
def calling(t):
    file, options = PRODUCTS / "libStorageLocal.so", json.dumps({"podsDirectory": str(t.directory)})

    def call(operation, request="{}"):
        return execute(PINTLE, "plugin", "call", file, operation, request, "--options", options, check=False)

    found = call("storage.info")
    equal(found.code, 0, "the exit code")
    contains(json.dumps(json.loads(found.out)), "pintle", "the answer")
    for operation, request, part in (("storage.nonsense", "{}", "nonsense"), ("storage.info", '{"none":1}', "none"),
                                     ("storage.publish", '{"volume_id":', "JSON"), ("storage.publish", '{"volume_id":7}', "volume_id")):
        found = call(operation, request)
        expect(found.code not in (0, 132, 133, 134, 139), f"{operation} {request} to be refused", found)
        contains(found.err, part, "the message")


@case("a file that is no driver is refused with a reason, not a crash", own_nodes=True)
def no_driver(t):
    t.directory.mkdir(exist_ok=True)
    shutil.copy(PRODUCTS / "StorageLocal.json", t.directory)
    file = t.directory / "libStorageLocal.so"
    file.write_bytes(b"\x7fELF")
    found = execute(PINTLE, "plugin", "verify", file, check=False)
    expect(found.code not in (0, 132, 133, 134, 139) and found.err.strip(), "`pintle plugin verify` to refuse it", found)
    for command in ("inspect", "verify", "stamp"):
        found = execute(PINTLE, "plugin", command, t.directory / "libnone.so", check=False)
        expect(found.code not in (0, 132, 133, 134, 139), f"`pintle plugin {command}` to refuse a missing file", found)
        contains(found.err, str(t.directory), "the message")


@case("ledger shows the owner and age of what is there, and nothing when the pods are gone", own_nodes=True)
def ledger(t):
    node = t.new_node("ledger")
    t.create(pod("owner", container(script="sleep 10000")))
    found = t.running("owner")
    text = node.pintle("ledger").out
    contains(text, found["status"]["podIP"], "the ledger")
    contains(text, "AGE", "the head line")
    t.delete("owner")
    text = node.pintle("ledger").out
    expect(found["status"]["podIP"] not in text, "the address to be given back", text)
