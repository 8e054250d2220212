internal import PintleObjects

/// Evictions, as the agent carries them out.
extension NodeAgent {
    /// Looks for shortages until the task is cancelled.
    ///
    /// While no pod runs there is nothing to evict, so nothing is looked at.
    func watchPressure() async {
        let manager = EvictionManager(
            policy: context.settings.policy,
            meter: MachineMeter(runtime: context.runtime, storage: context.storage, settings: context.settings),
            node: node, target: AgentEviction(agent: self))
        let (wakes, wake) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        await withTaskGroup(of: Void.self) { group in
            group.addTask { for await _ in MemoryPressureTrigger.stream() { wake.yield() } }
            group.addTask {
                defer { wake.finish() }
                while !Task.isCancelled {
                    let pause = await manager.pause(now: Self.monotonic())
                    try? await Task.sleep(for: .seconds(pause))
                    // Without pods only a pressure that is still told of has to be looked after.
                    if self.podCount > 0 || !self.node.facts.pressures.isEmpty { wake.yield() }
                }
            }
            group.addTask {
                for await _ in wakes {
                    while await manager.check(now: Self.monotonic()), !Task.isCancelled {}
                }
            }
        }
    }

    static func monotonic() -> Double {
        let time = ContinuousClock.now - clockStart
        return Double(time.components.seconds) + Double(time.components.attoseconds) / 1e18
    }

    private static let clockStart = ContinuousClock.now
}

/// What the manager does through the agent.
struct AgentEviction: EvictionTarget {
    let agent: NodeAgent

    func candidates() async -> [JSON] {
        var pods: [JSON] = []
        for worker in agent.allWorkers {
            if let pod = await worker.evictable() { pods.append(pod) }
        }
        return pods
    }

    func evict(_ pod: JSON, message: String, grace: Int64) async {
        let uid = pod["metadata"]["uid"].string ?? ""
        guard let worker = agent.worker(uid) else { return }
        agent.context.events.record(pod, .warning, "Evicted", message)
        await worker.evict(message: message, grace: grace)
    }

    func reclaimDisk() async -> Bool { await agent.collector.removeUnused(now: NodeAgent.monotonic()) }

    func attempting(_ resource: String) {
        agent.context.events.record(
            NodeAgent.reference(agent.context.settings.name), .warning, "EvictionThresholdMet",
            "Attempting to reclaim \(resource)")
    }
}

extension PodWorker {
    /// The pod, if it could be evicted now.
    func evictable() -> JSON? {
        view.running.isEmpty || failure != nil || gone || !pod["metadata"]["deletionTimestamp"].isNull ? nil : pod
    }

    /// Ends the pod for good because the node is short of something.
    func evict(message: String, grace: Int64) async {
        await terminate("Evicted", message, grace: grace, wait: 30)
    }

    /// Ends the pod for good because of the node; returns when it has ended, or after so many seconds.
    func terminate(_ reason: String, _ message: String, grace: Int64, wait: Int64) async {
        guard evictable() != nil else { return }
        var condition: JSON = [
            "type": "DisruptionTarget", "status": "True", "reason": "TerminationByKubelet",
            "message": .string(message), "lastProbeTime": .null, "lastTransitionTime": Timestamp.now.json,
        ]
        if let generation = pod["metadata"]["generation"].int { condition["observedGeneration"] = .integer(generation) }
        let others = (pod["status"]["conditions"].array ?? []).filter { $0["type"].string != "DisruptionTarget" }
        pod["status"]["conditions"] = .array(others + [condition])
        fail(PodStatus.Waiting(reason: reason, message: message), grace: grace)
        for _ in 0..<wait * 10 where !view.running.isEmpty { try? await Task.sleep(for: .milliseconds(100)) }
    }
}
