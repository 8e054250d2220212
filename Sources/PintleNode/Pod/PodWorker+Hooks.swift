internal import PintleInterfaces
internal import PintleObjects

/// postStart and preStop.
extension PodWorker {
    /// Runs the hook beside the container; the pod's next container waits for it.
    func runPostStart(_ hook: JSON, _ container: PodContainer, _ id: String) {
        let runner = HookRunner(context: context)
        let pod = self.pod
        let ip = podIPs.first ?? ""
        Task { [weak self] in
            let result = await runner.run(
                handler: hook, container: container.spec, containerID: id, pod: pod, podIP: ip, timeout: nil)
            await self?.postStartEnded(container, id, result)
        }
    }

    private func postStartEnded(_ container: PodContainer, _ id: String, _ result: HookRunner.Result) {
        hooked.remove(id)
        defer { signal() }
        guard case .failure(let failure) = result, let current = view.current(container.name), current.id == id,
            current.state == .running
        else { return }
        context.events.record(
            pod, .warning, "FailedPostStartHook", "PostStartHook failed: \(failure)", fieldPath: container.fieldPath)
        endOne(current, grace: ownGrace, message: "FailedPostStartHook")
    }

    /// Runs the hook and returns when it has ended or its time is over.
    func runPreStop(_ hook: JSON, _ container: PodContainer, _ id: String, timeout: Double) async {
        let result = await HookRunner(context: context).run(
            handler: hook, container: container.spec, containerID: id, pod: pod, podIP: podIPs.first ?? "",
            timeout: .seconds(timeout))
        if case .failure(let failure) = result {
            context.events.record(
                pod, .warning, "FailedPreStopHook", "PreStopHook failed: \(failure)", fieldPath: container.fieldPath)
        }
    }

    // MARK: Last words

    private var unread: [RuntimeContainerStatus] {
        view.containers.values.flatMap { $0 }.filter { $0.state == .exited && messages[$0.id] == nil }
    }

    /// Whether a container has ended whose termination message has not been read.
    var hasUnread: Bool { !unread.isEmpty }

    /// Reads the termination messages of containers that have ended.
    func collectMessages() async {
        let ended = unread
        let containers = PodContainer.all(of: pod)
        let directory = context.settings.podDirectory(identity.uid)
        let found = await BlockingWork.run {
            ended.map { status in
                let spec = containers.first { $0.name == status.name }?.spec ?? .null
                let policy = spec["terminationMessagePolicy"].string ?? "File"
                return TerminationMessage.read(
                    status, policy: policy, containers: containers.count, directory: directory)
            }
        }
        for (status, message) in zip(ended, found) { messages[status.id] = message }
        let known = Set(view.containers.values.flatMap { $0.map(\.id) })
        messages = messages.filter { known.contains($0.key) }
    }
}
