internal import PintleInterfaces
internal import PintleObjects

/// A pod's status as Kubernetes reports it, computed from what exists.
///
/// No I/O.
struct PodStatus: Sendable {
    /// Why a container is not running although it should: reason and message by container name.
    struct Waiting: Sendable, Hashable {
        var reason: String
        var message: String
    }

    var pod: JSON
    var view: PodView
    var waiting: [String: Waiting] = [:]
    var facts = PodPlan.Facts()
    /// Ids of running containers whose readiness probe has not succeeded.
    var unready: Set<String> = []
    /// Termination messages by container id.
    var messages: [String: String] = [:]
    var podIPs: [String] = []
    var hostIPs: [String] = []
    var now: Timestamp
    /// The whole pod has failed for this reason, whatever its containers do.
    var failure: Waiting?
    /// The conditions of a resize that is going on or waiting.
    var resize: [(type: String, reason: String, message: String)] = []

    /// The new status; conditions keep the times at which they last changed.
    func build() -> JSON {
        let old = pod["status"]
        let plan = PodPlan(pod: pod, view: view, facts: facts)
        let containers = PodContainer.all(of: pod)
        var status: JSON = .object(JSONObject())
        if let generation = pod["metadata"]["generation"].int { status["observedGeneration"] = .integer(generation) }
        let phase = phase(plan)
        status["phase"] = .string(phase)
        status["conditions"] = .array(conditions(phase, plan, containers, old["conditions"].array ?? []))
        if let failure {
            status["reason"] = .string(failure.reason)
            status["message"] = .string(failure.message)
        } else if let message = logMessage {
            status["message"] = .string(message)
        }
        if let ip = hostIPs.first {
            status["hostIP"] = .string(ip)
            status["hostIPs"] = .array(hostIPs.map { ["ip": .string($0)] })
        }
        if let ip = podIPs.first {
            status["podIP"] = .string(ip)
            status["podIPs"] = .array(podIPs.map { ["ip": .string($0)] })
        }
        status["startTime"] = old["startTime"].isNull ? now.json : old["startTime"]
        func list(_ key: String, _ chosen: [PodContainer]) {
            if !chosen.isEmpty { status[key] = .array(chosen.map { containerStatus($0, plan, among: containers) }) }
        }
        list("initContainerStatuses", containers.filter(\.comesFirst))
        list("containerStatuses", containers.filter { $0.role == .main }.sorted { $0.name < $1.name })
        list("ephemeralContainerStatuses", containers.filter { $0.role == .ephemeral }.sorted { $0.name < $1.name })
        status["qosClass"] = old["qosClass"].isNull ? "BestEffort" : old["qosClass"]
        return status
    }

    /// The phase now.
    var phase: String { phase(PodPlan(pod: pod, view: view, facts: facts)) }

    /// Pending until every main container has started once, then Running.
    ///
    /// The pod ends when nothing will run again and nothing runs any more, side-cars included.
    private func phase(_ plan: PodPlan) -> String {
        let mains = PodContainer.all(of: pod).filter { $0.role == .main }
        if failure != nil { return view.running.isEmpty ? "Failed" : oldPhase }
        if plan.initFailed { return view.running.isEmpty ? "Failed" : "Pending" }
        let current = mains.map { view.current($0.name) }
        if plan.finished {
            guard view.running.isEmpty else { return "Running" }
            return current.allSatisfy { $0?.exitCode == 0 && $0?.reason != "StartError" } ? "Succeeded" : "Failed"
        }
        return current.contains { $0 == nil || $0?.state == .created } ? "Pending" : "Running"
    }

    private var oldPhase: String { pod["status"]["phase"].string ?? "Pending" }

    // MARK: What is said of a container, for conditions too

    /// It runs, its hook is done and its startup probe has succeeded; an init container has run to its end.
    func isStarted(_ container: PodContainer) -> Bool {
        guard let current = view.current(container.name), waiting[container.name] == nil else { return false }
        return current.state == .running && !facts.unstarted.contains(current.id)
    }

    /// It counts as ready in the pod's conditions.
    func isReady(_ container: PodContainer) -> Bool {
        guard let current = view.current(container.name) else { return false }
        if container.role == .initial { return current.state == .exited && current.exitCode == 0 }
        return isStarted(container) && !unready.contains(current.id)
    }
}
