internal import PintleInterfaces
internal import PintleObjects

/// Kubernetes' resources as cgroup limits.
///
/// No amount, however large, makes the arithmetic overflow: what does not fit becomes the largest that does.
enum ContainerResources {
    /// The CFS period, microseconds.
    static let period: Int64 = 100_000

    /// Limits of one container.
    ///
    /// - Parameters:
    ///   - container: From the spec of `pod`.
    ///   - pod: The container's pod, for its class of service and its priority.
    ///   - memoryCapacity: The node's, bytes, for the oom score.
    /// - Returns: What the runtime is asked to set.
    static func runtime(_ container: JSON, pod: JSON, memoryCapacity: Int64) -> RuntimeResources {
        let limits = container["resources"]["limits"]
        let requests = container["resources"]["requests"]
        var resources = RuntimeResources()
        resources.cpuShares = shares(milli(requests["cpu"]) ?? milli(limits["cpu"]) ?? 0)
        setQuota(milli(limits["cpu"]), &resources)
        resources.memoryLimitBytes = max(0, bytes(limits["memory"]) ?? 0)
        resources.hugepageLimits = hugepages(limits)
        resources.oomScoreAdj = OOMScore.adjustment(container, pod: pod, memoryCapacity: memoryCapacity)
        return resources
    }

    /// Limits of a whole pod: what its containers ask for together, and a limit only if every container has one.
    ///
    /// - Parameters:
    ///   - pod: The pod.
    ///   - pidsLimit: Processes and threads of one pod; 0 means no limit.
    /// - Returns: What the runtime is asked to set.
    static func pod(_ pod: JSON, pidsLimit: Int64) -> RuntimeResources {
        let spec = pod["spec"]
        let total = PodTotals(spec)
        var resources = RuntimeResources()
        resources.pidsLimit = pidsLimit
        guard qos(pod) != "BestEffort" else {
            resources.cpuShares = shares(0)
            return resources
        }
        resources.cpuShares = shares(total.requests["cpu"]?.milliValue ?? 0)
        setQuota(total.limits["cpu"]?.milliValue, &resources)
        resources.memoryLimitBytes = max(0, total.limits["memory"]?.value ?? 0)
        for (name, quantity) in total.limits.sorted(by: { $0.key < $1.key }) {
            if let limit = hugepage(name, quantity) { resources.hugepageLimits.append(limit) }
        }
        return resources
    }

    /// The pod's class of service, which never changes.
    static func qos(_ pod: JSON) -> String { pod["status"]["qosClass"].string ?? "BestEffort" }

    /// Weight in version 1 units.
    static func shares(_ milliCPU: Int64) -> Int64 {
        milliCPU <= 0 ? 2 : Int64(clamping: min(max(2, Int128(milliCPU) * 1024 / 1000), 262_144))
    }

    /// Processor time in a period, microseconds; the kernel takes no less than a millisecond and no more than 2^44.
    static func quota(_ milliCPU: Int64) -> Int64 {
        Int64(clamping: min(max(1000, Int128(milliCPU) * Int128(period) / 1000), 1 << 44))
    }

    private static func setQuota(_ milliCPU: Int64?, _ resources: inout RuntimeResources) {
        guard let milliCPU, milliCPU > 0 else { return }
        resources.cpuPeriodUs = period
        resources.cpuQuotaUs = quota(milliCPU)
    }

    private static func hugepages(_ limits: JSON) -> [RuntimeHugepageLimit] {
        (limits.object?.members ?? []).compactMap { name, value in
            Quantity(value).flatMap { hugepage(name, $0) }
        }.sorted { $0.pageSize < $1.pageSize }
    }

    /// `hugepages-2Mi` as the kernel names its files: `2MB`.
    private static func hugepage(_ name: String, _ quantity: Quantity) -> RuntimeHugepageLimit? {
        guard name.hasPrefix("hugepages-"), let size = Quantity(String(name.dropFirst("hugepages-".count)))?.value,
            size > 0
        else { return nil }
        var limit = RuntimeHugepageLimit()
        limit.pageSize =
            size % (1 << 30) == 0 ? "\(size >> 30)GB" : size % (1 << 20) == 0 ? "\(size >> 20)MB" : "\(size >> 10)KB"
        limit.limitBytes = UInt64(clamping: quantity.value)
        return limit
    }

    static func milli(_ json: JSON) -> Int64? { Quantity(json)?.milliValue }
    static func bytes(_ json: JSON) -> Int64? { Quantity(json)?.value }
}
