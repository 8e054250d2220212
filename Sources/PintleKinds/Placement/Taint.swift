package import PintleObjects

/// What keeps pods off a node unless they tolerate it.
package struct Taint: Sendable, Hashable {
    package let key: String
    package let value: String
    package let effect: String

    package init(key: String, value: String = "", effect: String) {
        self.key = key
        self.value = value
        self.effect = effect
    }

    package init(_ taint: JSON) {
        self.init(
            key: taint["key"].string ?? "", value: taint["value"].string ?? "", effect: taint["effect"].string ?? "")
    }

    /// Of a cordoned node.
    package static let unschedulable = Taint(key: "node.kubernetes.io/unschedulable", effect: "NoSchedule")
    /// Of a node that isn't ready.
    package static let notReady = Taint(key: "node.kubernetes.io/not-ready", effect: "NoSchedule")
}

/// A pod's word that it doesn't mind a taint.
package struct Toleration: Sendable, Hashable {
    package let key: String
    package let comparison: String
    package let value: String
    package let effect: String

    package init(_ toleration: JSON) {
        key = toleration["key"].string ?? ""
        comparison = toleration["operator"].string ?? ""
        value = toleration["value"].string ?? ""
        effect = toleration["effect"].string ?? ""
    }

    /// Whether it covers `taint`: an empty key or effect covers every one.
    package func tolerates(_ taint: Taint) -> Bool {
        if effect.isEmpty == false, effect != taint.effect { return false }
        if key.isEmpty == false, key != taint.key { return false }
        switch comparison {
        case "", "Equal": return value == taint.value
        case "Exists": return true
        case "Gt", "Lt":
            guard let bound = Int64(value), let actual = Int64(taint.value) else { return false }
            return comparison == "Gt" ? actual > bound : actual < bound
        default: return false
        }
    }
}

extension [Toleration] {
    package func tolerate(_ taint: Taint) -> Bool { contains { $0.tolerates(taint) } }
}
