import PintleClient
import PintleKinds

/// The nodes, and the pods that occupy them: those that are bound and those whose binding is on its way.
struct Cluster: Sendable {
    /// One node and what is taken of it.
    struct Node: Sendable {
        /// Nil while pods are known to run there but the node isn't.
        var description: NodeDescription?
        var used = Amounts()
        var pods: [ObjectName: PodDescription] = [:]

        func conflicts(with ports: [HostPort]) -> Bool {
            if ports.isEmpty { return false }
            return pods.values.contains { pod in
                pod.ports.contains { taken in ports.contains { $0.conflicts(with: taken) } }
            }
        }
    }

    private var nodesByName: [String: Node] = [:]
    private var nodeOfPod: [ObjectName: String] = [:]
    /// How many placed pods keep others away.
    private var repellent = 0

    /// Whether any placed pod has rules about others.
    var hasRepellentPods: Bool { repellent > 0 }

    /// The nodes that exist, by name.
    var nodes: [(NodeDescription, Node)] {
        nodesByName.values.compactMap { node in node.description.map { ($0, node) } }
            .sorted { $0.0.name < $1.0.name }
    }

    /// The pod in its place, or nil.
    func pod(_ name: ObjectName) -> PodDescription? { nodeOfPod[name].flatMap { nodesByName[$0]?.pods[name] } }

    /// Adds or changes a node; tells whether anything changed that placing pods depends on.
    mutating func set(_ node: NodeDescription) -> Bool {
        if nodesByName[node.name]?.description == node { return false }
        nodesByName[node.name, default: Node()].description = node
        return true
    }

    /// Forgets a node, not its pods.
    mutating func removeNode(_ name: String) {
        nodesByName[name]?.description = nil
        if nodesByName[name]?.pods.isEmpty == true { nodesByName[name] = nil }
    }

    /// Puts a pod on a node, wherever it was before.
    mutating func place(_ pod: PodDescription, on node: String) {
        remove(pod.name)
        nodesByName[node, default: Node()].pods[pod.name] = pod
        nodesByName[node, default: Node()].used += pod.requests
        nodeOfPod[pod.name] = node
        if pod.neighbours.forbidden.isEmpty == false { repellent += 1 }
    }

    /// Takes a pod away; tells whether it occupied anything.
    @discardableResult
    mutating func remove(_ name: ObjectName) -> Bool {
        guard let node = nodeOfPod.removeValue(forKey: name),
            let pod = nodesByName[node]?.pods.removeValue(forKey: name)
        else { return false }
        nodesByName[node]?.used -= pod.requests
        if pod.neighbours.forbidden.isEmpty == false { repellent -= 1 }
        if let left = nodesByName[node], left.description == nil, left.pods.isEmpty { nodesByName[node] = nil }
        return true
    }
}
