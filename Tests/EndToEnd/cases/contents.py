"""What pods get of the API: variables and the contents of volumes."""
import base64
import http.client
import random
import signal
import threading
import time

from e2e.places import execute
from e2e.suite import case, container, contains, equal, expect, once, pod, wait


def mounted(path="/v", name="v", **fields):
    return [{"name": name, "mountPath": path, **fields}]


def core(t, plural, value, method="create"):
    """Creates an object of the case's namespace."""
    return t.node.api.create(f"/api/v1/namespaces/{t.namespace}/{plural}", value)


def config_map(t, name, data, **fields):
    return core(t, "configmaps", {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}, "data": data, **fields})


def secret(t, name, data):
    encoded = {key: base64.b64encode(value.encode()).decode() for key, value in data.items()}
    return core(t, "secrets", {"apiVersion": "v1", "kind": "Secret", "metadata": {"name": name}, "data": encoded})


def patch(t, kind, name, change):
    t.kubectl("patch", kind, name, "--type=merge", "-p", change)


def waiting(value, sort="containerStatuses"):
    return (value["status"].get(sort) or [{}])[0].get("state", {}).get("waiting", {})


@case("variables come of ConfigMaps, Secrets, the pod and its resources, and refer to each other")
def variables(t):
    config_map(t, "letters", {"A": "alpha", "1b.c": "beta"})
    secret(t, "hidden", {"KEY": "sesame"})
    value = once(
        # The shell drops variables whose names it can't take; the first process had them.
        "variables", "tr '\\0' '\\n' < /proc/1/environ; echo \"args: $0 $1\"", envFrom=[
            {"configMapRef": {"name": "letters"}}, {"prefix": "S_", "secretRef": {"name": "hidden"}},
            {"configMapRef": {"name": "none", "optional": True}}],
        env=[
            {"name": "A", "value": "first $(A)"},
            {"name": "FROM_MAP", "valueFrom": {"configMapKeyRef": {"name": "letters", "key": "A"}}},
            {"name": "FROM_SECRET", "valueFrom": {"secretKeyRef": {"name": "hidden", "key": "KEY"}}},
            {"name": "ABSENT", "valueFrom": {"configMapKeyRef": {"name": "letters", "key": "no", "optional": True}}},
            {"name": "BOTH", "value": "$(FROM_MAP)-$(S_KEY)-$(ABSENT)"},
            {"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}},
            {"name": "UID_", "valueFrom": {"fieldRef": {"fieldPath": "metadata.uid"}}},
            {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
            {"name": "HOST", "valueFrom": {"fieldRef": {"fieldPath": "status.hostIP"}}},
            {"name": "NODE", "valueFrom": {"fieldRef": {"fieldPath": "spec.nodeName"}}},
            {"name": "LABEL", "valueFrom": {"fieldRef": {"fieldPath": "metadata.labels['colour']"}}},
            {"name": "MEMORY", "valueFrom": {"resourceFieldRef": {"resource": "limits.memory", "divisor": "1Mi"}}},
            {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "requests.cpu"}}},
            {"name": "MOST", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}}],
        resources={"requests": {"cpu": "1m"}, "limits": {"memory": "33000000"}})
    value["metadata"]["labels"] = {"colour": "blue"}
    value["spec"]["containers"][0]["command"] += ["$(FROM_SECRET)", "$(LABEL)"]
    lines = t.run_to_end(value).splitlines()
    found = dict(line.split("=", 1) for line in lines if "=" in line)
    made = t.pod("variables")
    node = t.node.api.get(f"/api/v1/nodes/{made['spec']['nodeName']}")
    # A reference to a variable that env only sets later takes the one of envFrom.
    wanted = {
        "A": "first alpha", "1b.c": "beta", "S_KEY": "sesame", "FROM_MAP": "alpha", "FROM_SECRET": "sesame",
        "BOTH": "alpha-sesame-$(ABSENT)", "POD": "variables", "UID_": made["metadata"]["uid"],
        "IP": made["status"]["podIP"], "HOST": made["status"]["hostIP"], "NODE": made["spec"]["nodeName"],
        "LABEL": "blue", "MEMORY": "32", "CPU": "1", "MOST": node["status"]["allocatable"]["cpu"]}
    equal({key: found.get(key) for key in wanted}, wanted, "the variables")
    expect("ABSENT" not in found, "no variable of an optional key that is not there", lines)
    equal(lines[-1], "args: sesame blue", "the arguments")


