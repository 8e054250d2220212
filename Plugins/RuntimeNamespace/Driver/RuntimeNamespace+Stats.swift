import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization

/// A reading of the CPU counter, from which the next one tells a rate.
struct CPUSample: Sendable {
    var timestamp: Int64
    var usage: UInt64
    var rate: UInt64
}

extension RuntimeNamespace {
    func containerStats(_ request: RuntimeContainerRef, _ call: Call) throws -> RuntimeContainerStats {
        stats(try container(request.id).record)
    }

    func listContainerStats(
        _ request: RuntimeContainerFilter, _ call: Call, yield: (RuntimeContainerStats) throws -> Void
    ) throws {
        for record in matching(request) {
            try call.checkCancellation()
            try yield(stats(record))
        }
    }

    private func stats(_ record: ContainerRecord) -> RuntimeContainerStats {
        let parent = objects.withLock { $0.sandboxes[record.sandboxID] }?.record.cgroupParent ?? ""
        let usage = cgroups.usage("\(parent)/\(record.id)")
        var stats = RuntimeContainerStats()
        stats.id = record.id
        stats.sandboxId = record.sandboxID
        stats.name = record.name
        stats.labels = record.labels
        stats.annotations = record.annotations
        stats.timestampNs = usage.timestamp
        stats.cpuUsageNs = usage.cpuNanoseconds
        stats.cpuUsageNanocores = rate(record.id, usage)
        stats.memoryUsageBytes = usage.memoryBytes
        stats.memoryWorkingSetBytes = usage.workingSetBytes
        stats.memoryRssBytes = usage.anonymousBytes
        stats.memoryAvailableBytes = usage.limitBytes - min(usage.limitBytes, usage.workingSetBytes)
        stats.pageFaults = usage.pageFaults
        stats.majorPageFaults = usage.majorPageFaults
        stats.swapUsageBytes = usage.swapBytes
        stats.pids = usage.processes
        stats.oomKills = usage.oomKills
        stats.ioReadBytes = usage.readBytes
        stats.ioWriteBytes = usage.writtenBytes
        stats.pressure = usage.pressure
        stats.writableLayer = writableLayer(record.id)
        return stats
    }

    /// CPU time per second since the last reading that is at least half a second old.
    private func rate(_ id: String, _ usage: CgroupUsage) -> UInt64 {
        samples.withLock { samples in
            guard let last = samples[id], usage.cpuNanoseconds >= last.usage, usage.timestamp > last.timestamp else {
                samples[id] = CPUSample(timestamp: usage.timestamp, usage: usage.cpuNanoseconds, rate: 0)
                return 0
            }
            let elapsed = UInt64(usage.timestamp - last.timestamp)
            guard elapsed >= 500_000_000 else { return last.rate }
            let rate = UInt64(Double(usage.cpuNanoseconds - last.usage) * 1e9 / Double(elapsed))
            samples[id] = CPUSample(timestamp: usage.timestamp, usage: usage.cpuNanoseconds, rate: rate)
            return rate
        }
    }

    private func writableLayer(_ id: String) -> RuntimeFilesystemUsage {
        var usage = RuntimeFilesystemUsage()
        usage.timestampNs = Moment.wall
        usage.mountpoint = store.upper(id)
        usage.containerData = true
        (usage.usedBytes, usage.inodesUsed) = TreeSize.measure(store.upper(id))
        return usage
    }

    func sandboxStats(_ request: RuntimeSandboxRef, _ call: Call) throws -> RuntimeSandboxStats {
        stats(try sandbox(request.id).record)
    }

    func listSandboxStats(
        _ request: RuntimeSandboxFilter, _ call: Call, yield: (RuntimeSandboxStats) throws -> Void
    ) throws {
        try listSandboxes(request, call) { status in
            try call.checkCancellation()
            guard let sandbox = objects.withLock({ $0.sandboxes[status.id] }) else { return }
            try yield(stats(sandbox.record))
        }
    }

