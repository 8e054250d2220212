internal import PintleInterfaces
internal import PintleObjects

/// `containerStatuses` and its siblings.
extension PodStatus {
    func containerStatus(_ container: PodContainer, _ plan: PodPlan, among all: [PodContainer]) -> JSON {
        let spec = container.spec
        let current = view.current(container.name)
        var status: JSON = .object(JSONObject())
        status["name"] = .string(container.name)
        let (state, last) = states(container, current, plan, among: all)
        status["state"] = state
        status["lastState"] = last
        status["ready"] = .bool(isReady(container))
        status["restartCount"] = .integer(Int64(current?.attempt ?? 0))
        let asked = spec["image"].string ?? ""
        status["image"] = .string(current.map { $0.image.isEmpty ? asked : $0.image } ?? asked)
        status["imageID"] = .string(current?.imageRef ?? "")
        if let current { status["containerID"] = .string("pintle://\(current.id)") }
        status["started"] = .bool(isStarted(container))
        if current != nil, !spec["resources"].isNull {
            status["resources"] = ContainerResize.actual(
                allocated: spec["resources"], running: current?.state == .running ? current?.resources : nil)
            if !spec["resources"]["requests"].isNull { status["allocatedResources"] = spec["resources"]["requests"] }
        }
        if current != nil, spec["volumeMounts"].array?.isEmpty == false {
            status["volumeMounts"] = VolumeMountStatus.list(spec)
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

    private func states(
        _ container: PodContainer, _ current: RuntimeContainerStatus?, _ plan: PodPlan, among all: [PodContainer]
    ) -> (state: JSON, last: JSON) {
        let none: JSON = .object(JSONObject())
        // While its hook runs a container is still being started.
        let isHooked = current.map { $0.state == .running && facts.hooked.contains($0.id) } ?? false
        guard let current, current.state != .created, !isHooked else {
            let hasInit = container.role != .ephemeral && all.contains(where: \.comesFirst)
            let unstarted = hasInit && (container.comesFirst || !plan.initialized)
            let usual = unstarted ? "PodInitializing" : "ContainerCreating"
            let why = waiting[container.name] ?? Waiting(reason: usual, message: "")
            return (Self.waitingState(why), view.previous(container.name).map { terminated($0) } ?? none)
        }
        let previous = view.previous(container.name).map { terminated($0) } ?? none
        if current.state == .running { return (Self.runningState(current), previous) }
        if let why = waiting[container.name] { return (Self.waitingState(why), terminated(current)) }
        return (terminated(current), previous)
    }

    private static func waitingState(_ why: Waiting) -> JSON {
        var waiting: JSON = ["reason": .string(why.reason)]
        if !why.message.isEmpty { waiting["message"] = .string(why.message) }
        return ["waiting": waiting]
    }

    private static func runningState(_ container: RuntimeContainerStatus) -> JSON {
        ["running": ["startedAt": Timestamp(nanoseconds: container.startedAtNs).json]]
    }

    private func terminated(_ container: RuntimeContainerStatus) -> JSON {
        var state: JSON = ["exitCode": .integer(Int64(container.exitCode))]
        if container.signal != 0 { state["signal"] = .integer(Int64(container.signal)) }
        let reason = container.reason.isEmpty ? (container.exitCode == 0 ? "Completed" : "Error") : container.reason
        state["reason"] = .string(reason)
        let message = messages[container.id].flatMap { $0.isEmpty ? nil : $0 } ?? container.message
        if !message.isEmpty { state["message"] = .string(message) }
        let ended = container.finishedAtNs > 0 ? container.finishedAtNs : container.createdAtNs
        state["startedAt"] = Timestamp(nanoseconds: container.startedAtNs > 0 ? container.startedAtNs : ended).json
        state["finishedAt"] = Timestamp(nanoseconds: ended).json
        state["containerID"] = .string("pintle://\(container.id)")
        return ["terminated": state]
    }
}
