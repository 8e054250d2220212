internal import PintleInterfaces
internal import PintleObjects

/// The end of containers: preStop hook, its turn, TERM, KILL.
extension PodWorker {
    /// A container that is being ended.
    struct Ending {
        /// Seconds from TERM to KILL, at most.
        var grace: Int64
        var task: Task<Void, Never>
    }

    var ownGrace: Int64 { pod["spec"]["terminationGracePeriodSeconds"].int ?? 30 }

    /// Ends everything that runs, side-cars last and in reverse order (KEP-753).
    ///
    /// Calling it again changes nothing, unless the grace is shorter now.
    func endAll(grace: Int64) {
        let roles = PodContainer.all(of: pod)
        let sidecars = roles.filter { $0.role == .sidecar }.map(\.name)
        let running = view.running
        var before = running.filter { !sidecars.contains($0.name) }
        for container in before { endOne(container, grace: grace, message: "Stopping container \(container.name)") }
        for name in sidecars.reversed() {
            guard let container = running.first(where: { $0.name == name }) else { continue }
            endOne(
                container, grace: grace, message: "Stopping container \(name)", after: Set(before.map(\.id)))
            before.append(container)
        }
    }

    /// Ends one container, after others have ended.
    ///
    /// The message is that of the event; nil when it has been told already.
    func endOne(
        _ container: RuntimeContainerStatus, grace: Int64, message: String?, after others: Set<String> = []
    ) {
        var isFirst = true
        if let current = endings[container.id] {
            guard grace < current.grace else { return }
            current.task.cancel()
            isFirst = false
        }
        let role = PodContainer.all(of: pod).first { $0.name == container.name }
        if isFirst, let message {
            context.events.record(pod, .normal, "Killing", message, fieldPath: role?.fieldPath ?? "")
        }
        let hook = isFirst ? role?.spec["lifecycle"]["preStop"] ?? .null : .null
        let task = Task { [weak self] in
            guard let self else { return }
            await self.carryOut(container, role, hook, grace: grace, after: others)
        }
        endings[container.id] = Ending(grace: grace, task: task)
    }

    private func carryOut(
        _ container: RuntimeContainerStatus, _ role: PodContainer?, _ hook: JSON, grace: Int64,
        after others: Set<String>
    ) async {
        var left = Double(grace)
        let began = Self.seconds()
        if !hook.isNull, grace > 0, let role { await runPreStop(hook, role, container.id, timeout: left) }
        while left > 0, !Task.isCancelled {
            let mark = changes.mark
            guard view.running.contains(where: { others.contains($0.id) }) else { break }
            left = Double(grace) - (Self.seconds() - began)
            await changes.wait(after: mark, atMost: left)
        }
        guard !Task.isCancelled else { return }
        // Whoever was given time at all has two seconds after its hook, as in the kubelet.
        left = grace > 0 ? max(min(2, Double(grace)), Double(grace) - (Self.seconds() - began)) : 0
        var request = RuntimeStopContainerRequest()
        request.id = container.id
        request.graceNs = UInt64(left * 1e9)
        do {
            try await context.runtime.stopContainer(request, timeout: .seconds(left + 30))
        } catch {
            guard !Task.isCancelled else { return }
            context.log("stopping container \(container.id): \(error)")
            try? await Task.sleep(for: .seconds(5))
        }
        guard !Task.isCancelled else { return }
        await refresh()
        endings[container.id] = nil
        signal()
    }
}
