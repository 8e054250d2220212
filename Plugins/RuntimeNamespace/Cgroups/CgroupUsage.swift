import PintleSystem

/// What the processes of a cgroup use, as the kernel counts.
struct CgroupUsage: Sendable, Hashable {
    /// Nanoseconds since 1970.
    var timestamp: Int64 = 0
    var cpuNanoseconds: UInt64 = 0
    var memoryBytes: UInt64 = 0
    /// Without file pages that nobody used lately.
    var workingSetBytes: UInt64 = 0
    var anonymousBytes: UInt64 = 0
    /// 0 without a limit.
    var limitBytes: UInt64 = 0
    var pageFaults: UInt64 = 0
    var majorPageFaults: UInt64 = 0
    var swapBytes: UInt64 = 0
    var processes: UInt64 = 0
    var oomKills: UInt64 = 0
    var readBytes: UInt64 = 0
    var writtenBytes: UInt64 = 0
    /// The kernel's text of each `*.pressure` file, by resource.
    var pressure: [String: String] = [:]
}

extension Cgroups {
    /// Reads what a cgroup uses; what this kernel does not count is 0.
    func usage(_ path: String) -> CgroupUsage {
        var usage = CgroupUsage()
        usage.timestamp = Moment.wall
        if layout.isUnified {
            readUnified((layout.unified ?? "") + path, &usage)
        } else {
            readHierarchies(path, &usage)
        }
        return usage
    }

    private func readHierarchies(_ path: String, _ usage: inout CgroupUsage) {
        func file(_ controller: String, _ name: String) -> String {
            layout.mountPoint(of: controller).map { "\($0)\(path)/\(name)" } ?? ""
        }
        usage.cpuNanoseconds = Self.number(file("cpuacct", "cpuacct.usage"))
        usage.memoryBytes = Self.number(file("memory", "memory.usage_in_bytes"))
        let counters = Self.table(file("memory", "memory.stat"))
        usage.workingSetBytes = Self.minus(usage.memoryBytes, counters["total_inactive_file"])
        usage.anonymousBytes = counters["total_rss"] ?? 0
        usage.pageFaults = counters["total_pgfault"] ?? 0
        usage.majorPageFaults = counters["total_pgmajfault"] ?? 0
        usage.swapBytes = counters["total_swap"] ?? 0
        let limit = counters["hierarchical_memory_limit"] ?? 0
        // Without a limit the kernel says nearly 2^63.
        usage.limitBytes = limit >= 1 << 60 ? 0 : limit
        usage.processes = Self.number(file("pids", "pids.current"))
        usage.oomKills = Self.table(file("memory", "memory.oom_control"))["oom_kill"] ?? 0
        for line in Self.lines(file("blkio", "blkio.throttle.io_service_bytes_recursive")) {
            let parts = line.split(separator: " ")
            guard parts.count == 3, let bytes = UInt64(parts[2]) else { continue }
            if parts[1] == "Read" { usage.readBytes += bytes }
            if parts[1] == "Write" { usage.writtenBytes += bytes }
        }
    }

    private func readUnified(_ directory: String, _ usage: inout CgroupUsage) {
        usage.cpuNanoseconds = (Self.table(directory + "/cpu.stat")["usage_usec"] ?? 0) * 1_000
        usage.memoryBytes = Self.number(directory + "/memory.current")
        let counters = Self.table(directory + "/memory.stat")
        usage.workingSetBytes = Self.minus(usage.memoryBytes, counters["inactive_file"])
        usage.anonymousBytes = counters["anon"] ?? 0
        usage.pageFaults = counters["pgfault"] ?? 0
        usage.majorPageFaults = counters["pgmajfault"] ?? 0
        usage.swapBytes = Self.number(directory + "/memory.swap.current")
        usage.limitBytes = Self.number(directory + "/memory.max")
        usage.processes = Self.number(directory + "/pids.current")
        usage.oomKills = Self.table(directory + "/memory.events")["oom_kill"] ?? 0
        for line in Self.lines(directory + "/io.stat") {
            for part in line.split(separator: " ").dropFirst() {
                let pair = part.split(separator: "=")
                guard pair.count == 2, let value = UInt64(pair[1]) else { continue }
                if pair[0] == "rbytes" { usage.readBytes += value }
                if pair[0] == "wbytes" { usage.writtenBytes += value }
            }
        }
        for resource in ["cpu", "memory", "io"] {
            if let text = try? FileAccess.text("\(directory)/\(resource).pressure") { usage.pressure[resource] = text }
        }
    }

    private static func lines(_ path: String) -> [Substring] {
        path.isEmpty ? [] : ((try? FileAccess.text(path)) ?? "").split(separator: "\n")
    }

    /// The number in a file; 0 for `max` and for a file that is not there.
    private static func number(_ path: String) -> UInt64 { lines(path).first.flatMap { UInt64($0) } ?? 0 }

    /// A file of lines `name number`.
    private static func table(_ path: String) -> [Substring: UInt64] {
        var table: [Substring: UInt64] = [:]
        for line in lines(path) {
            let parts = line.split(separator: " ")
            if parts.count == 2, let value = UInt64(parts[1]) { table[parts[0]] = value }
        }
        return table
    }

    private static func minus(_ whole: UInt64, _ part: UInt64?) -> UInt64 { whole - min(whole, part ?? 0) }
}