@case("a container waits for a ConfigMap, a key and a Secret, says so, and starts when they appear")
def missing_variables(t):
    rows = [
        ("map", {"configMapKeyRef": {"name": "later", "key": "k"}}, 'configmap "later" not found',
         lambda: config_map(t, "later", {"k": "come"})),
        ("key", {"configMapKeyRef": {"name": "half", "key": "k"}}, f"couldn't find key k in ConfigMap {t.namespace}/half",
         lambda: patch(t, "configmap", "half", '{"data": {"k": "come"}}')),
        ("secret", {"secretKeyRef": {"name": "quiet", "key": "k"}}, 'secret "quiet" not found',
         lambda: secret(t, "quiet", {"k": "come"})),
    ]
    config_map(t, "half", {"other": "x"})
    for name, source, _, _ in rows:
        t.create(pod(name, container(script="echo $V; sleep 1000", env=[{"name": "V", "valueFrom": source}])))
    for name, _, message, appear in rows:
        found = t.wait_pod(name, "to wait", lambda value: waiting(value).get("reason") == "CreateContainerConfigError")
        equal(waiting(found).get("message"), message, f"why {name} waits")
        t.wait_event(name, "Failed", f"Error: {message}")
        appear()
        # Well below the ten seconds after which it would be tried again anyway.
        t.running(name, timeout=5)
        wait(f"the log of {name}", lambda: t.log(name).strip() == "come", timeout=5)


@case("a configMap volume has its keys as files, and a change is in the running pod at once")
def live(t):
    config_map(t, "live", {"a": "one", "b": "two"}, binaryData={"raw": base64.b64encode(bytes([0, 255, 10])).decode()})
    t.create(pod("live", container(script="sleep 1000", volumeMounts=mounted()),
                 volumes=[{"name": "v", "configMap": {"name": "live"}}]))
    t.running("live")
    equal(t.shell("live", "cd /v; ls; cat a b; wc -c < raw; stat -L -c %a a").split(), ["a", "b", "raw", "onetwo3", "644"],
          "the files")
    equal(t.shell("live", "readlink /v/a").strip(), "..data/a", "what a file is")
    expect("Read-only" in t.shell("live", "touch /v/x 2>&1", check=False), "the volume to refuse writes")
    began = time.monotonic()
    patch(t, "configmap", "live", '{"data": {"a": "three", "b": null, "c": "four"}}')
    folder = t.node.data / "pods" / t.pod("live")["metadata"]["uid"] / "volumes" / "v"
    wait("the new contents", lambda: (folder / "a").read_text() == "three", timeout=5, pause=0.005)
    shown = time.monotonic() - began
    expect(shown < 5, "the change to be seen soon", shown)
    equal(t.shell("live", "cd /v; ls; cat a c").split(), ["a", "c", "raw", "threefour"], "the files after the change")
    equal(len([path for path in folder.iterdir() if path.name.startswith("..2")]), 1, "directories of contents")
    # What was there stays when the map is deleted, and an event says what is missing.
    t.kubectl("delete", "configmap", "live")
    t.wait_event("live", "FailedMount", 'MountVolume.SetUp failed for volume "v" : configmap "live" not found')
    equal(t.shell("live", "cat /v/a").strip(), "three", "the file without its map")


