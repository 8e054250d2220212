import PintleClient
import PintleKinds
import PintleObjects

/// The rules between pods, worked out once for a pod over the whole cluster, then asked for each node.
struct NeighbourFilter {
    private let pod: PodDescription
    /// For each of the pod's required and forbidden terms, the domains that have a matching pod.
    private var required: [Set<String>] = []
    private var forbidden: [Set<String>] = []
    /// Node labels that other pods forbid this one to be near: key and value.
    private var repelled: Set<[String]> = []
    /// For each constraint, how many matching pods each domain has.
    private var counts: [[String: Int]] = []

    /// Nil if there are no rules to follow.
    init?(_ pod: PodDescription, in cluster: Cluster) {
        if pod.neighbours.isEmpty, cluster.hasRepellentPods == false { return nil }
        self.pod = pod
        let nodes = cluster.nodes
        required = pod.neighbours.required.map { Self.domains(of: $0, nodes) }
        forbidden = pod.neighbours.forbidden.map { Self.domains(of: $0, nodes) }
        for (node, state) in nodes {
            for other in state.pods.values {
                for term in other.neighbours.forbidden where term.matches(pod) {
                    if let value = node.labels[term.topologyKey] { repelled.insert([term.topologyKey, value]) }
                }
            }
        }
        counts = pod.neighbours.spreads.map { Self.counts(of: $0, for: pod, nodes) }
    }

    private static func domains(
        of term: PodNeighbours.Term, _ nodes: [(NodeDescription, Cluster.Node)]
    ) -> Set<String> {
        Set(
            nodes.compactMap { node, state in
                state.pods.values.contains(where: term.matches) ? node.labels[term.topologyKey] : nil
            })
    }

    /// Only nodes that the pod could choose make up domains.
    private static func counts(
        of spread: PodNeighbours.Spread, for pod: PodDescription, _ nodes: [(NodeDescription, Cluster.Node)]
    ) -> [String: Int] {
        var counts: [String: Int] = [:]
        for (node, state) in nodes where NodeFilter.isChosen(node, by: pod) {
            if spread.honorsTaints,
                node.taints.contains(where: { $0.effect != "PreferNoSchedule" && pod.tolerations.tolerate($0) == false }
                )
            {
                continue
            }
            guard let domain = node.labels[spread.topologyKey] else { continue }
            counts[domain, default: 0] += state.pods.values.count {
                $0.name.namespace == pod.name.namespace && spread.selector.matches(labels: $0.labels)
            }
        }
        return counts
    }

    /// What stands in the way; nil if the pod can go to `node`.
    func obstacle(on node: NodeDescription) -> Obstacle? {
        for (index, spread) in pod.neighbours.spreads.enumerated() {
            guard let domain = node.labels[spread.topologyKey] else { return .spreadLabel }
            let own = spread.selector.matches(labels: pod.labels) ? 1 : 0
            let fewest = counts[index].count < spread.minimumDomains ? 0 : counts[index].values.min() ?? 0
            if (counts[index][domain] ?? 0) + own - fewest > spread.maximumSkew { return .spread }
        }
        if isNearRequired(node) == false { return .podAffinity }
        for (term, domains) in zip(pod.neighbours.forbidden, forbidden) {
            if let domain = node.labels[term.topologyKey], domains.contains(domain) { return .podAntiAffinity }
        }
        for (key, value) in node.labels where repelled.contains([key, value]) { return .existingAntiAffinity }
        return nil
    }

    /// The first pod of a group that wants to be together has none to join: it may go anywhere.
    private func isNearRequired(_ node: NodeDescription) -> Bool {
        let terms = pod.neighbours.required
        if terms.isEmpty { return true }
        if terms.contains(where: { node.labels[$0.topologyKey] == nil }) { return false }
        if required.allSatisfy(\.isEmpty), terms.allSatisfy({ $0.matches(pod) }) { return true }
        return zip(terms, required).allSatisfy { term, domains in
            node.labels[term.topologyKey].map(domains.contains) ?? false
        }
    }
}
