internal import PintleKinds

/// While the node is short of something, pods that would make it worse are turned away.
enum PressureAdmission {
    static func check(_ request: AdmissionRequest) -> AdmissionRejection? {
        if request.node.isShuttingDown {
            return AdmissionRejection("NodeShutdown", "Pod was rejected as the node is shutting down.")
        }
        guard !request.node.pressures.isEmpty, !request.isCritical else { return nil }
        if request.node.pressures == [.memory] {
            // Memory that a pod requests has been counted; BestEffort pods request none.
            guard PodResources.qualityOfService(of: request.spec) == "BestEffort" else { return nil }
            let taint = Taint(key: NodePressure.memory.taint, effect: "NoSchedule")
            if request.tolerations.contains(where: { $0.tolerates(taint) }) { return nil }
        }
        let names = request.node.pressures.map(\.rawValue).sorted().joined(separator: " ")
        return AdmissionRejection("Evicted", "The node had condition: [\(names)]. ")
    }
}
