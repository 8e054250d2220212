import Glibc
import PintleInterfaces
import PintleSystem

extension Cgroups {
    /// Sets the limits of a cgroup.
    ///
    /// Zero fields stay as they are.
    ///
    /// - Throws: ``SystemError`` for a limit that the kernel refuses or that this kernel has no controller for.
    func limit(_ path: String, _ resources: RuntimeResources) throws(SystemError) {
        if layout.isUnified {
            try limitUnified(path, resources)
        } else {
            try limitHierarchies(path, resources)
        }
        if !resources.unified.isEmpty, let unified = layout.unified {
            for (file, value) in resources.unified.sorted(by: { $0.key < $1.key }) {
                guard !file.contains("/"), !file.hasPrefix("cgroup.") else {
                    throw SystemError("set", file, errno: EINVAL)
                }
                try FileAccess.write("\(unified)\(path)/\(file)", value)
            }
        }
    }

    /// On version 2, makes a lack of memory end all processes of a container and not one of them, as kubelet does.
    func killTogether(_ path: String) {
        guard layout.isUnified, let unified = layout.unified else { return }
        try? FileAccess.write("\(unified)\(path)/memory.oom.group", "1")
    }

    /// The memory that a cgroup holds and can't give back without harm, bytes; nil when nobody counts it.
    func memoryInUse(_ path: String) -> UInt64? {
        let (root, file, inactive) =
            layout.isUnified
            ? (layout.unified, "memory.current", "inactive_file")
            : (layout.mountPoint(of: "memory"), "memory.usage_in_bytes", "total_inactive_file")
        guard let root, let text = try? FileAccess.text("\(root)\(path)/\(file)"),
            let used = UInt64(text.prefix { $0.isNumber })
        else { return nil }
        let statistics = (try? FileAccess.text("\(root)\(path)/memory.stat")) ?? ""
        let line = statistics.split(separator: "\n").first { $0.hasPrefix(inactive + " ") }
        let cache = line.flatMap { UInt64($0.dropFirst(inactive.count + 1)) } ?? 0
        return used > cache ? used - cache : 0
    }

    // MARK: Version 1

    private func limitHierarchies(_ path: String, _ resources: RuntimeResources) throws(SystemError) {
        if resources.cpuShares > 0 {
            try set("cpu", path, "cpu.shares", "\(min(max(resources.cpuShares, 2), 262_144))")
        }
        if resources.cpuQuotaUs != 0 || resources.cpuPeriodUs > 0 {
            let period = resources.cpuPeriodUs > 0 ? resources.cpuPeriodUs : 100_000
            // A period shorter than a quota that is still in force would be refused.
            if resources.cpuQuotaUs != 0 { try set("cpu", path, "cpu.cfs_quota_us", "-1") }
            try set("cpu", path, "cpu.cfs_period_us", "\(period)")
            if resources.cpuQuotaUs != 0 { try set("cpu", path, "cpu.cfs_quota_us", "\(resources.cpuQuotaUs)") }
        }
        try limitMemory(path, resources)
        if resources.pidsLimit != 0 {
            try set("pids", path, "pids.max", resources.pidsLimit > 0 ? "\(resources.pidsLimit)" : "max")
        }
        if !resources.cpusetCpus.isEmpty { try set("cpuset", path, "cpuset.cpus", resources.cpusetCpus) }
        if !resources.cpusetMems.isEmpty { try set("cpuset", path, "cpuset.mems", resources.cpusetMems) }
        for limit in resources.hugepageLimits {
            try setHugepages(path, limit, "limit_in_bytes")
        }
    }

