public import PintleObjects

/// Nodes: the machines that pods run on.
public struct NodeStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// The taint of a node that isn't ready; every new node has it until its agent removes it.
    public static let notReadyTaint = "node.kubernetes.io/not-ready"

    /// Names, verbs and subresources.
    public let resource = ResourceDescription(
        kind: "Node", plural: "nodes", singular: "node", shortNames: ["no"], namespaced: false,
        subresources: [
            SubresourceDescription(
                "proxy", kind: "NodeProxyOptions", verbs: ["create", "delete", "get", "patch", "update"]),
            SubresourceDescription("status", kind: "Node", verbs: ["get", "patch", "update"]),
        ],
        storageVersionHash: "XwShjMxG9Fs=")

    /// The columns of `kubectl get nodes`.
    public let columns = NodeTable.columns

    /// Nodes can be selected by whether they take pods.
    public let selectableFields = ["metadata.name", "spec.unschedulable"]

    /// The field's value; `spec.unschedulable` is `false` if absent.
    public func selectableValue(_ object: JSON, field: String) -> String {
        field == "spec.unschedulable"
            ? (object["spec"]["unschedulable"].isTrue ? "true" : "false") : object.selectableText(at: field)
    }

    /// Fills what a status always has.
    public func defaults(_ object: inout JSON) {
        if object["spec"].isNull { object["spec"] = [:] }
        object["spec"].dropIfZero("unschedulable")
        object["spec"].dropIfZero("taints")
        object["status"].setDefault("daemonEndpoints", [:])
        object["status"]["daemonEndpoints"].setDefault("kubeletEndpoint", [:])
        object["status"]["daemonEndpoints"]["kubeletEndpoint"].setDefault("Port", 0)
        object["status"].setDefault("nodeInfo", [:])
        for field in NodeTable.information { object["status"]["nodeInfo"].setDefault(field, "") }
        object["status"].editEach("conditions") { condition in
            for time in ["lastHeartbeatTime", "lastTransitionTime"] { condition.setDefault(time, nil) }
        }
        if object["status"]["allocatable"].isNull, object["status"]["capacity"].isSet {
            object["status"]["allocatable"] = object["status"]["capacity"]
        }
    }

    /// The plugin `TaintNodesByCondition`: a new node gets no pods before it has said that it's ready.
    public func admit(_ object: inout JSON, old: JSON?) throws(StatusError) {
        guard old == nil else { return }
        var taints = object["spec"]["taints"].items
        if taints.contains(where: { $0["key"].text == Self.notReadyTaint && $0["effect"].text == "NoSchedule" }) {
            return
        }
        taints.append(["key": .string(Self.notReadyTaint), "effect": "NoSchedule"])
        object["spec"]["taints"] = .array(taints)
    }

    /// Keeps the status or the spec, depending on the subresource.
    public func prepareForUpdate(_ new: inout JSON, old: JSON, subresource: String?) {
        new.restore(subresource == "status" ? "spec" : "status", from: old)
    }

    /// The rules about a new node.
    public func validate(_ object: JSON) -> [FieldError] {
        var errors = MetadataRules.validate(
            object["metadata"], namespaced: false, name: NameRules.dns1123Subdomain)
        NodeRules.check(object, &errors)
        return errors.all
    }

    /// The rules about a change of a node or its status.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        NodeRules.checkUpdate(new, old: old, &errors)
        return errors.all
    }

    /// The row of `kubectl get nodes`.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] { NodeTable.cells(object, now: now) }
}
