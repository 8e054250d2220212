"""Pods come and go while pintle is killed at random. At the end nothing is left and no acknowledged write is lost."""
import concurrent.futures
import http.client
import os
import random
import signal
import threading
import time

from e2e.failure import Failure
from e2e.leftovers import links
from e2e.suite import case, container, equal, expect, pod, wait


class Churn:
    def __init__(self, t, node, pods, seed):
        self.t, self.node, self.pods = t, node, pods
        self.random = random.Random(seed)
        self.lock = threading.Lock()
        self.written = set()

    def patiently(self, method, path, body=None):
        """Repeats a request until some answer comes; a lost connection says nothing about what was done."""
        deadline = time.monotonic() + 120
        while True:
            try:
                return self.node.api.request(method, path, body)[0]
            except (OSError, http.client.HTTPException):
                if time.monotonic() > deadline:
                    raise Failure(f"expected an answer to {method} {path} within 120 s")
                time.sleep(0.05)

    def one(self, number):
        """Makes a pod and a note, waits a while, deletes the pod."""
        with self.lock:
            pause, wait_for_it = self.random.uniform(0, 1.5), self.random.random() < 0.5
        name, pods = f"churn-{number}", "/api/v1/namespaces/default/pods"
        value = pod(name, container(script="trap 'exit 0' TERM; while true; do sleep 0.1; done"),
                    volumes=[{"name": "v", "emptyDir": {"medium": "Memory"} if number % 2 else {}}])
        value["spec"]["containers"][0]["volumeMounts"] = [{"name": "v", "mountPath": "/v"}]
        status = self.patiently("POST", pods, value)
        expect(status in (201, 409), "201, or 409 after a lost answer", status)
        note = self.patiently("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": name}})
        expect(note in (201, 409), "201, or 409 after a lost answer", note)
        with self.lock:
            self.written.add(name)
        if wait_for_it:
            wait(f"{name} to run", lambda: self.phase(name) == "Running", timeout=120)
        time.sleep(pause)
        status = self.patiently("DELETE", f"{pods}/{name}", {"gracePeriodSeconds": 1})
        expect(status in (200, 202, 404), "200, or 404 after a lost answer", status)
        wait(f"{name} to be gone", lambda: self.phase(name) == "gone", timeout=120)

    def phase(self, name):
        try:
            found = self.node.api.get(f"/api/v1/namespaces/default/pods/{name}")
        except (OSError, http.client.HTTPException):
            return None
        return "gone" if found is None else found["status"].get("phase")


@case("pods come and go while pintle is killed with -9 at random", own_nodes=True)
def churn(t):
    pods, kills = map(int, os.environ.get("PINTLE_CHURN", "30:3").split(":"))
    seed = int(os.environ.get("PINTLE_TEST_SEED") or random.randrange(1 << 32))
    print(f"  churn: {pods} pods, {kills} kills, PINTLE_TEST_SEED={seed}", flush=True)
    node = t.new_node("churn")
    work = Churn(t, node, pods, seed)
    moments = random.Random(seed + 1)
    began = time.monotonic()
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        running = [pool.submit(work.one, number) for number in range(pods)]
        killed = 0
        while killed < kills:
            time.sleep(moments.uniform(0.3, 2.5))
            node.restart(signal.SIGKILL)
            killed += 1
        for future in running:
            future.result()
    print(f"  churn: {pods} pods took {time.monotonic() - began:.1f} s", flush=True)
    expect_clean(node, work.written)
    node.down()


def expect_clean(node, written):
    """No pod is left, so neither is anything of a pod, while the node still runs; and what was acknowledged is there."""
    names = {item["metadata"]["name"] for item in node.api.get("/api/v1/namespaces/default/configmaps")["items"]}
    expect(names >= written, "every acknowledged write", sorted(written - names))
    equal(node.api.get("/api/v1/pods")["items"], [], "the pods")
    # Reconciling runs once a minute.
    wait("the ledger to be empty", lambda: not node.pintle("ledger").out.splitlines()[1:], timeout=90, pause=0.5)
    equal([name for name in links(node.id) if not name.startswith("pintle-")], [], "the links of pods")
    equal([str(path) for path in (node.data / "pods").glob("*")], [], "the folders of pods")


# And how often each is passed before the process dies there, so that it is in the middle of the work.
POINTS = {"ledger.before-intent": 3, "ledger.before-result": 3, "ledger.in-group-commit": 1, "store.begun": 9,
          "store.applied": 9, "store.synced": 9, "store.published": 9}


@case("pintle dies once at every named crash point, and nothing is lost or left", own_nodes=True)
def crash_points(t):
    node = t.new_node("points")
    pods, written = "/api/v1/namespaces/default/pods", set()
    for number, (point, count) in enumerate(POINTS.items()):
        node.stop(signal.SIGKILL)
        node.launch({"PINTLE_CRASH_AT": f"{point}:{count}"})
        work = Churn(t, node, 0, number)
        name = f"point-{number}"
        value = pod(name, container(script="trap 'exit 0' TERM; while true; do sleep 0.1; done"),
                    volumes=[{"name": "v", "emptyDir": {}}])
        deadline, attempt, reached = time.monotonic() + 60, 0, False
        while not reached and time.monotonic() < deadline:
            reached = node.process.poll() is not None
            attempt += 1
            try:
                node.api.request("POST", pods, value)
                note = f"{name}-{attempt}"
                if node.api.request("POST", "/api/v1/namespaces/default/configmaps", {"metadata": {"name": note}})[0] == 201:
                    written.add(note)
            except (OSError, http.client.HTTPException):
                pass
            time.sleep(0.05)
        expect(reached, f"the point {point} to be reached", node.tail(5))
        equal(node.process.returncode, -signal.SIGKILL, f"the end at {point}")
        node.process = None
        node.start()
        expect(work.patiently("POST", pods, value) in (201, 409), "the pod to be made")
        wait(f"{name} to run", lambda: work.phase(name) == "Running", timeout=60)
        work.patiently("DELETE", f"{pods}/{name}", {"gracePeriodSeconds": 1})
        wait(f"{name} to be gone", lambda: work.phase(name) == "gone", timeout=60)
    expect_clean(node, written)