@case("a volume whose ConfigMap or Secret is missing keeps the pod in ContainerCreating until it appears")
def missing_volumes(t):
    rows = [
        ("no-map", {"configMap": {"name": "absent-map"}}, 'configmap "absent-map" not found',
         lambda: config_map(t, "absent-map", {"k": "come"})),
        ("no-secret", {"secret": {"secretName": "absent-secret"}}, 'secret "absent-secret" not found',
         lambda: secret(t, "absent-secret", {"k": "come"})),
        ("no-key", {"configMap": {"name": "other-map", "items": [{"key": "k", "path": "k"}]}},
         "configmap references non-existent config key: k",
         lambda: patch(t, "configmap", "other-map", '{"data": {"k": "come"}}')),
        ("mixed", {"projected": {"sources": [{"configMap": {"name": "p-map"}}, {"secret": {"name": "p-secret"}}]}},
         '[configmap "p-map" not found, secret "p-secret" not found]',
         lambda: (config_map(t, "p-map", {"k": "come"}), secret(t, "p-secret", {"s": "x"}))),
    ]
    config_map(t, "other-map", {"other": "x"})
    for name, source, _, _ in rows:
        t.create(pod(name, container(script="cat /v/k; sleep 1000", volumeMounts=mounted()),
                     volumes=[{"name": "v", **source}]))
    for name, _, message, appear in rows:
        t.wait_event(name, "FailedMount", f'MountVolume.SetUp failed for volume "v" : {message}')
        equal((t.pod(name)["status"]["phase"], waiting(t.pod(name)).get("reason")), ("Pending", "ContainerCreating"),
              f"the state of {name}")
        appear()
        t.running(name, timeout=5)
        wait(f"the log of {name}", lambda: t.log(name).strip() == "come", timeout=5)


@case("optional sources may be missing, and their files appear with them")
def optional(t):
    t.create(pod("optional", container(script="sleep 1000", volumeMounts=mounted()), volumes=[{"name": "v", "projected": {
        "sources": [{"configMap": {"name": "maybe", "optional": True}}, {"secret": {"name": "perhaps", "optional": True}}]}}]))
    t.running("optional")
    equal(t.shell("optional", "ls /v"), "", "the files")
    config_map(t, "maybe", {"k": "here"})
    wait("the file to appear", lambda: t.shell("optional", "cat /v/k", check=False).strip() == "here", timeout=5)
    t.kubectl("delete", "configmap", "maybe")
    wait("the file to vanish", lambda: t.shell("optional", "ls /v", check=False) == "", timeout=5)


@case("a secret's files have their modes, and fsGroup lets a user without privileges read them")
def secret_modes(t):
    secret(t, "modes", {"plain": "p", "own": "o"})
    value = once(
        "modes", "cd /v; grep ' /v ' /proc/mounts | cut -d' ' -f1; stat -L -c '%a %u %g' plain deep/own; cat plain deep/own; id -G",
        volumes=[{"name": "v", "secret": {"secretName": "modes", "defaultMode": 0o400, "items": [
            {"key": "plain", "path": "plain"}, {"key": "own", "path": "deep/own", "mode": 0o700}]}}],
        volumeMounts=mounted(), securityContext={"runAsUser": 1000, "runAsGroup": 1000, "fsGroup": 2000})
    lines = t.run_to_end(value).splitlines()
    equal(lines, ["tmpfs", "440 0 2000", "740 0 2000", "po" + "1000 2000"], "what the container sees")
    value = once("no-group", "cat /v/plain", volumes=[{"name": "v", "secret": {"secretName": "modes", "defaultMode": 0o400}}],
                 volumeMounts=mounted(), securityContext={"runAsUser": 1000})
    contains(t.run_to_end(value), "Permission denied", "the answer without a group")


@case("a downwardAPI volume tells the pod's labels, annotations and resources, and follows the labels")
def downward(t):
    value = pod("downward", container(script="sleep 1000", volumeMounts=mounted(), resources={"limits": {"cpu": "1500m"}}),
                volumes=[{"name": "v", "downwardAPI": {"items": [
                    {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
                    {"path": "note", "fieldRef": {"fieldPath": "metadata.annotations['note']"}, "mode": 0o400},
                    {"path": "in/name", "fieldRef": {"fieldPath": "metadata.name"}},
                    {"path": "cpu", "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu"}},
                    {"path": "milli", "resourceFieldRef": {"containerName": "main", "resource": "limits.cpu", "divisor": "1m"}},
                ]}}])
    value["metadata"].update(labels={"b": "2", "a": "say"}, annotations={"note": "hello"})
    t.create(value)
    t.running("downward")
    equal(t.shell("downward", "cd /v; cat labels; echo; cat note in/name; echo; cat cpu; echo; cat milli; stat -L -c ' %a' note"),
          'a="say"\nb="2"\nhellodownward\n2\n1500 400\n', "the files")
    t.kubectl("label", "pod", "downward", "c=3")
    wait("the new label", lambda: 'c="3"' in t.shell("downward", "cat /v/labels"), timeout=5)


