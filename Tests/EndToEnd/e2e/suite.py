"""Cases: how they are declared, and what each is given."""
import itertools
import json
import shutil
import threading
import traceback

from .failure import Failure, contains, equal, expect
from .node import Node
from .places import WORK, execute, kubectls
from .waiting import wait

CASES = []


class CaseInfo:
    def __init__(self, body, title, group, kubectl, own_nodes):
        self.body, self.title, self.group, self.kubectl, self.own_nodes = body, title, group, kubectl, own_nodes


def case(title, each_kubectl=False, own_nodes=False):
    """Declares a case. The body is given a `Case`.

    each_kubectl: run once with every kubectl, else only with the first one.
    own_nodes: it starts nodes of its own; the shared one is not used.
    """
    def declare(body):
        group = body.__module__.rpartition(".")[2]
        found = kubectls()
        names = list(found) if each_kubectl else list(found)[:1]
        for name in names:
            shown = f"{title} [{name}]" if each_kubectl else title
            CASES.append(CaseInfo(body, shown, group, found[name], own_nodes))
        return body

    return declare


class Case:
    """What a case works with: a node, a namespace of its own, kubectl, waiting."""

    _numbers = itertools.count(1)
    _lock = threading.Lock()

    def __init__(self, info, node):
        with self._lock:
            self.number = next(self._numbers)
        self.info, self.node = info, node
        self.namespace = f"e2e-{self.number}"
        self.directory = WORK / f"case-{self.number}"
        self.nodes = []
        self.cleanups = []

    # Life of a case

    def run(self):
        """Runs the body and takes everything down; both complain."""
        self.directory.mkdir(parents=True, exist_ok=True)
        complaints = []
        try:
            if not self.info.own_nodes:
                self.node.api.create("/api/v1/namespaces", {"metadata": {"name": self.namespace}})
            self.info.body(self)
        except (Failure, SystemExit) as failure:
            complaints.append(str(failure))
        except Exception:  # a fault of the case itself is a failure too
            complaints.append(traceback.format_exc())
        complaints += self.finish()
        if complaints:
            raise Failure("\n".join(complaints))

    def finish(self):
        """Takes everything down. Each step is tried whatever became of the others."""
        complaints = []
        for node in reversed(self.nodes):
            try:
                if node.data.exists() or node.process is not None:
                    node.down()
            except Exception as error:
                complaints.append(str(error))
        for undo in reversed(self.cleanups):
            try:
                undo()
            except Exception as error:
                complaints.append(str(error))
        if not self.info.own_nodes:
            try:
                self.delete_namespace()
            except Exception as error:
                complaints.append(str(error))
        shutil.rmtree(self.directory, ignore_errors=True)
        return [f"cleaning up: {complaint}" for complaint in complaints]

    def delete_namespace(self):
        path = f"/api/v1/namespaces/{self.namespace}"
        for pod in (self.node.api.get(f"{path}/pods") or {}).get("items", []):
            self.node.api.delete(f"{path}/pods/{pod['metadata']['name']}", gracePeriodSeconds=0)
        self.node.api.delete(path)
        wait(f"namespace {self.namespace} to be gone", lambda: self.node.api.get(path) is None, timeout=30)

    def new_node(self, name, options=(), images=("busybox",), start=True):
        """A node of this case; it is taken down at the end and must leave nothing."""
        node = Node(f"{name}-{self.number}", options)
        self.nodes.append(node)
        if start:
            node.start()
            node.load_images(*images)
            self.node, self.namespace = node, "default"
        return node

    def undo(self, action):
        self.cleanups.append(action)

    # kubectl and pods

    def kubectl(self, *arguments, **options):
        env = {"KUBECONFIG": str(self.node.kubeconfig), "HOME": str(self.directory)}
        return execute(self.info.kubectl, "--namespace", self.namespace, *arguments, env=env, **options)

    def apply(self, *objects):
        """kubectl apply of a file, or of objects given as dictionaries."""
        for value in objects:
            if isinstance(value, dict):
                self.kubectl("apply", "-f", "-", input=json.dumps(value))
            else:
                self.kubectl("apply", "-f", value)

    def create(self, value):
        """Creates a pod without kubectl and returns it."""
        return self.node.api.create(f"/api/v1/namespaces/{self.namespace}/pods", value)

    def pod(self, name):
        return self.node.api.get(f"/api/v1/namespaces/{self.namespace}/pods/{name}")

    def wait_pod(self, name, what, test, timeout=30):
        """Waits until `test` is true of a pod, and returns the pod."""
        last = {}

        def probe():
            pod = self.pod(name)
            last["pod"] = pod
            return pod if pod is not None and test(pod) else None

        try:
            return wait(f"pod {name} {what}", probe, timeout=timeout, pause=0.05)
        except Failure as failure:
            status = json.dumps((last.get("pod") or {}).get("status", {}))
            raise Failure(f"{failure}; its status: {status}; its events: {self.events(name)}")

    def running(self, name, timeout=30):
        """Waits until a pod runs and is ready."""
        return self.wait_pod(name, "to be ready", is_ready, timeout)

    def ended(self, name, timeout=30):
        return self.wait_pod(name, "to end", lambda pod: pod["status"].get("phase") in ("Succeeded", "Failed"), timeout)

    def gone(self, name, timeout=30):
        wait(f"pod {name} to be gone", lambda: self.pod(name) is None, timeout=timeout, pause=0.05)

    def delete(self, name, grace=0):
        self.node.api.delete(f"/api/v1/namespaces/{self.namespace}/pods/{name}", gracePeriodSeconds=grace)
        self.gone(name)

    def log(self, name, *options):
        return self.kubectl("logs", name, *options).out

    def run_to_end(self, value, timeout=30):
        """Creates a pod that is not restarted, waits for its end and returns its log."""
        name = value["metadata"]["name"]
        self.create(value)
        self.ended(name, timeout)
        return self.log(name)

    def shell(self, name, script, *options, check=True):
        """Runs a script in a container and returns what it printed."""
        return self.kubectl("exec", name, *options, "--", "sh", "-c", script, check=check).out

    def events(self, name):
        """The reasons and messages of a pod's events."""
        items = (self.node.api.get(f"/api/v1/namespaces/{self.namespace}/events") or {}).get("items", [])
        mine = [event for event in items if event.get("involvedObject", {}).get("name") == name]
        return [f"{event.get('reason')}: {event.get('message')}" for event in mine]

    def wait_event(self, name, reason, part="", timeout=30):
        def probe():
            found = [line for line in self.events(name) if line.startswith(f"{reason}: ") and part in line]
            return found and found[0]

        return wait(f"an event {reason} of {name} with {part!r}", probe, timeout=timeout)


