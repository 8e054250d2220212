public import PintleObjects

/// Pods: the group of containers that run together on one node.
public struct PodStrategy: ResourceStrategy {
    /// Makes the strategy; it has no state.
    public init() {}

    /// Names, verbs and subresources.
    public let resource = ResourceDescription(
        kind: "Pod", plural: "pods", singular: "pod", shortNames: ["po"], categories: ["all"],
        subresources: [
            SubresourceDescription("attach", kind: "PodAttachOptions", verbs: ["create", "get"]),
            SubresourceDescription("binding", kind: "Binding", verbs: ["create"]),
            SubresourceDescription("ephemeralcontainers", kind: "Pod", verbs: ["get", "patch", "update"]),
            SubresourceDescription("eviction", kind: "Eviction", verbs: ["create"], group: "policy", version: "v1"),
            SubresourceDescription("exec", kind: "PodExecOptions", verbs: ["create", "get"]),
            SubresourceDescription("log", kind: "Pod", verbs: ["get"]),
            SubresourceDescription("portforward", kind: "PodPortForwardOptions", verbs: ["create", "get"]),
            SubresourceDescription(
                "proxy", kind: "PodProxyOptions", verbs: ["create", "delete", "get", "patch", "update"]),
            SubresourceDescription("resize", kind: "Pod", verbs: ["get", "patch", "update"]),
            SubresourceDescription("status", kind: "Pod", verbs: ["get", "patch", "update"]),
        ],
        storageVersionHash: "xPOwRZ+Yhw8=")

    /// The columns of `kubectl get pods`.
    public let columns = PodTable.columns

    /// What watchers of one node or one phase select by.
    public let selectableFields = [
        "metadata.name", "metadata.namespace", "spec.nodeName", "spec.restartPolicy", "spec.schedulerName",
        "spec.serviceAccountName", "spec.hostNetwork", "status.phase", "status.podIP", "status.nominatedNodeName",
    ]

    /// The field's value; `spec.hostNetwork` is `false` if absent.
    public func selectableValue(_ object: JSON, field: String) -> String {
        switch field {
        case "spec.hostNetwork": object["spec"]["hostNetwork"].isTrue ? "true" : "false"
        case "status.podIP":
            object["status"]["podIPs"][0]["ip"].string ?? object["status"]["podIP"].text
        default: object.selectableText(at: field)
        }
    }

    /// Fills what depends on other fields, from the image's pull policy to the requests.
    public func defaults(_ object: inout JSON) { PodDefaults.apply(to: &object) }

    /// Applies priority, service account and default tolerations.
    public func admit(_ object: inout JSON, old: JSON?) throws(StatusError) {
        try PodAdmission.admit(&object, old: old)
    }

    /// Starts the pod off as `Pending`, with its quality of service.
    public func prepareForCreate(_ object: inout JSON) {
        object["metadata"]["generation"] = 1
        PodLabelKeys.resolve(in: &object)
        var status: JSON = [
            "phase": "Pending", "qosClass": .string(PodResources.qualityOfService(of: object["spec"])),
        ]
        if object["spec"]["schedulingGates"].isAbsentOrEmpty == false {
            status["conditions"] = [
                [
                    "type": "PodScheduled", "status": "False", "lastProbeTime": nil, "lastTransitionTime": nil,
                    "reason": "SchedulingGated",
                    "message": "Scheduling is blocked due to non-empty scheduling gates",
                ]
            ]
        }
        object["status"] = status
    }

    /// Keeps the spec, the status or all but one list, depending on the subresource.
    public func prepareForUpdate(_ new: inout JSON, old: JSON, subresource: String?) {
        switch subresource {
        case "status":
            new["spec"] = old["spec"]
            new["metadata"].restore("ownerReferences", from: old["metadata"])
            if new["status"]["qosClass"].text.isEmpty { new["status"].restore("qosClass", from: old["status"]) }
            new["metadata"].restore("generation", from: old["metadata"])
            return
        case "ephemeralcontainers":
            let containers = new["spec"]["ephemeralContainers"]
            new["spec"] = old["spec"]
            new["spec"].restore("ephemeralContainers", from: ["ephemeralContainers": containers])
            new["status"] = old["status"]
        case "resize":
            new["spec"] = PodResize.spec(of: new, old: old)
            new["status"] = old["status"]
        default:
            new.restore("status", from: old)
        }
        let generation = old["metadata"]["generation"].int ?? 1
        let changed = new["spec"].isEquivalent(to: old["spec"]) == false
        new["metadata"]["generation"] = .integer(generation + (changed ? 1 : 0))
    }

    /// All rules for a new pod.
    public func validate(_ object: JSON) -> [FieldError] { PodRules.validateCreate(object) }

    /// All rules for a change of a pod, its status, its resources or its ephemeral containers.
    public func validateUpdate(_ new: JSON, old: JSON, subresource: String?) -> [FieldError] {
        switch subresource {
        case "status": PodStatusRules.validate(new, old: old)
        case "ephemeralcontainers": PodUpdateRules.validateEphemeralContainers(new, old: old)
        case "resize": PodResize.validate(new, old: old)
        default: PodUpdateRules.validate(new, old: old)
        }
    }

    /// Duplicated environment variables, deprecated labels and the like.
    public func warnings(_ object: JSON, old: JSON?) -> [String] { PodWarnings.warnings(of: object, old: old) }

    /// The pod's own period unless another is asked for; none before it runs and after it has ended.
    public func gracePeriod(_ object: JSON, requested: Int64?) -> Int64? {
        let period = requested ?? object["spec"]["terminationGracePeriodSeconds"].int ?? 0
        let phase = object["status"]["phase"].text
        if object["spec"]["nodeName"].text.isEmpty || phase == "Failed" || phase == "Succeeded" { return 0 }
        return period < 0 ? 1 : period
    }

    /// The row of `kubectl get pods`.
    public func cells(_ object: JSON, now: Timestamp) -> [JSON] { PodTable.cells(object, now: now) }
}
