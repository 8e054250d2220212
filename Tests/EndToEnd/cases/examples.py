"""The manifests of Examples/, as a newcomer applies them."""
import urllib.request

from e2e.places import EXAMPLES
from e2e.suite import case, contains, equal, expect, wait


def page(address, timeout=5):
    with urllib.request.urlopen(f"http://{address}/", timeout=timeout) as answer:
        return answer.read().decode()


@case("nginx.yaml serves its page at the pod's address and logs the request", each_kubectl=True)
def nginx(t):
    t.apply(EXAMPLES / "nginx.yaml")
    pod = t.running("nginx")
    contains(wait("the page", lambda: page(pod["status"]["podIP"])), "Welcome to nginx", "the page")
    contains(wait("the log", lambda: t.log("nginx")), "GET / HTTP/1.1", "the log")
    equal(pod["status"]["containerStatuses"][0]["restartCount"], 0, "restartCount")
    t.kubectl("delete", "-f", EXAMPLES / "nginx.yaml")
    expect(t.pod("nginx") is None, "the pod to be gone when kubectl delete returns")


@case("redis.yaml keeps its files in the emptyDir when its container is restarted")
def redis(t):
    t.apply(EXAMPLES / "redis.yaml")
    t.running("redis")
    wait("redis to answer", lambda: "PONG" in t.shell("redis", "redis-cli ping"))
    t.shell("redis", "redis-cli set answer 42 && redis-cli save")
    contains(t.shell("redis", "grep /data/redis /proc/mounts; ls /data/redis"), "dump.rdb", "the folder")
    t.shell("redis", "redis-cli shutdown nosave", check=False)
    t.wait_pod("redis", "to be restarted", lambda pod: pod["status"]["containerStatuses"][0]["restartCount"] == 1)
    t.running("redis")
    contains(t.shell("redis", "ls /data/redis"), "dump.rdb", "the folder after the restart")


@case("shared-volume.yaml: one container writes the page that the other serves, and both share 127.0.0.1")
def shared_volume(t):
    t.apply(EXAMPLES / "shared-volume.yaml")
    pod = t.running("shared-volume")
    contains(wait("the page", lambda: page(pod["status"]["podIP"])), "Written by the other container", "the page")
    inside = t.shell("shared-volume", "wget -q -O - http://127.0.0.1/", "-c", "writer")
    contains(inside, "Written by the other container", "the page through 127.0.0.1")
    refused = t.kubectl("exec", "shared-volume", "-c", "nginx", "--", "touch", "/usr/share/nginx/html/x", check=False)
    expect(refused.code != 0 and "Read-only" in refused.err, "a read-only volume", refused)
