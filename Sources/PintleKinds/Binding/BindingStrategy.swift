public import PintleObjects

/// Bindings: the scheduler's word that a pod is to run on a node.
///
/// They are never stored.
public struct BindingStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// Names and verbs.
    public let resource = ResourceDescription(
        kind: "Binding", plural: "bindings", singular: "binding", verbs: ["create"], storageVersionHash: "")

    /// The columns that kubectl would show.
    public let columns = [TableColumn.objectName, .age]

    /// The rules about the target.
    public func validate(_ object: JSON) -> [FieldError] {
        var errors = FieldErrors()
        let path = FieldPath("target")
        let kind = object["target"]["kind"].text
        if ["", "Node"].contains(kind) == false { errors.notSupported(path.child("kind"), kind, ["Node", "<empty>"]) }
        errors.require(path.child("name"), object["target"]["name"].text)
        return errors.all
    }

    /// Bindings can't be changed, so there's nothing to check.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] { validate(new) }

    /// Name and age.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] { [object.nameCell, object.ageCell(at: now)] }
}

/// What a binding does to its pod.
public enum PodBinding {
    /// Sets `spec.nodeName` and the condition `PodScheduled`, and takes over the binding's labels and annotations.
    ///
    /// `binding` must be valid, see ``BindingStrategy/validate(_:)``. Throws `Conflict` if the pod has another uid, is
    /// being deleted, is held by scheduling gates or has a node; the pod is unchanged then.
    public static func assign(_ binding: JSON, to pod: inout JSON, now: Timestamp) throws(StatusError) {
        let name = pod["metadata"]["name"].text
        func conflict(_ why: String) -> StatusError {
            .conflict(group: "", resource: "pods/binding", name: name, why)
        }
        if let uid = binding["metadata"]["uid"].string, uid.isEmpty == false, uid != pod["metadata"]["uid"].text {
            throw .conflict(
                group: "", resource: "pods", name: name,
                "Precondition failed: UID in precondition: \(uid), UID in object meta: \(pod["metadata"]["uid"].text)")
        }
        if pod["metadata"]["deletionTimestamp"].isSet {
            throw conflict("pod \(name) is being deleted, cannot be assigned to a host")
        }
        let node = pod["spec"]["nodeName"].text
        if node.isEmpty == false { throw conflict("pod \(name) is already assigned to node \(goQuoted(node))") }
        if pod["spec"]["schedulingGates"].isAbsentOrEmpty == false {
            throw conflict("pod \(name) has non-empty .spec.schedulingGates")
        }
        pod["spec"]["nodeName"] = binding["target"]["name"]
        for field in ["labels", "annotations"] {
            for (key, value) in binding["metadata"][field].entries { pod["metadata"][field][key] = value }
        }
        PodConditions.set("PodScheduled", status: "True", in: &pod["status"], now: now)
    }
}

/// The conditions of a pod.
public enum PodConditions {
    /// Sets a condition; its transition time changes only if its status does.
    ///
    /// `status` is `"True"`, `"False"` or `"Unknown"`, `podStatus` the pod's `status`. Tells whether anything changed.
    @discardableResult
    public static func set(
        _ type: String, status: String, reason: String = "", message: String = "", in podStatus: inout JSON,
        now: Timestamp
    ) -> Bool {
        var conditions = podStatus["conditions"].items
        let index = conditions.firstIndex { $0["type"].text == type }
        let old = index.map { conditions[$0] } ?? .null
        if old["status"].text == status, old["reason"].text == reason, old["message"].text == message { return false }
        var condition: JSON = ["type": .string(type), "status": .string(status), "lastProbeTime": nil]
        condition["lastTransitionTime"] =
            old["status"].text == status && old["lastTransitionTime"].isSet ? old["lastTransitionTime"] : now.json
        if reason.isEmpty == false { condition["reason"] = .string(reason) }
        if message.isEmpty == false { condition["message"] = .string(message) }
        if let generation = old["observedGeneration"].int { condition["observedGeneration"] = .integer(generation) }
        if let index { conditions[index] = condition } else { conditions.append(condition) }
        podStatus["conditions"] = .array(conditions)
        return true
    }
}
