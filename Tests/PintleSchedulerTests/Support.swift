import PintleClient
import PintleObjects

@testable import PintleScheduler

/// One second, in nanoseconds.
let second: Int64 = 1_000_000_000

/// A ready node with two cores, 4 GiB and room for ten pods, changed as the test wants it.
func node(_ name: String, _ change: (inout JSON) -> Void = { _ in }) -> JSON {
    var node: JSON = [
        "metadata": ["name": .string(name), "labels": ["kubernetes.io/hostname": .string(name)]],
        "status": [
            "conditions": [["type": "Ready", "status": "True"]],
            "allocatable": ["cpu": "2", "memory": "4Gi", "ephemeral-storage": "10Gi", "pods": "10"],
        ],
    ]
    change(&node)
    return node
}

/// A pod that waits for a node and asks for `cpu`, changed as the test wants it.
func pod(_ name: String, cpu: String = "100m", _ change: (inout JSON) -> Void = { _ in }) -> JSON {
    var pod: JSON = [
        "metadata": ["name": .string(name), "namespace": "default", "uid": .string("uid-\(name)")],
        "spec": [
            "schedulerName": "default-scheduler",
            "containers": [["name": "c", "resources": ["requests": ["cpu": .string(cpu)]]]],
        ],
        "status": ["phase": "Pending"],
    ]
    change(&pod)
    return pod
}

func description(_ pod: JSON) -> PodDescription { PodDescription(pod, scheduler: "default-scheduler") }

func name(_ pod: String) -> ObjectName { ObjectName(namespace: "default", name: pod) }

/// A cluster of nodes, with pods already in their places.
func cluster(_ nodes: [JSON], _ placed: [(JSON, String)] = []) -> Cluster {
    var cluster = Cluster()
    for node in nodes { _ = cluster.set(NodeDescription(node)) }
    for (pod, node) in placed { cluster.place(description(pod), on: node) }
    return cluster
}

/// The decision about a pod, as text.
func decision(_ pod: JSON, _ cluster: Cluster) -> String {
    switch Placement.decide(description(pod), in: cluster) {
    case .node(let name): name
    case .nowhere(let message): message
    }
}