@case("the volume of a service account's access has the cluster's CA, the namespace and a token file")
def access(t):
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "kube-root-ca.crt", "items": [{"key": "ca.crt", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    place = "/var/run/secrets/kubernetes.io/serviceaccount"
    value = once("access", f"cd {place}; ls; cat namespace; echo; head -n 1 ca.crt; stat -L -c %a token",
                 volumes=[{"name": "kube-api-access-x", "projected": {"defaultMode": 0o644, "sources": sources}}],
                 volumeMounts=mounted(place, "kube-api-access-x", readOnly=True))
    lines = t.run_to_end(value).splitlines()
    equal(lines, ["ca.crt", "namespace", "token", t.namespace, "-----BEGIN CERTIFICATE-----", "644"], "the files")


@case("subPath shows a part of a volume, made if it is missing, and subPathExpr takes variables")
def sub_paths(t):
    config_map(t, "parts", {"one.conf": "one", "two.conf": "two"})
    value = once(
        "parts", "cat /etc/one.conf; echo; ls /etc/one.conf; stat -c %a /data; echo x > /data/f; cat /logs/f; ls -d /whole/*",
        volumes=[{"name": "c", "configMap": {"name": "parts"}}, {"name": "v", "emptyDir": {}}],
        env=[{"name": "POD", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        volumeMounts=[
            {"name": "c", "mountPath": "/etc/one.conf", "subPath": "one.conf"},
            {"name": "v", "mountPath": "/data", "subPath": "a/parts"},
            {"name": "v", "mountPath": "/logs", "subPathExpr": "a/$(POD)"},
            {"name": "v", "mountPath": "/whole"}])
    lines = t.run_to_end(value).splitlines()
    equal(lines, ["one", "/etc/one.conf", "777", "x", "/whole/a"], "what the container sees")
    uid = t.pod("parts")["metadata"]["uid"]
    t.delete("parts")
    wait("the pod's mounts to be gone", lambda: uid not in open("/proc/self/mountinfo").read(), timeout=10)


@case("a subPath can't leave its volume, by dots or by links, and the container says why it waits")
def escapes(t):
    (t.directory / "shared").mkdir()
    (t.directory / "secret").mkdir()
    (t.directory / "secret" / "file").write_text("secret")
    (t.directory / "shared" / "link").symlink_to("../secret")
    (t.directory / "shared" / "root").symlink_to("/etc")
    volumes = [{"name": "v", "hostPath": {"path": str(t.directory / "shared")}}]
    rows = [({"subPath": "link"}, "failed to prepare subPath"), ({"subPath": "link/file"}, "failed to prepare subPath"),
            ({"subPath": "root/passwd"}, "failed to prepare subPath"), ({"subPathExpr": "$(UP)"}, "must not contain '..'"),
            ({"subPathExpr": "$(ROOT)"}, "must not be an absolute path"), ({"subPathExpr": "$(NONE)"}, 'missing value for "NONE"')]
    for number, (fields, message) in enumerate(rows):
        t.create(pod(f"escape-{number}", container(
            script="sleep 1000", env=[{"name": "UP", "value": "../secret"}, {"name": "ROOT", "value": "/etc"}],
            volumeMounts=mounted(**fields)), volumes=volumes))
    for number, (fields, message) in enumerate(rows):
        found = t.wait_pod(f"escape-{number}", "to wait", lambda value: (
            waiting(value).get("reason") == "CreateContainerConfigError"))
        contains(waiting(found).get("message", ""), message, f"why {fields} waits")
        t.delete(f"escape-{number}")
    equal(sorted(path.name for path in (t.directory / "secret").iterdir()), ["file"], "what is outside")


@case("a container whose subPathExpr takes an annotation starts when the annotation is corrected")
def corrected(t):
    value = pod("corrected", container(script="sleep 1000", env=[
        {"name": "WHERE", "valueFrom": {"fieldRef": {"fieldPath": "metadata.annotations['where']"}}}],
        volumeMounts=mounted(subPathExpr="$(WHERE)")), volumes=[{"name": "v", "emptyDir": {}}])
    value["metadata"]["annotations"] = {"where": "/absolute"}
    t.create(value)
    t.wait_pod("corrected", "to wait", lambda value: waiting(value).get("reason") == "CreateContainerConfigError")
    t.kubectl("annotate", "pod", "corrected", "where=fine", "--overwrite")
    t.running("corrected", timeout=5)


@case("a volume of a kind that the node does not have is named by an event")
def unknown_kinds(t):
    rows = [("persistentVolumeClaim", {"claimName": "c"}), ("nfs", {"server": "s", "path": "/p"}),
            ("csi", {"driver": "d.example.org"}), ("iscsi", {"targetPortal": "1.2.3.4", "iqn": "iqn.2015-02.example:t", "lun": 0})]
    for kind, source in rows:
        t.create(pod(kind.lower(), container(script="sleep 1", volumeMounts=mounted()), volumes=[{"name": "v", kind: source}]))
    for kind, _ in rows:
        t.wait_event(kind.lower(), "FailedMount", f"the volume source {kind} is not supported")
        t.delete(kind.lower())


@case("fifty configMap volumes in five pods that start at once have their files")
def fifty(t):
    for number in range(50):
        config_map(t, f"many-{number}", {"k": f"value {number}"})
    for index in range(5):
        numbers = range(index * 10, index * 10 + 10)
        t.create(once(
            f"many-{index}", "cat /v/*/k",
            volumes=[{"name": f"v{number}", "configMap": {"name": f"many-{number}"}} for number in numbers],
            volumeMounts=[{"name": f"v{number}", "mountPath": f"/v/{number:02}"} for number in numbers]))
    for index in range(5):
        t.ended(f"many-{index}")
        equal(t.log(f"many-{index}").strip(), "".join(f"value {number}" for number in range(index * 10, index * 10 + 10)), "the log")


@case("the volumes of a pod that has ended are taken away, its log stays")
def finished(t):
    secret(t, "short", {"k": "v"})
    t.create(once("short", "cat /v/k", volumes=[{"name": "v", "secret": {"secretName": "short"}}, {"name": "e", "emptyDir": {}}],
                  volumeMounts=mounted() + mounted("/part", "e", subPath="a")))
    uid = t.ended("short")["metadata"]["uid"]
    folder = t.node.data / "pods" / uid / "volumes"
    wait("the volumes to be gone", lambda: uid not in open("/proc/self/mountinfo").read() and not any(folder.iterdir()), timeout=10)
    equal(t.log("short").strip(), "v", "the log")


def new_tmpfs(t, path, shared=False):
    path.mkdir(exist_ok=True)
    execute("mount", "-t", "tmpfs", "e2e", path)
    t.undo(lambda: execute("umount", "-R", "-l", path, check=False))
    if shared:
        execute("mount", "--make-shared", path)


@case("a mount that the node makes later appears in the container with HostToContainer, in a subPath too")
def propagation(t):
    tree = t.directory / "tree"
    new_tmpfs(t, tree, shared=True)
    for name in ("later", "part"):
        (tree / name).mkdir()
    (tree / "part" / "later").mkdir()
    t.create(pod("follows", container(script="sleep 1000", volumeMounts=[
        {"name": "v", "mountPath": "/follows", "mountPropagation": "HostToContainer"},
        {"name": "v", "mountPath": "/part", "mountPropagation": "HostToContainer", "subPath": "part"},
        {"name": "v", "mountPath": "/apart"}]), volumes=[{"name": "v", "hostPath": {"path": str(tree)}}]))
    t.running("follows")
    for place in (tree / "later", tree / "part" / "later"):
        new_tmpfs(t, place)
        (place / "file").write_text("seen")
    equal(t.shell("follows", "cat /follows/later/file /part/later/file; ls /apart/later"), "seenseen", "what the container sees")
    t.delete("follows")
    equal((tree / "later" / "file").read_text(), "seen", "the node's own mount")


@case("recursiveReadOnly holds for mounts below, a plain readOnly for the mount only, and the status tells which")
def recursive_read_only(t):
    tree = t.directory / "tree"
    tree.mkdir()
    new_tmpfs(t, tree / "inner")
    text = t.run_to_end(once(
        "recursive", "touch /plain/inner/x && echo written; touch /whole/inner/y 2>&1; touch /plain/z 2>&1",
        volumes=[{"name": "v", "hostPath": {"path": str(tree)}}], volumeMounts=[
            {"name": "v", "mountPath": "/plain", "readOnly": True},
            {"name": "v", "mountPath": "/whole", "readOnly": True, "recursiveReadOnly": "Enabled"}]))
    equal(text.count("Read-only file system"), 2, "refusals")
    contains(text, "written", "a write below a plain read-only mount")
    mounts = t.pod("recursive")["status"]["containerStatuses"][0]["volumeMounts"]
    equal([(mount["mountPath"], mount.get("recursiveReadOnly")) for mount in mounts],
          [("/plain", "Disabled"), ("/whole", "Enabled")], "the mounts in the status")


@case("kill -9 of pintle amid changes: files are of one time, follow changes again, and go with the pod", own_nodes=True)
def killed(t):
    node = t.new_node("contents")
    keys = [f"k{number}" for number in range(40)]
    config_map(t, "busy", {key: "0" for key in keys})
    t.create(pod("busy", container(script="sleep 10000", volumeMounts=mounted() + [
        {"name": "e", "mountPath": "/part", "subPath": "a/b"}, {"name": "v", "mountPath": "/k0", "subPath": "k0"}]),
        volumes=[{"name": "v", "projected": {"sources": [{"configMap": {"name": "busy"}}]}}, {"name": "e", "emptyDir": {}}]))
    t.running("busy")
    uid = t.pod("busy")["metadata"]["uid"]
    folder = node.data / "pods" / uid / "volumes" / "v"
    number = 0
    for _ in range(3):
        stop = time.monotonic() + 0.5
        killer = threading.Timer(0.3 + 0.1 * random.random(), node.process.kill)
        killer.start()
        while time.monotonic() < stop:
            number += 1
            value = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "busy"},
                     "data": {key: str(number) for key in keys}}
            try:
                node.api.request("PUT", "/api/v1/namespaces/default/configmaps/busy", value)
            except (OSError, http.client.HTTPException):
                break
        killer.join()
        seen = {(folder / key).read_text() for key in keys}
        equal(len(seen), 1, f"the number of different contents after the kill ({seen})")
        node.stop()
        node.start()
        stored = node.api.get("/api/v1/namespaces/default/configmaps/busy")["data"]["k0"]
        wait("the volume to have what is stored", lambda: {(folder / key).read_text() for key in keys} == {stored}, timeout=10)
        equal(sorted(path.name for path in folder.iterdir() if path.name.startswith("..") and path.name[2] != "2"), ["..data"],
              "what lies beside the files")
    patch(t, "configmap", "busy", '{"data": {"k0": "last"}}')
    wait("a change after all that", lambda: t.shell("busy", "cat /v/k0").strip() == "last", timeout=5)
    equal(t.pod("busy")["status"]["containerStatuses"][0]["restartCount"], 0, "restarts")
    node.stop(signal.SIGKILL)
    node.start()
    t.delete("busy")
    wait("the pod's mounts and files to be gone", lambda: uid not in open("/proc/self/mountinfo").read() and not (
        node.data / "pods" / uid).exists(), timeout=10)