def is_ready(pod):
    conditions = pod.get("status", {}).get("conditions") or []
    return pod["status"].get("phase") == "Running" and any(
        condition["type"] == "Ready" and condition["status"] == "True" for condition in conditions)


def container(name="main", image="busybox", script=None, **fields):
    """A container; `script` is run by sh."""
    value = {"name": name, "image": image, "imagePullPolicy": "IfNotPresent", **fields}
    if script is not None:
        value["command"] = ["sh", "-c", script]
    return value


def pod(name, *containers, volumes=None, **spec):
    """A pod that waits one second between TERM and KILL unless it says otherwise."""
    value = {
        "apiVersion": "v1", "kind": "Pod", "metadata": {"name": name},
        "spec": {"terminationGracePeriodSeconds": 1, "containers": list(containers), **spec},
    }
    if volumes:
        value["spec"]["volumes"] = volumes
    return value


def once(name, script, **fields):
    """A pod that runs a script once."""
    spec = {key: fields.pop(key) for key in list(fields) if key in POD_FIELDS}
    return pod(name, container(script=script, **fields), restartPolicy="Never", **spec)


POD_FIELDS = {"volumes", "hostNetwork", "hostname", "subdomain", "dnsPolicy", "dnsConfig", "hostAliases", "securityContext"}

__all__ = ["CASES", "Case", "Failure", "Node", "case", "container", "contains", "equal", "expect", "is_ready", "once",
           "pod", "wait"]
