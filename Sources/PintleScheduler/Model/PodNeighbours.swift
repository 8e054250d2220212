import PintleClient
import PintleObjects

/// Which other pods a pod must, must not or should evenly share a part of the cluster with.
struct PodNeighbours: Sendable, Equatable {
    /// Pods that are to be, or not to be, in the same topology domain.
    struct Term: Sendable, Equatable {
        let selector: LabelSelector
        /// Empty for all namespaces.
        let namespaces: [String]
        /// The node label whose value names the domain.
        let topologyKey: String

        init(_ term: JSON, namespace: String) {
            selector = LabelSelector.optional(term["labelSelector"])
            let named = (term["namespaces"].array ?? []).compactMap(\.string)
            if term["namespaceSelector"].object?.isEmpty == true {
                namespaces = []
            } else {
                namespaces = named.isEmpty ? [namespace] : named
            }
            topologyKey = term["topologyKey"].string ?? ""
        }

        func matches(_ pod: PodDescription) -> Bool {
            (namespaces.isEmpty || namespaces.contains(pod.name.namespace)) && selector.matches(labels: pod.labels)
        }
    }

    /// How unevenly matching pods may be spread over domains.
    struct Spread: Sendable, Equatable {
        let selector: LabelSelector
        let topologyKey: String
        let maximumSkew: Int
        let minimumDomains: Int
        let honorsTaints: Bool

        init(_ constraint: JSON) {
            selector = LabelSelector.optional(constraint["labelSelector"])
            topologyKey = constraint["topologyKey"].string ?? ""
            maximumSkew = Int(constraint["maxSkew"].int ?? 1)
            minimumDomains = Int(constraint["minDomains"].int ?? 1)
            honorsTaints = constraint["nodeTaintsPolicy"].string == "Honor"
        }
    }

    let required: [Term]
    let forbidden: [Term]
    let spreads: [Spread]

    init(_ spec: JSON, namespace: String) {
        let key = "requiredDuringSchedulingIgnoredDuringExecution"
        required = (spec["affinity"]["podAffinity"][key].array ?? []).map { Term($0, namespace: namespace) }
        forbidden = (spec["affinity"]["podAntiAffinity"][key].array ?? []).map { Term($0, namespace: namespace) }
        spreads = (spec["topologySpreadConstraints"].array ?? []).filter {
            $0["whenUnsatisfiable"].string == "DoNotSchedule"
        }.map(Spread.init)
    }

    var isEmpty: Bool { required.isEmpty && forbidden.isEmpty && spreads.isEmpty }
}

extension LabelSelector {
    /// A selector of a manifest; absent, it matches no pod.
    static func optional(_ selector: JSON) -> LabelSelector {
        if selector.isNull { return .nothing }
        return (try? LabelSelector(object: selector)) ?? .nothing
    }
}
