internal import PintleKinds
internal import PintleObjects

/// A pod that wants to run here, and everything that decides whether it may.
struct AdmissionRequest: Sendable {
    let pod: JSON
    let node: NodeState.Facts
    /// The pods that have been admitted and have not ended.
    let others: [AdmittedPod]

    var spec: JSON { pod["spec"] }
    /// Whether it comes from a file of the node.
    var isStatic: Bool { pod["metadata"]["annotations"]["kubernetes.io/config.source"].string == "file" }
    /// Whether the node needs it: such a pod is not turned away for pressure.
    var isCritical: Bool { AdmittedPod.isCritical(pod) }
    var tolerations: [Toleration] { (spec["tolerations"].array ?? []).map { Toleration($0) } }
}

/// What an admitted pod takes of the node.
struct AdmittedPod: Sendable, Hashable {
    let uid: String
    let requests: [String: Quantity]
    let ports: [HostPort]

    init(_ pod: JSON) {
        uid = pod["metadata"]["uid"].string ?? ""
        requests = PodResources.requests(of: pod["spec"])
        ports = HostPort.all(of: pod["spec"])
    }

    /// Kubernetes' rule: pods from files, their mirrors, and the two system priority classes.
    static func isCritical(_ pod: JSON) -> Bool {
        let annotations = pod["metadata"]["annotations"]
        if annotations["kubernetes.io/config.source"].string == "file" { return true }
        if !annotations["kubernetes.io/config.mirror"].isNull { return true }
        return (pod["spec"]["priority"].int ?? 0) >= 2_000_000_000
    }
}

/// Why a pod may not run here; its phase is Failed for good.
struct AdmissionRejection: Sendable, Hashable {
    let reason: String
    /// As in the event; the status has `Pod was rejected: ` before it.
    let message: String

    init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }

    /// One of the scheduler's predicates said no.
    init(predicate name: String, _ text: String) { self.init(name, "Predicate \(name) failed: \(text)") }
}
