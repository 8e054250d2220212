internal import Glibc

/// What the whole machine uses, read from /proc when asked.
struct NodeUsage: Sendable {
    /// Nanoseconds since 1970.
    var time: Int64 = 0
    /// CPU time of all processes, nanoseconds.
    var cpuNanoseconds: UInt64 = 0
    var memoryTotal: UInt64 = 0
    var memoryUsage: UInt64 = 0
    /// Without file pages that nobody used lately.
    var memoryWorkingSet: UInt64 = 0
    var memoryRSS: UInt64 = 0
    var swapTotal: UInt64 = 0
    var swapUsage: UInt64 = 0
    var pageFaults: UInt64 = 0
    var majorPageFaults: UInt64 = 0
    var maxProcesses: UInt64 = 0
    var processes: UInt64 = 0
    /// When the machine was started, nanoseconds since 1970.
    var bootTime: Int64 = 0
    var interfaces: [Interface] = []

    /// Counters of one network interface.
    struct Interface: Sendable, Hashable {
        var name: String
        var rxBytes: UInt64
        var rxErrors: UInt64
        var txBytes: UInt64
        var txErrors: UInt64
    }

    /// Blocks briefly.
    static func read(now: Int64) -> NodeUsage {
        var usage = NodeUsage()
        usage.time = now
        usage.takeStat(PodFiles.read("/proc/stat"), ticks: UInt64(max(1, sysconf(Int32(_SC_CLK_TCK)))))
        usage.takeMemory(PodFiles.read("/proc/meminfo"))
        let events = table(PodFiles.read("/proc/vmstat"))
        usage.pageFaults = events["pgfault"] ?? 0
        usage.majorPageFaults = events["pgmajfault"] ?? 0
        usage.maxProcesses = UInt64(PodFiles.read("/proc/sys/kernel/pid_max").filter(\.isNumber)) ?? 0
        // The fourth number is `running/all`.
        let load = PodFiles.read("/proc/loadavg").split(separator: " ")
        usage.processes = load.count > 3 ? UInt64(load[3].split(separator: "/").last ?? "") ?? 0 : 0
        usage.interfaces = interfaces(PodFiles.read("/proc/net/dev"))
        return usage
    }

    /// User, nice, system, irq, softirq and stolen time; the time of guests is within the first two.
    mutating func takeStat(_ text: String, ticks: UInt64) {
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.first == "cpu", words.count > 8 {
                let busy = [1, 2, 3, 6, 7, 8].reduce(UInt64(0)) { $0 &+ (UInt64(words[$1]) ?? 0) }
                cpuNanoseconds = busy &* (1_000_000_000 / ticks)
            } else if words.first == "btime", words.count > 1 {
                bootTime = (Int64(words[1]) ?? 0) &* 1_000_000_000
            }
        }
    }

    mutating func takeMemory(_ text: String) {
        let all = Self.table(text)
        func bytes(_ name: String) -> UInt64 { (all[name + ":"] ?? 0) &* 1024 }
        memoryTotal = bytes("MemTotal")
        memoryUsage = memoryTotal - min(memoryTotal, bytes("MemFree"))
        memoryWorkingSet = memoryUsage - min(memoryUsage, bytes("Inactive(file)"))
        memoryRSS = bytes("AnonPages")
        swapTotal = bytes("SwapTotal")
        swapUsage = swapTotal - min(swapTotal, bytes("SwapFree"))
    }

    /// Interfaces of the machine itself, the one with most traffic first.
    static func interfaces(_ text: String) -> [Interface] {
        text.split(separator: "\n").dropFirst(2).compactMap { line -> Interface? in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let name = String(line[..<colon].drop { $0 == " " })
            let numbers = line[line.index(after: colon)...].split(separator: " ").map { UInt64($0) ?? 0 }
            let isOurs = name == "lo" || name.hasPrefix("veth") || name.hasPrefix("pintle-") || name.hasPrefix("pt")
            guard numbers.count >= 11, !isOurs else { return nil }
            return Interface(
                name: name, rxBytes: numbers[0], rxErrors: numbers[2], txBytes: numbers[8], txErrors: numbers[10])
        }.sorted { $0.rxBytes &+ $0.txBytes > $1.rxBytes &+ $1.txBytes }
    }

    private static func table(_ text: String) -> [String: UInt64] {
        var table: [String: UInt64] = [:]
        for line in text.split(separator: "\n") {
            let words = line.split(separator: " ")
            if words.count > 1, let number = UInt64(words[1]) { table[String(words[0])] = number }
        }
        return table
    }
}

/// What a file system holds.
struct FileSystemUsage: Sendable {
    var capacity: UInt64 = 0
    var available: UInt64 = 0
    var used: UInt64 = 0
    var inodes: UInt64 = 0
    var inodesFree: UInt64 = 0
    var inodesUsed: UInt64 { inodes - min(inodes, inodesFree) }

    /// Blocks briefly.
    static func read(_ path: String) -> FileSystemUsage {
        var status = statvfs()
        guard statvfs(path, &status) == 0 else { return FileSystemUsage() }
        let size = UInt64(status.f_frsize)
        return FileSystemUsage(
            capacity: UInt64(status.f_blocks) * size, available: UInt64(status.f_bavail) * size,
            used: (UInt64(status.f_blocks) - min(UInt64(status.f_blocks), UInt64(status.f_bfree))) * size,
            inodes: UInt64(status.f_files), inodesFree: UInt64(status.f_ffree))
    }

    /// Bytes and files of one folder.
    static func folder(_ path: String) -> (bytes: UInt64, files: UInt64) {
        var bytes: UInt64 = 0, files: UInt64 = 0
        for name in PodLogFolder.names(path) {
            var status = stat()
            guard lstat("\(path)/\(name)", &status) == 0 else { continue }
            bytes += UInt64(status.st_blocks) * 512
            files += 1
        }
        return (bytes, files)
    }
}
