internal import Glibc
public import PintleClient
internal import PintleInterfaces
public import PintleObjects

extension NodeAgent {
    /// Copies a container's log to a client, rotated files included; see ``PodStreams``.
    public func logs(
        _ target: ContainerTarget, _ options: LogOptions, write: @Sendable ([UInt8]) async throws -> Void
    ) async throws(StatusError) {
        let container = try await loggedContainer(target, previous: options.previous)
        let reader = LogReader(container.logPath, options)
        guard options.follow, container.state == .running else {
            do { try await reader.copyExisting(write) } catch {
                // The client is gone.
            }
            return
        }
        // Before anything is read, so that no change is missed.
        let wakes: LogWakes
        do { wakes = try LogWakes(folder: LogFiles.split(container.logPath).folder) } catch {
            throw StatusError.internalError(
                "failed to create fsnotify watcher: \(String(cString: strerror(error.errno)))")
        }
        followers.add(wakes, container: container.id)
        defer { followers.remove(wakes, container: container.id) }
        if await !isRunning(container.id) { wakes.end() }
        do {
            try await reader.copyExisting(write)
            for await _ in wakes.stream {
                let state = wakes.take()
                var hasEnded = state.hasEnded
                if state.isUnsure { hasEnded = await !isRunning(container.id) }
                // What was written before the end is read after the end was seen.
                try await reader.copyNew(write)
                if hasEnded || reader.isOver { return }
            }
        } catch {
            // The client is gone.
        }
    }

    private func isRunning(_ id: String) async -> Bool {
        var request = RuntimeStatusRequest()
        request.id = id
        return (try? await context.runtime.containerStatus(request))?.state == .running
    }

    /// The container whose log is meant.
    ///
    /// - Throws: 400 in kubelet's words.
    private func loggedContainer(_ target: ContainerTarget, previous: Bool) async throws(StatusError)
        -> RuntimeContainerStatus
    {
        let (name, pod) = (target.container, target.pod)
        let started = try await containers(target).filter { $0.startedAtNs != 0 || $0.state == .exited }
        guard previous || started.first?.state != .running else { return started[0] }
        let waiting = await status(target)["state"]["waiting"]
        if previous {
            // One that waits to be started again has ended last.
            let ended = started.filter { $0.state == .exited }
            let index = waiting.isNull && started.first?.state == .exited ? 1 : 0
            guard ended.indices.contains(index) else {
                throw .badRequest("previous terminated container \"\(name)\" in pod \"\(pod)\" not found")
            }
            return ended[index]
        }
        if let last = started.first { return last }
        let start = "container \"\(name)\" in pod \"\(pod)\" is waiting to start: "
        switch waiting["reason"].string {
        case "ErrImagePull": throw .badRequest(start + "image can't be pulled")
        case "ImagePullBackOff": throw .badRequest(start + "trying and failing to pull image")
        case let reason: throw .badRequest(start + (reason ?? "ContainerCreating"))
        }
    }

    /// The container's entry in the pod's status.
    private func status(_ target: ContainerTarget) async -> JSON {
        guard let pod = try? await context.client.find(.pods, namespace: target.namespace, name: target.pod) else {
            return .null
        }
        for list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
            if let found = pod["status"][list].array?.first(where: { $0["name"].string == target.container }) {
                return found
            }
        }
        return .null
    }
}
