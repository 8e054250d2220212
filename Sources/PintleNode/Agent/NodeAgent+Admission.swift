internal import PintleObjects

/// What becomes of a pod before it has a worker.
extension NodeAgent {
    /// Decides whether a pod that was not known yet may run.
    ///
    /// - Returns: Why it has failed, or nil.
    func admissionFailure(_ pod: JSON, _ view: PodView) -> PodStatus.Waiting? {
        let status = pod["status"]
        if status["phase"].string == "Failed", let reason = status["reason"].string {
            // It was rejected or evicted in an earlier run.
            return PodStatus.Waiting(reason: reason, message: status["message"].string ?? "")
        }
        let isEnding = !pod["metadata"]["deletionTimestamp"].isNull || Self.hasEnded(pod)
        if isEnding { return nil }
        let runs = !view.sandboxes.isEmpty || !status["startTime"].isNull
        guard let rejection = admission.admit(pod, runs: runs) else { return nil }
        context.events.record(pod, .warning, rejection.reason, rejection.message)
        return PodStatus.Waiting(reason: rejection.reason, message: "Pod was rejected: \(rejection.message)")
    }

    /// A pod that has ended and has nothing on the node needs no worker before it is deleted.
    func needsNoWorker(_ pod: JSON, _ uid: String) -> Bool {
        Self.hasEnded(pod) && pod["metadata"]["deletionTimestamp"].isNull && !isFound(uid)
    }

    static func hasEnded(_ pod: JSON) -> Bool {
        ["Succeeded", "Failed"].contains(pod["status"]["phase"].string ?? "")
    }
}
