internal import PintleInterfaces
internal import PintleObjects

/// How a running pod gets the resources that its spec asks for now: a decision without I/O.
///
/// Carry it out in this order: ``podFirst``, then each of ``steps``, then ``podLast``. So the pod's cgroup is never
/// smaller than what its containers may use together.
struct PodResizePlan: Sendable, Equatable {
    /// Whether the node can give the pod what it asks for.
    enum Verdict: Sendable, Equatable {
        case fits
        /// It would fit, but other pods have too much now: try again when one of them ends or shrinks.
        case deferred(String)
        /// It would never fit here.
        case infeasible(String)
    }

    var verdict: Verdict
    /// By container name; only containers that need something.
    var steps: [String: ContainerResize.Step] = [:]
    /// Limits of the pod before its containers change, and after: nil when they stay.
    var podFirst: RuntimeResources?
    var podLast: RuntimeResources?

    /// Whether there is anything to do or to wait for.
    var isNeeded: Bool { !steps.isEmpty }

    /// Plans for a pod whose containers run.
    ///
    /// - Parameters:
    ///   - pod: What is wanted.
    ///   - view: What is.
    ///   - others: What the other pods of the node request that have not ended.
    ///   - allocatable: What pods may request.
    ///   - memoryCapacity: The node's, bytes.
    ///   - pidsLimit: Of the settings.
    init(
        pod: JSON, view: PodView, others: @autoclosure () -> [[String: Quantity]],
        allocatable: @autoclosure () -> [String: Quantity], memoryCapacity: Int64, pidsLimit: Int64
    ) {
        verdict = .fits
        let sidecars = (pod["spec"]["initContainers"].array ?? []).filter { $0["restartPolicy"].string == "Always" }
        let containers = (pod["spec"]["containers"].array ?? []) + sidecars
        for container in containers {
            let name = container["name"].string ?? ""
            guard let running = view.current(name) else { continue }
            let step = ContainerResize.step(container, pod: pod, running: running, memoryCapacity: memoryCapacity)
            if step != .keep { steps[name] = step }
        }
        guard isNeeded else { return }
        verdict = Self.verdict(pod, others: others(), allocatable: allocatable())
        guard verdict == .fits else { return }
        let wanted = ContainerResources.pod(pod, pidsLimit: pidsLimit)
        let now = containers.compactMap { view.current($0["name"].string ?? "")?.resources }
        podFirst = Self.widest(wanted, now)
        podLast = Self.explicit(wanted)
    }

    /// What covers both the wanted limits and those in force.
    private static func widest(_ wanted: RuntimeResources, _ now: [RuntimeResources]) -> RuntimeResources {
        var result = explicit(wanted)
        func sum(_ value: (RuntimeResources) -> Int64) -> Int64 {
            // One without a limit means that the pod has none.
            if now.contains(where: { value($0) <= 0 }) { return -1 }
            return Int64(clamping: now.reduce(Int128(0)) { $0 + Int128(value($1)) })
        }
        func wider(_ a: Int64, _ b: Int64) -> Int64 { a < 0 || b < 0 ? -1 : max(a, b) }
        result.cpuQuotaUs = wider(result.cpuQuotaUs, sum { $0.cpuQuotaUs })
        result.memoryLimitBytes = wider(result.memoryLimitBytes, sum { $0.memoryLimitBytes })
        return result
    }

    /// With `-1`, which takes a limit away, in place of 0, which leaves it.
    private static func explicit(_ resources: RuntimeResources) -> RuntimeResources {
        var result = resources
        if result.cpuQuotaUs == 0 { result.cpuQuotaUs = -1 }
        if result.cpuPeriodUs == 0 { result.cpuPeriodUs = ContainerResources.period }
        if result.memoryLimitBytes == 0 { result.memoryLimitBytes = -1 }
        return result
    }

    static func verdict(_ pod: JSON, others used: [[String: Quantity]], allocatable: [String: Quantity]) -> Verdict {
        let wanted = PodTotals(pod["spec"]).requests
        var late: Verdict = .fits
        for (name, scale) in [("cpu", 1000), ("memory", 1)] as [(String, Int64)] {
            func amount(_ quantity: Quantity?) -> Int128 {
                Int128(scale == 1 ? quantity?.value ?? 0 : quantity?.milliValue ?? 0)
            }
            guard let capacity = allocatable[name].map({ amount($0) }) else { continue }
            let asked = amount(wanted[name])
            if asked > capacity {
                return .infeasible(
                    "Node didn't have enough capacity: \(name), requested: \(asked), capacity: \(capacity)")
            }
            let taken = used.reduce(Int128(0)) { $0 + amount($1[name]) }
            if taken + asked > capacity, late == .fits {
                late = .deferred(
                    "Node didn't have enough resource: \(name), requested: \(asked), used: \(taken), capacity: \(capacity)"
                )
            }
        }
        return late
    }

    /// The conditions that the pod's status shows for it: type, reason and message; each with status `True`.
    ///
    /// `failure` says why carrying it out has failed last, if it has.
    func conditions(failure: String? = nil) -> [(type: String, reason: String, message: String)] {
        switch verdict {
        case .deferred(let message): return [("PodResizePending", "Deferred", message)]
        case .infeasible(let message): return [("PodResizePending", "Infeasible", message)]
        case .fits where !isNeeded: return []
        case .fits: return [("PodResizeInProgress", failure == nil ? "" : "Error", failure ?? "")]
        }
    }
}
