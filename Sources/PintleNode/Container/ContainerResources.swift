internal import PintleInterfaces
internal import PintleObjects

/// Kubernetes' resources as cgroup limits.
enum ContainerResources {
    /// Limits of one container; `memoryCapacity` is the node's, bytes, for the oom score.
    static func runtime(_ container: JSON, qos: String, memoryCapacity: Int64) -> RuntimeResources {
        let limits = container["resources"]["limits"]
        let requests = container["resources"]["requests"]
        var resources = RuntimeResources()
        let cpuRequest = milli(requests["cpu"]) ?? milli(limits["cpu"]) ?? 0
        resources.cpuShares = shares(cpuRequest)
        if let limit = milli(limits["cpu"]), limit > 0 {
            resources.cpuPeriodUs = 100_000
            resources.cpuQuotaUs = max(1000, limit * 100)
        }
        resources.memoryLimitBytes = bytes(limits["memory"]) ?? 0
        resources.oomScoreAdj = oomScore(
            qos: qos, memoryRequest: bytes(requests["memory"]) ?? bytes(limits["memory"]) ?? 0, capacity: memoryCapacity
        )
        return resources
    }

    /// The sum over a pod's containers; a limit only if every container has one.
    static func pod(_ containers: [JSON]) -> RuntimeResources {
        var resources = RuntimeResources()
        var cpu: Int64 = 0
        var quota: Int64? = 0
        var memory: Int64? = 0
        for container in containers {
            let limits = container["resources"]["limits"]
            cpu += milli(container["resources"]["requests"]["cpu"]) ?? milli(limits["cpu"]) ?? 0
            quota = quota.flatMap { sum in milli(limits["cpu"]).map { sum + $0 } }
            memory = memory.flatMap { sum in bytes(limits["memory"]).map { sum + $0 } }
        }
        resources.cpuShares = shares(cpu)
        if let quota, quota > 0 {
            resources.cpuPeriodUs = 100_000
            resources.cpuQuotaUs = max(1000, quota * 100)
        }
        resources.memoryLimitBytes = memory ?? 0
        return resources
    }

    static func shares(_ milliCPU: Int64) -> Int64 { milliCPU <= 0 ? 2 : min(max(2, milliCPU * 1024 / 1000), 262_144) }

    /// The kubelet's formula: less memory requested, sooner killed.
    static func oomScore(qos: String, memoryRequest: Int64, capacity: Int64) -> Int64 {
        switch qos {
        case "Guaranteed": return -997
        case "BestEffort": return 1000
        default:
            guard capacity > 0 else { return 999 }
            return min(max(1000 - 1000 * memoryRequest / capacity, 3), 999)
        }
    }

    private static func milli(_ json: JSON) -> Int64? { Quantity(json)?.milliValue }
    private static func bytes(_ json: JSON) -> Int64? { Quantity(json)?.value }
}
