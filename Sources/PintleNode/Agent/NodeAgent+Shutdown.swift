internal import PintleNodePolicy
internal import PintleObjects

/// The machine goes down: pods end in the order of their priority.
extension NodeAgent {
    static let shutdownMessage = "Pod was terminated in response to imminent node shutdown."

    /// Takes no pod any more and ends all that run, the least important ones first.
    ///
    /// The node tells that it is not ready. A band of priorities begins when the one before it has ended or its time is
    /// over. Kubernetes does this when systemd announces the shutdown; here whoever shuts the machine down asks for it.
    ///
    /// - Returns: How many pods were ended.
    public func shutDown() async -> Int {
        node.shutDown()
        let given = context.settings.policy.shutdown
        let bands =
            given.isEmpty
            ? [ShutdownBand(priority: 0, gracePeriod: 20), ShutdownBand(priority: 2_000_000_000, gracePeriod: 10)]
            : given
        var pods: [[(worker: PodWorker, pod: JSON)]] = bands.map { _ in [] }
        for worker in allWorkers {
            guard let pod = await worker.evictable() else { continue }
            pods[Self.band(pod["spec"]["priority"].int ?? 0, bands)].append((worker, pod))
        }
        for (band, members) in zip(bands, pods) where !members.isEmpty {
            await withTaskGroup(of: Void.self) { group in
                for (worker, pod) in members {
                    let own = pod["spec"]["terminationGracePeriodSeconds"].int ?? 30
                    let grace = min(own, band.gracePeriod)
                    group.addTask {
                        await worker.terminate("Terminated", Self.shutdownMessage, grace: grace, wait: grace + 2)
                    }
                }
                await group.waitForAll()
            }
        }
        return pods.reduce(0) { $0 + $1.count }
    }

    /// The band of a priority: the last one that begins at or below it, else the first.
    static func band(_ priority: Int64, _ bands: [ShutdownBand]) -> Int {
        bands.lastIndex { $0.priority <= priority } ?? 0
    }
}
