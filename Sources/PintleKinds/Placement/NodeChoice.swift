package import PintleObjects

/// A choice of nodes by labels and names: any of the terms must match.
package struct NodeChoice: Sendable, Equatable {
    /// All requirements must hold; a term without any matches no node.
    package struct Term: Sendable, Equatable {
        package let labels: [Requirement]
        package let names: [Requirement]

        package init(_ term: JSON) {
            labels = (term["matchExpressions"].array ?? []).map(Requirement.init)
            names = (term["matchFields"].array ?? []).map(Requirement.init)
        }

        /// Whether a node of this name with these labels is one.
        package func matches(name: String, labels nodeLabels: [String: String]) -> Bool {
            if labels.isEmpty && names.isEmpty { return false }
            return labels.allSatisfy { $0.holds(nodeLabels[$0.key]) } && names.allSatisfy { $0.holds(name) }
        }
    }

    package struct Requirement: Sendable, Equatable {
        package let key: String
        package let comparison: String
        package let values: [String]

        package init(_ requirement: JSON) {
            key = requirement["key"].string ?? ""
            comparison = requirement["operator"].string ?? ""
            values = (requirement["values"].array ?? []).compactMap(\.string)
        }

        /// Whether it holds for what a node has; nil is nothing.
        package func holds(_ value: String?) -> Bool {
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

    package let terms: [Term]

    package init(_ selector: JSON) { terms = (selector["nodeSelectorTerms"].array ?? []).map(Term.init) }

    /// Whether a node of this name with these labels matches one of the terms.
    package func matches(name: String, labels: [String: String]) -> Bool {
        terms.contains { $0.matches(name: name, labels: labels) }
    }
}

/// A term that would be nice to match, from 1 to 100.
package struct NodePreference: Sendable, Equatable {
    package let weight: Int64
    package let term: NodeChoice.Term

    package init(_ preference: JSON) {
        weight = preference["weight"].int ?? 0
        term = NodeChoice.Term(preference["preference"])
    }
}
