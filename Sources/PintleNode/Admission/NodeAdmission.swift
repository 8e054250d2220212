internal import PintleObjects
internal import Synchronization

/// Decides, in the order in which pods arrive, which of them may run on the node.
///
/// Threads: any; one decision at a time, so that two pods can't be promised the same room.
final class NodeAdmission: Sendable {
    /// In Kubernetes' order; the first that objects decides.
    static let checks: [@Sendable (AdmissionRequest) -> AdmissionRejection?] = [
        PressureAdmission.check, OSAdmission.check, ResourceAdmission.check, NodeAffinityAdmission.check,
        HostPortAdmission.check, TaintAdmission.check,
    ]

    private let node: NodeState
    private let allowedUnsafeSysctls: [String]
    private let hasAppArmor: Bool
    private let admitted = Mutex<[String: AdmittedPod]>([:])

    init(_ node: NodeState, allowedUnsafeSysctls: [String] = []) {
        self.node = node
        self.allowedUnsafeSysctls = allowedUnsafeSysctls
        hasAppArmor = PodFiles.read("/sys/module/apparmor/parameters/enabled").first == "Y"
    }

    /// What every other admitted pod requests.
    func requests(besides uid: String) -> [[String: Quantity]] {
        admitted.withLock { $0.values.filter { $0.uid != uid }.map(\.requests) }
    }

    /// Admits a pod, or says why not.
    ///
    /// A pod that `runs` was admitted in an earlier run of the agent; it is only counted.
    func admit(_ pod: JSON, runs: Bool) -> AdmissionRejection? {
        let own = AdmittedPod(pod)
        return admitted.withLock { admitted in
            if !runs {
                let others = admitted.values.filter { $0.uid != own.uid }
                let request = AdmissionRequest(pod: pod, node: node.facts, others: others)
                for check in Self.checks {
                    if let rejection = check(request) { return rejection }
                }
                let refusal =
                    SysctlAdmission.check(pod: pod, allowedUnsafe: allowedUnsafeSysctls)
                    ?? AppArmorAdmission.check(pod: pod, isEnabled: hasAppArmor)
                if let refusal { return AdmissionRejection(refusal.reason, refusal.message) }
            }
            admitted[own.uid] = own
            return nil
        }
    }

    /// The pod has changed: it counts with its new requests, or not at all once it has ended.
    func update(_ pod: JSON) {
        let own = AdmittedPod(pod)
        let hasEnded = ["Succeeded", "Failed"].contains(pod["status"]["phase"].string ?? "")
        admitted.withLock { if $0[own.uid] != nil { $0[own.uid] = hasEnded ? nil : own } }
    }

    /// The pod is gone.
    func forget(_ uid: String) { admitted.withLock { $0[uid] = nil } }
}
