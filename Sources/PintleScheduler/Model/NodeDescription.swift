import PintleKinds
import PintleObjects

/// What placing pods needs to know about a node; equal as long as nothing of that changes.
struct NodeDescription: Sendable, Equatable {
    let name: String
    let labels: [String: String]
    let taints: [Taint]
    let isUnschedulable: Bool
    let isReady: Bool
    /// What pods may use.
    let allocatable: Amounts
    /// How many pods may run.
    let maximumPods: Int64

    init(_ node: JSON) {
        name = node["metadata"]["name"].string ?? ""
        labels = node["metadata"]["labels"].texts
        taints = (node["spec"]["taints"].array ?? []).map(Taint.init)
        isUnschedulable = node["spec"]["unschedulable"].bool == true
        isReady = (node["status"]["conditions"].array ?? []).contains {
            $0["type"].string == "Ready" && $0["status"].string == "True"
        }
        allocatable = Amounts(list: node["status"]["allocatable"])
        maximumPods = Quantity(node["status"]["allocatable"]["pods"])?.value ?? 0
    }
}

extension JSON {
    /// The members that are strings.
    var texts: [String: String] {
        var texts: [String: String] = [:]
        for (key, value) in object?.members ?? [] { texts[key] = value.string }
        return texts
    }
}
