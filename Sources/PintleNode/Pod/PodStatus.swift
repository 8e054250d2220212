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
    var backoffs: [String: Double] = [:]
    var podIPs: [String] = []
    var hostIPs: [String] = []
    var now: Timestamp
    /// The whole pod has failed for this reason, whatever its containers do.
    var failure: Waiting?

    /// The new status; conditions keep the times at which they last changed.
    func build() -> JSON {
        let old = pod["status"]
        var status: JSON = .object(JSONObject())
        if let generation = pod["metadata"]["generation"].int { status["observedGeneration"] = .integer(generation) }
        let phase = self.phase
        status["phase"] = .string(phase)
        status["conditions"] = .array(conditions(phase, old["conditions"].array ?? []))
        if let failure {
            status["reason"] = .string(failure.reason)
            status["message"] = .string(failure.message)
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
        status["containerStatuses"] = .array(names.map { containerStatus($0) })
        status["qosClass"] = old["qosClass"].isNull ? "BestEffort" : old["qosClass"]
        return status
    }

    private var specs: [JSON] { pod["spec"]["containers"].array ?? [] }
    private var names: [String] { specs.map { $0["name"].string ?? "" }.sorted() }
    private var restartPolicy: String { pod["spec"]["restartPolicy"].string ?? "Always" }

    /// Pending until every container has started once; then Running until all have ended for good.
    var phase: String {
        if failure != nil { return "Failed" }
        var waitingCount = 0, running = 0, failed = 0, succeeded = 0
        for name in names {
            guard let current = view.current(name), current.state != .created else {
                waitingCount += 1
                continue
            }
            if current.state == .running {
                running += 1
            } else if current.exitCode == 0, current.reason != "StartError" {
                succeeded += 1
            } else {
                failed += 1
            }
        }
        if waitingCount > 0 { return "Pending" }
        if running > 0 { return "Running" }
        switch restartPolicy {
        case "Always": return "Running"
        case "OnFailure": return failed > 0 ? "Running" : "Succeeded"
        default: return failed > 0 ? "Failed" : "Succeeded"
        }
    }

    private func containerStatus(_ name: String) -> JSON {
        let spec = specs.first { $0["name"].string == name } ?? .null
        let current = view.current(name)
        var status: JSON = .object(JSONObject())
        status["name"] = .string(name)
        let (state, last) = states(name, current)
        status["state"] = state
        status["lastState"] = last
        let running = current?.state == .running && waiting[name] == nil
        status["ready"] = .bool(running)
        status["restartCount"] = .integer(Int64(current?.attempt ?? 0))
        status["image"] = .string(
            current.map { $0.image.isEmpty ? spec["image"].string ?? "" : $0.image } ?? spec["image"].string ?? "")
        status["imageID"] = .string(current?.imageRef ?? "")
        if let current { status["containerID"] = .string("pintle://\(current.id)") }
        status["started"] = .bool(running)
        if current != nil, !spec["resources"].isNull {
            status["resources"] = spec["resources"]
            if !spec["resources"]["requests"].isNull { status["allocatedResources"] = spec["resources"]["requests"] }
        }
        if let user = current?.user {
            status["user"] = [
                "linux": [
                    "uid": .integer(user.uid), "gid": .integer(user.gid),
                    "supplementalGroups": .array(user.supplementalGroups.map { .integer($0) }),
                ]
            ]
        }
        return status
    }

    private func states(_ name: String, _ current: RuntimeContainerStatus?) -> (state: JSON, last: JSON) {
        let none: JSON = .object(JSONObject())
        guard let current, current.state != .created else {
            let why = waiting[name] ?? Waiting(reason: "ContainerCreating", message: "")
            return (Self.waitingState(why), none)
        }
        let previous = view.previous(name).map { Self.terminated($0) } ?? none
        if current.state == .running { return (Self.runningState(current), previous) }
        if let why = waiting[name] { return (Self.waitingState(why), Self.terminated(current)) }
        return (Self.terminated(current), previous)
    }

    private static func waitingState(_ why: Waiting) -> JSON {
        var waiting: JSON = ["reason": .string(why.reason)]
        if !why.message.isEmpty { waiting["message"] = .string(why.message) }
        return ["waiting": waiting]
    }

    private static func runningState(_ container: RuntimeContainerStatus) -> JSON {
        ["running": ["startedAt": Timestamp(nanoseconds: container.startedAtNs).json]]
    }

    static func terminated(_ container: RuntimeContainerStatus) -> JSON {
        var state: JSON = ["exitCode": .integer(Int64(container.exitCode))]
        if container.signal != 0 { state["signal"] = .integer(Int64(container.signal)) }
        let reason = container.reason.isEmpty ? (container.exitCode == 0 ? "Completed" : "Error") : container.reason
        state["reason"] = .string(reason)
        if !container.message.isEmpty { state["message"] = .string(container.message) }
        let ended = container.finishedAtNs > 0 ? container.finishedAtNs : container.createdAtNs
        state["startedAt"] = Timestamp(nanoseconds: container.startedAtNs > 0 ? container.startedAtNs : ended).json
        state["finishedAt"] = Timestamp(nanoseconds: ended).json
        state["containerID"] = .string("pintle://\(container.id)")
        return ["terminated": state]
    }

    private func conditions(_ phase: String, _ old: [JSON]) -> [JSON] {
        let unready = names.filter { view.current($0)?.state != .running || waiting[$0] != nil }
        let finished = phase == "Succeeded" || phase == "Failed"
        let sandboxReady = view.sandbox != nil && (!podIPs.isEmpty) && !finished
        var wanted: [(type: String, status: Bool, reason: String, message: String)] = []
        wanted.append(("PodReadyToStartContainers", sandboxReady, "", ""))
        wanted.append(("Initialized", true, phase == "Succeeded" ? "PodCompleted" : "", ""))
        let reason =
            phase == "Succeeded"
            ? "PodCompleted" : phase == "Failed" ? "PodFailed" : unready.isEmpty ? "" : "ContainersNotReady"
        let message =
            reason == "ContainersNotReady" ? "containers with unready status: [\(unready.joined(separator: " "))]" : ""
        let ready = unready.isEmpty && !finished
        wanted.append(("Ready", ready, reason, message))
        wanted.append(("ContainersReady", ready, reason, message))
        let known = Set(wanted.map(\.type))
        var all = wanted.map { condition in
            Self.condition(
                condition.type, condition.status ? "True" : "False", condition.reason, condition.message,
                old: old.first { $0["type"].string == condition.type }, pod, now)
        }
        if let scheduled = old.first(where: { $0["type"].string == "PodScheduled" }) {
            all.append(scheduled)
        } else {
            all.append(Self.condition("PodScheduled", "True", "", "", old: nil, pod, now))
        }
        return all + old.filter { !known.contains($0["type"].string ?? "") && $0["type"].string != "PodScheduled" }
    }

    private static func condition(
        _ type: String, _ status: String, _ reason: String, _ message: String, old: JSON?, _ pod: JSON, _ now: Timestamp
    ) -> JSON {
        var condition: JSON = ["type": .string(type)]
        if let generation = pod["metadata"]["generation"].int { condition["observedGeneration"] = .integer(generation) }
        condition["status"] = .string(status)
        condition["lastProbeTime"] = .null
        condition["lastTransitionTime"] =
            old?["status"].string == status ? old?["lastTransitionTime"] ?? now.json : now.json
        if !reason.isEmpty { condition["reason"] = .string(reason) }
        if !message.isEmpty { condition["message"] = .string(message) }
        return condition
    }
}
