"""Two nodes on one machine."""
import json
import signal

from e2e.leftovers import leftovers, links
from e2e.places import execute
from e2e.suite import case, container, equal, expect, pod


@case("two nodes side by side have ids, ranges and bridges of their own; taking one down leaves the other", own_nodes=True)
def side_by_side(t):
    left, right = t.new_node("left"), t.new_node("right")
    expect(left.id != right.id, "two ids", (left.id, right.id))
    ranges = [node.api.get(f"/api/v1/nodes/{node.name}")["spec"]["podCIDR"] for node in (left, right)]
    expect(ranges[0] != ranges[1], "two pod ranges", ranges)
    addresses = {}
    for node in (left, right):
        t.node = node
        t.create(pod("same", container(script="exec sleep 10000")))
        addresses[node] = t.running("same")["status"]["podIP"]
        bridges = [name for name in links(node.id) if name.startswith("pintle-")]
        equal(bridges, [f"pintle-{node.id}"], "the bridge")
    expect(addresses[left] != addresses[right], "two addresses", addresses.values())
    # A restart reconciles; it must not touch what is the other's.
    left.restart(signal.SIGKILL)
    left_id = left.id
    left.down()
    equal(leftovers(left_id, left.data), [], "what is left of the first node")
    t.node = right
    found = t.running("same")
    equal(found["status"]["containerStatuses"][0]["restartCount"], 0, "restarts on the second node")
    right.restart(signal.SIGKILL)
    equal(t.running("same")["status"]["podIP"], addresses[right], "the address on the second node")
    names = [link["ifname"] for link in json.loads(execute("ip", "-j", "link").out)]
    expect(f"pintle-{right.id}" in names, "the second node's bridge", names)