    /// Memory alone may never be above memory with swap: which one goes first depends on the direction.
    private func limitMemory(_ path: String, _ resources: RuntimeResources) throws(SystemError) {
        let memory = resources.memoryLimitBytes
        guard memory != 0 else { return }
        let value = memory > 0 ? "\(memory)" : "-1"
        let swap = resources.memorySwapLimitBytes != 0 ? "\(resources.memorySwapLimitBytes)" : value
        guard let root = layout.mountPoint(of: "memory") else {
            throw SystemError("set memory limit of", path, errno: ENOTSUP)
        }
        let hasSwap = FileAccess.exists("\(root)\(path)/memory.memsw.limit_in_bytes")
        do throws(SystemError) {
            try set("memory", path, "memory.limit_in_bytes", value)
            if hasSwap { try set("memory", path, "memory.memsw.limit_in_bytes", swap) }
        } catch {
            guard hasSwap, error.errno == EINVAL else { throw error }
            try set("memory", path, "memory.memsw.limit_in_bytes", swap)
            try set("memory", path, "memory.limit_in_bytes", value)
        }
    }

    private func set(_ controller: String, _ path: String, _ file: String, _ value: String) throws(SystemError) {
        guard let root = layout.mountPoint(of: controller) else {
            throw SystemError("set \(file) of", path, errno: ENOTSUP)
        }
        try FileAccess.write("\(root)\(path)/\(file)", value)
    }

    private func setHugepages(_ path: String, _ limit: RuntimeHugepageLimit, _ file: String) throws(SystemError) {
        // On a hybrid machine the controller may be version 2's.
        if layout.mountPoint(of: "hugetlb") != nil {
            try set("hugetlb", path, "hugetlb.\(limit.pageSize).\(file)", "\(limit.limitBytes)")
        } else if let unified = layout.unified, layout.unifiedControllers.contains("hugetlb") {
            try FileAccess.write("\(unified)\(path)/hugetlb.\(limit.pageSize).max", "\(limit.limitBytes)")
        } else {
            throw SystemError("set huge page limit of", path, errno: ENOTSUP)
        }
    }

    // MARK: Version 2

    private func limitUnified(_ path: String, _ resources: RuntimeResources) throws(SystemError) {
        let directory = (layout.unified ?? "") + path
        if resources.cpuShares > 0 {
            try FileAccess.write(directory + "/cpu.weight", "\(Self.weight(shares: resources.cpuShares))")
        }
        if resources.cpuQuotaUs != 0 || resources.cpuPeriodUs > 0 {
            let quota = resources.cpuQuotaUs > 0 ? "\(resources.cpuQuotaUs)" : "max"
            let period = resources.cpuPeriodUs > 0 ? resources.cpuPeriodUs : 100_000
            try FileAccess.write(directory + "/cpu.max", "\(quota) \(period)")
        }
        if resources.memoryLimitBytes != 0 {
            let limit = resources.memoryLimitBytes
            try FileAccess.write(directory + "/memory.max", limit > 0 ? "\(limit)" : "max")
            if FileAccess.exists(directory + "/memory.swap.max") {
                let both = resources.memorySwapLimitBytes
                let swap = both < 0 || limit < 0 ? "max" : both > limit ? "\(both - limit)" : "0"
                try FileAccess.write(directory + "/memory.swap.max", swap)
            }
        }
        if resources.pidsLimit != 0 {
            try FileAccess.write(directory + "/pids.max", resources.pidsLimit > 0 ? "\(resources.pidsLimit)" : "max")
        }
        if !resources.cpusetCpus.isEmpty { try FileAccess.write(directory + "/cpuset.cpus", resources.cpusetCpus) }
        if !resources.cpusetMems.isEmpty { try FileAccess.write(directory + "/cpuset.mems", resources.cpusetMems) }
        for limit in resources.hugepageLimits {
            try FileAccess.write("\(directory)/hugetlb.\(limit.pageSize).max", "\(limit.limitBytes)")
        }
    }

    /// Version 1 shares (2 to 262,144) as version 2 weight (1 to 10,000), the linear map that runtimes share.
    static func weight(shares: Int64) -> Int64 { 1 + (min(max(shares, 2), 262_144) - 2) * 9_999 / 262_142 }
}
