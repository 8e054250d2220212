internal import PintleInterfaces
internal import Synchronization

/// What the runtime says of pods.
extension NodeAgent {
    /// Follows the runtime's events as long as the agent works.
    func followRuntime() async {
        while !Task.isCancelled {
            do {
                let (stream, continuation) = AsyncStream<RuntimeEvent>.makeStream()
                try await withThrowingTaskGroup(of: Void.self) { group in
                    group.addTask { [context] in
                        defer { continuation.finish() }
                        try await context.runtime.events { event in
                            continuation.yield(event)
                            return true
                        }
                    }
                    group.addTask {
                        for await event in stream { await self.deliver(event) }
                    }
                    try await group.waitForAll()
                }
            } catch {
                guard !Task.isCancelled else { return }
                context.log("the runtime's events ended: \(error); listening again in a second")
                try? await Task.sleep(for: .seconds(1))
                await resync()
            }
        }
    }

    private func deliver(_ event: RuntimeEvent) async {
        if event.type == .resync { return await resync() }
        followers.observe(event)
        logs.observe(event)
        let uid = event.container?.labels["io.kubernetes.pod.uid"] ?? event.sandbox?.uid
        guard let uid, let worker = worker(uid) else { return }
        await worker.observe(event)
    }

    /// Compares every pod with what the runtime lists.
    func resync() async {
        let views = await views()
        followers.beUnsure()
        for (uid, entry) in workers.withLock({ $0.byUID }) { await entry.worker.replace(views[uid] ?? PodView()) }
    }

    /// What exists of every pod, by its uid.
    func views() async -> [String: PodView] {
        do {
            let sandboxes = try await context.runtime.listSandboxes(RuntimeSandboxFilter())
            let containers = try await context.runtime.listContainers(RuntimeContainerFilter())
            let uidOf = Dictionary(sandboxes.map { ($0.id, $0.uid) }, uniquingKeysWith: { $1 })
            let containersOf = Dictionary(grouping: containers) { uidOf[$0.sandboxId] ?? "" }
            var views: [String: PodView] = [:]
            for (uid, own) in Dictionary(grouping: sandboxes, by: \.uid) where !uid.isEmpty {
                views[uid] = PodView(sandboxes: own, containers: containersOf[uid] ?? [])
            }
            return views
        } catch {
            context.log("listing what runs: \(error)")
            return [:]
        }
    }
}
