import PintleKinds

/// Whether one node can take one pod; the first kind of obstacle counts.
enum NodeFilter {
    /// What stands in the way; nothing if the pod can go there.
    static func obstacles(for pod: PodDescription, on node: NodeDescription, _ state: Cluster.Node) -> [Obstacle] {
        if node.isUnschedulable, pod.tolerations.tolerate(.unschedulable) == false { return [.unschedulable] }
        let taint = node.taints.first { taint in
            taint.effect != "PreferNoSchedule" && pod.tolerations.tolerate(taint) == false
        }
        if let taint { return [.taint(taint)] }
        if node.isReady == false, pod.tolerations.tolerate(.notReady) == false { return [.notReady] }
        if isChosen(node, by: pod) == false { return [.affinity] }
        if state.conflicts(with: pod.ports) { return [.ports] }
        return shortages(for: pod, on: node, state)
    }

    /// Whether the pod's own choice of nodes allows this one.
    static func isChosen(_ node: NodeDescription, by pod: PodDescription) -> Bool {
        pod.nodeLabels.allSatisfy { node.labels[$0.key] == $0.value }
            && pod.requiredNodes?.matches(name: node.name, labels: node.labels) != false
    }

    private static func shortages(
        for pod: PodDescription, on node: NodeDescription, _ state: Cluster.Node
    ) -> [Obstacle] {
        var obstacles: [Obstacle] = []
        if Int64(state.pods.count) + 1 > node.maximumPods { obstacles.append(.tooManyPods) }
        for name in pod.requests.names {
            let request = pod.requests[name]
            let whole = node.allocatable[name]
            if request > 0, request > whole - state.used[name] {
                obstacles.append(.insufficient(name, isResolvable: request <= whole))
            }
        }
        return obstacles
    }
}
