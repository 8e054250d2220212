import PintleObjects

/// A choice of nodes by labels and names: any of the terms must match.
struct NodeChoice: Sendable, Equatable {
    /// All requirements must hold; a term without any matches no node.
    struct Term: Sendable, Equatable {
        let labels: [Requirement]
        let names: [Requirement]

        init(_ term: JSON) {
            labels = (term["matchExpressions"].array ?? []).map(Requirement.init)
            names = (term["matchFields"].array ?? []).map(Requirement.init)
        }

        func matches(_ node: NodeDescription) -> Bool {
            if labels.isEmpty && names.isEmpty { return false }
            return labels.allSatisfy { $0.holds(node.labels[$0.key]) } && names.allSatisfy { $0.holds(node.name) }
        }
    }

    struct Requirement: Sendable, Equatable {
        let key: String
        let comparison: String
        let values: [String]

        init(_ requirement: JSON) {
            key = requirement["key"].string ?? ""
            comparison = requirement["operator"].string ?? ""
            values = (requirement["values"].array ?? []).compactMap(\.string)
        }

        func holds(_ value: String?) -> Bool {
            switch comparison {
            case "In": return value.map(values.contains) ?? false
            case "NotIn": return value.map { values.contains($0) == false } ?? true
            case "Exists": return value != nil
            case "DoesNotExist": return value == nil
            case "Gt", "Lt":
                guard let value, let actual = Int64(value), let bound = values.first.flatMap({ Int64($0) }) else {
                    return false
                }
                return comparison == "Gt" ? actual > bound : actual < bound
            default: return false
            }
        }
    }

    let terms: [Term]

    init(_ selector: JSON) { terms = (selector["nodeSelectorTerms"].array ?? []).map(Term.init) }

    func matches(_ node: NodeDescription) -> Bool { terms.contains { $0.matches(node) } }
}

/// A term that would be nice to match, from 1 to 100.
struct NodePreference: Sendable, Equatable {
    let weight: Int64
    let term: NodeChoice.Term

    init(_ preference: JSON) {
        weight = preference["weight"].int ?? 0
        term = NodeChoice.Term(preference["preference"])
    }
}
