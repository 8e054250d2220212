internal import PintleObjects

/// `status.conditions`.
extension PodStatus {
    /// The conditions that the node agent writes; all others are somebody else's.
    private static let own: Set = [
        "PodReadyToStartContainers", "Initialized", "Ready", "ContainersReady", "PodScheduled", "PodResizePending",
        "PodResizeInProgress",
    ]

    /// A new status over the one that the API has, whose conditions of others stay as they are there.
    static func merge(_ status: JSON, into current: JSON) -> JSON {
        var merged = current.object ?? JSONObject()
        // There is no way back from a phase in which a pod has ended.
        let hasEnded = ["Succeeded", "Failed"].contains(current["phase"].string ?? "")
        for (key, value) in status.object?.members ?? [] where key != "phase" || !hasEnded { merged[key] = value }
        func conditions(_ list: JSON, ours: Bool) -> [JSON] {
            (list.array ?? []).filter { own.contains($0["type"].string ?? "") == ours }
        }
        let others = conditions(current["conditions"], ours: false)
        // The agent sets this one when it evicts, the API when somebody else does.
        let disruption = conditions(status["conditions"], ours: false).filter { condition in
            condition["type"].string == "DisruptionTarget"
                && !others.contains { $0["type"].string == "DisruptionTarget" }
        }
        merged["conditions"] = .array(conditions(status["conditions"], ours: true) + others + disruption)
        return .object(merged)
    }

    /// A condition before it gets its times.
    private struct Condition {
        var type: String
        var isTrue: Bool
        var reason = ""
        var message = ""
    }

    func conditions(_ phase: String, _ plan: PodPlan, _ containers: [PodContainer], _ old: [JSON]) -> [JSON] {
        let finished = phase == "Succeeded" || phase == "Failed"
        let hasSandbox = view.sandbox != nil && !podIPs.isEmpty && !finished
        var wanted = [
            Condition(type: "PodReadyToStartContainers", isTrue: hasSandbox), initialized(phase, plan, containers),
        ]
        let containersReady = containersReady(phase, containers)
        var ready = containersReady
        ready.type = "Ready"
        if ready.isTrue, let gate = failingGates(old) { ready = gate }
        wanted += [ready, containersReady]
        wanted += resize.map { Condition(type: $0.type, isTrue: true, reason: $0.reason, message: $0.message) }
        var all = wanted.map { condition in json(condition, old: old.first { $0["type"].string == condition.type }) }
        if let scheduled = old.first(where: { $0["type"].string == "PodScheduled" }) {
            all.append(scheduled)
        } else {
            all.append(json(Condition(type: "PodScheduled", isTrue: true), old: nil))
        }
        return all + old.filter { !Self.own.contains($0["type"].string ?? "") }
    }

    private func initialized(_ phase: String, _ plan: PodPlan, _ containers: [PodContainer]) -> Condition {
        var condition = Condition(type: "Initialized", isTrue: true)
        if phase == "Succeeded" {
            condition.reason = "PodCompleted"
        } else if !plan.initialized, !plan.finished || plan.initFailed {
            let incomplete = containers.filter { $0.role == .initial ? !isReady($0) : $0.comesFirst && !isStarted($0) }
            condition.isTrue = incomplete.isEmpty
            if !incomplete.isEmpty {
                condition.reason = "ContainersNotInitialized"
                condition.message = Self.sentence("incomplete", incomplete)
            }
        }
        return condition
    }

    private func containersReady(_ phase: String, _ containers: [PodContainer]) -> Condition {
        var condition = Condition(type: "ContainersReady", isTrue: false)
        if phase == "Succeeded" || phase == "Failed" {
            condition.reason = phase == "Succeeded" ? "PodCompleted" : "PodFailed"
            return condition
        }
        let unready = containers.filter { ($0.role == .main || $0.role == .sidecar) && !isReady($0) }
        condition.isTrue = unready.isEmpty
        if !unready.isEmpty {
            condition.reason = "ContainersNotReady"
            condition.message = Self.sentence("unready", unready)
        }
        return condition
    }

    /// The Ready condition when all containers are ready and a readiness gate is not.
    private func failingGates(_ old: [JSON]) -> Condition? {
        var messages: [String] = []
        for gate in pod["spec"]["readinessGates"].array ?? [] {
            let type = gate["conditionType"].string ?? ""
            guard let status = old.first(where: { $0["type"].string == type })?["status"].string else {
                messages.append("corresponding condition of pod readiness gate \"\(type)\" does not exist.")
                continue
            }
            if status != "True" {
                messages.append("the status of pod readiness gate \"\(type)\" is not \"True\", but \(status)")
            }
        }
        guard !messages.isEmpty else { return nil }
        return Condition(
            type: "Ready", isTrue: false, reason: "ReadinessGatesNotReady", message: messages.joined(separator: ", "))
    }

    private static func sentence(_ kind: String, _ containers: [PodContainer]) -> String {
        "containers with \(kind) status: [\(containers.map(\.name).joined(separator: " "))]"
    }

    private func json(_ condition: Condition, old: JSON?) -> JSON {
        var json: JSON = ["type": .string(condition.type)]
        if let generation = pod["metadata"]["generation"].int { json["observedGeneration"] = .integer(generation) }
        let status = condition.isTrue ? "True" : "False"
        json["status"] = .string(status)
        json["lastProbeTime"] = .null
        json["lastTransitionTime"] = old?["status"].string == status ? old?["lastTransitionTime"] ?? now.json : now.json
        if !condition.reason.isEmpty { json["reason"] = .string(condition.reason) }
        if !condition.message.isEmpty { json["message"] = .string(condition.message) }
        return json
    }
}
