internal import PintleNodePolicy
internal import PintleObjects

/// What the eviction manager does to the node; tests give another one.
protocol EvictionTarget: Sendable {
    /// The pods that run.
    func candidates() async -> [JSON]
    /// Ends a pod for good; returns when its containers have ended, or after half a minute.
    func evict(_ pod: JSON, message: String, grace: Int64) async
    /// Frees disk space without ending a pod; true when something was freed.
    func reclaimDisk() async -> Bool
    /// Tells that a threshold is passed.
    func attempting(_ resource: String)
}

/// Ends pods before the node runs out of memory, disk, inodes or process ids.
///
/// Looks every ten seconds while a pod runs, and at once when the kernel reports memory pressure. What is left on the
/// node costs some 30 µs to read; pods are measured only when they have limits on disk or one of them has to go.
actor EvictionManager {
    static let interval: Double = 10
    private let meter: any NodeMeter
    private let node: NodeState
    private let target: any EvictionTarget
    private var plan: EvictionPlan

    init(policy: NodePolicy, meter: any NodeMeter, node: NodeState, target: any EvictionTarget) {
        self.meter = meter
        self.node = node
        self.target = target
        plan = EvictionPlan(policy)
    }

    /// Looks once; true when a pod was evicted, so that looking again at once makes sense.
    func check(now: Double) async -> Bool {
        let pods = await target.candidates()
        var observed = await meter.observe()
        var verdict = plan.judge(observed, now: now)
        node.update(pressures: verdict.pressures)
        if await enforceLimits(pods) { return true }
        guard var first = verdict.due.first else { return false }
        target.attempting(EvictionMessage.resource(first.signal))
        if EvictionPlan.pressure(first.signal) == .disk, await target.reclaimDisk() {
            observed = await meter.observe()
            verdict = plan.judge(observed, now: now)
            guard let still = verdict.due.first else { return false }
            first = still
        }
        var candidates: [EvictionCandidate] = []
        let onDisk = EvictionPlan.pressure(first.signal) == .disk
        for pod in pods {
            candidates.append(
                EvictionCandidate(pod: pod, usage: await meter.usage(pod, disk: onDisk) ?? PodUsage()))
        }
        guard let chosen = EvictionRank.order(candidates, for: first.signal).first else { return false }
        let message = EvictionMessage.make(chosen, first, observed[first.signal])
        let own = chosen.pod["spec"]["terminationGracePeriodSeconds"].int ?? 30
        let grace = first.gracePeriod > 0 ? min(own, plan.policy.evictionMaxPodGracePeriod) : 1
        await target.evict(chosen.pod, message: message, grace: grace)
        return true
    }

    /// When to look again at the latest.
    func pause(now: Double) -> Double { min(Self.interval, max(0.1, plan.nextDue(now: now) ?? Self.interval)) }

    private func enforceLimits(_ pods: [JSON]) async -> Bool {
        var evicted = false
        for pod in pods where LocalStorageLimits.has(pod) {
            guard let usage = await meter.usage(pod, disk: true),
                let message = LocalStorageLimits.excess(pod, usage)
            else { continue }
            await target.evict(pod, message: message, grace: 1)
            evicted = true
        }
        return evicted
    }
}