    private func stats(_ record: SandboxRecord) -> RuntimeSandboxStats {
        let usage = cgroups.usage(record.cgroupParent)
        var stats = RuntimeSandboxStats()
        stats.id = record.id
        stats.name = record.name
        stats.podNamespace = record.namespace
        stats.uid = record.uid
        stats.labels = record.labels
        stats.annotations = record.annotations
        stats.timestampNs = usage.timestamp
        stats.cpuUsageNs = usage.cpuNanoseconds
        stats.cpuUsageNanocores = rate(record.id, usage)
        stats.memoryUsageBytes = usage.memoryBytes
        stats.memoryWorkingSetBytes = usage.workingSetBytes
        stats.memoryAvailableBytes = usage.limitBytes - min(usage.limitBytes, usage.workingSetBytes)
        stats.memoryRssBytes = usage.anonymousBytes
        stats.pageFaults = usage.pageFaults
        stats.majorPageFaults = usage.majorPageFaults
        stats.pressure = usage.pressure
        stats.pids = usage.processes
        if record.isReady, !record.sharesNodeNetwork { stats.interfaces = NetworkCounters.read(pid: record.pid) }
        stats.containers = containers(of: record.id).map { self.stats($0.record) }
        return stats
    }

    // MARK: Metrics

    private static let metrics:
        [(name: String, help: String, isCounter: Bool, value: @Sendable (CgroupUsage) -> UInt64)] = [
            (
                "container_cpu_usage_nanoseconds_total", "CPU time in nanoseconds.", true, { $0.cpuNanoseconds }
            ),
            (
                "container_memory_working_set_bytes", "Memory without inactive file pages.", false,
                { $0.workingSetBytes }
            ),
            ("container_memory_usage_bytes", "Memory charged to the cgroup.", false, { $0.memoryBytes }),
            ("container_processes", "Processes and threads.", false, { $0.processes }),
            ("container_oom_events_total", "Processes killed for memory.", true, { $0.oomKills }),
        ]

    func listMetricDescriptors(_ call: Call, yield: (RuntimeMetricDescriptor) throws -> Void) throws {
        for metric in Self.metrics {
            var descriptor = RuntimeMetricDescriptor()
            descriptor.name = metric.name
            descriptor.help = metric.help
            descriptor.labelKeys = ["namespace", "pod", "container"]
            try yield(descriptor)
        }
    }

    func listSandboxMetrics(_ call: Call, yield: (RuntimeSandboxMetric) throws -> Void) throws {
        for sandbox in objects.withLock({ Array($0.sandboxes.values) }) {
            try call.checkCancellation()
            let pod = sandbox.record
            for container in containers(of: sandbox.id).map(\.record) where container.state == .running {
                let usage = cgroups.usage(pod.containerCgroup(container.id))
                for metric in Self.metrics {
                    var sample = RuntimeSandboxMetric()
                    sample.sandboxId = pod.id
                    sample.containerId = container.id
                    sample.name = metric.name
                    sample.timestampNs = usage.timestamp
                    sample.counter = metric.isCounter
                    sample.labelValues = [pod.namespace, pod.name, container.name]
                    sample.value = metric.value(usage)
                    try yield(sample)
                }
            }
        }
    }
}

/// Counters of a pod's interfaces.
enum NetworkCounters {
    /// Reads them as a process of the pod sees them.
    static func read(pid: Int32) -> [RuntimeNetworkUsage] {
        parse((try? FileAccess.text("/proc/\(pid)/net/dev")) ?? "")
    }

    /// Reads lines of `name: rx bytes, packets, errors, drop, … (8 columns), tx bytes, packets, errors, …`.
    static func parse(_ text: String) -> [RuntimeNetworkUsage] {
        text.split(separator: "\n").dropFirst(2).compactMap { line in
            guard let colon = line.firstIndex(of: ":") else { return nil }
            let numbers = line[line.index(after: colon)...].split(separator: " ").map { UInt64($0) ?? 0 }
            guard numbers.count >= 11 else { return nil }
            var usage = RuntimeNetworkUsage()
            usage.name = String(line[..<colon].drop { $0 == " " })
            usage.rxBytes = numbers[0]
            usage.rxErrors = numbers[2]
            usage.txBytes = numbers[8]
            usage.txErrors = numbers[10]
            return usage
        }
    }
}

/// What a directory takes on disk.
enum TreeSize {
    /// Bytes and inodes of what is in a directory, without the directory itself; of the first 200,000 entries.
    static func measure(_ path: String) -> (bytes: UInt64, inodes: UInt64) {
        var bytes: UInt64 = 0
        var inodes: UInt64 = 0
        var directories = [path]
        while let directory = directories.popLast(), inodes < 200_000 {
            for name in FileAccess.names(in: directory) {
                var info = stat()
                let entry = "\(directory)/\(name)"
                guard lstat(entry, &info) == 0 else { continue }
                bytes += UInt64(info.st_blocks) * 512
                inodes += 1
                if info.st_mode & S_IFMT == S_IFDIR { directories.append(entry) }
            }
        }
        return (bytes, inodes)
    }
}
