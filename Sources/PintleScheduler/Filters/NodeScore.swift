import PintleKinds

/// How good a node is for a pod that fits: more is better.
enum NodeScore {
    /// What a container without requests is taken for: a tenth of a core, 200 MiB.
    private static let least = (cpu: Int64(100), memory: Int64(200) << 20)

    static func score(_ pod: PodDescription, on node: NodeDescription, _ state: Cluster.Node) -> Int64 {
        let cpu = free(
            node.allocatable.cpu, used(\.cpu, state, least.cpu) + max(pod.requests.cpu, least.cpu))
        let memory = free(
            node.allocatable.memory, used(\.memory, state, least.memory) + max(pod.requests.memory, least.memory))
        let preferred = pod.preferredNodes.reduce(0) {
            $0 + ($1.term.matches(name: node.name, labels: node.labels) ? $1.weight : 0)
        }
        let avoided = Int64(
            node.taints.count { $0.effect == "PreferNoSchedule" && pod.tolerations.tolerate($0) == false })
        return (cpu + memory) / 2 + 2 * preferred - 100 * avoided
    }

    private static func used(_ part: KeyPath<Amounts, Int64>, _ state: Cluster.Node, _ least: Int64) -> Int64 {
        state.pods.values.reduce(0) { $0 + max($1.requests[keyPath: part], least) }
    }

    /// The part that stays free, from 0 to 100.
    private static func free(_ whole: Int64, _ used: Int64) -> Int64 {
        whole <= 0 || used > whole ? 0 : Int64((Double(whole - used) * 100 / Double(whole)).rounded(.down))
    }
}
