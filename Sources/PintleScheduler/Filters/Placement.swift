import PintleClient

/// The decision about one pod.
enum Placement: Equatable {
    /// It fits on this node.
    case node(String)
    /// It fits nowhere; the sentence says why, in Kubernetes' words.
    case nowhere(String)

    /// Looks at every node and takes the best that fits; of equals the first by name.
    static func decide(_ pod: PodDescription, in cluster: Cluster) -> Placement {
        let nodes = cluster.nodes
        if nodes.isEmpty { return .nowhere("no nodes available to schedule pods") }
        let neighbours = NeighbourFilter(pod, in: cluster)
        var best: (name: String, score: Int64)?
        var refusals: [[Obstacle]] = []
        for (node, state) in nodes {
            var obstacles = NodeFilter.obstacles(for: pod, on: node, state)
            if obstacles.isEmpty, let obstacle = neighbours?.obstacle(on: node) { obstacles = [obstacle] }
            guard obstacles.isEmpty else {
                refusals.append(obstacles)
                continue
            }
            let score = NodeScore.score(pod, on: node, state)
            if best.map({ score > $0.score }) ?? true { best = (node.name, score) }
        }
        if let best { return .node(best.name) }
        return .nowhere(explanation(of: refusals))
    }

    /// The obstacles, each with the number of nodes that have it, then what making room would do.
    private static func explanation(of refusals: [[Obstacle]]) -> String {
        let outcomes = refusals.map { obstacles in
            obstacles.contains { $0.isResolvable == false }
                ? "Preemption is not helpful for scheduling" : "No preemption victims found for incoming pod"
        }
        let available = "0/\(refusals.count) nodes are available: "
        return available + counted(refusals.flatMap { $0.map(\.text) }) + " preemption: " + available
            + counted(outcomes)
    }

    private static func counted(_ texts: [String]) -> String {
        var counts: [String: Int] = [:]
        for text in texts { counts[text, default: 0] += 1 }
        return counts.map { "\($0.value) \($0.key)" }.sorted().joined(separator: ", ") + "."
    }
}
