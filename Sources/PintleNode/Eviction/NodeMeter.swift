internal import Glibc
internal import PintleInterfaces
internal import PintleNodePolicy
internal import PintleObjects

/// How much there is of what a threshold looks at.
struct Observation: Sendable, Hashable {
    var available: Int64
    var capacity: Int64
}

/// What a pod uses of the node.
struct PodUsage: Sendable, Hashable {
    /// Bytes of memory that can't be dropped, by container.
    var memory: [String: Int64] = [:]
    /// Bytes on disk, by container: its own layer and its logs.
    var disk: [String: Int64] = [:]
    /// Inodes, by container.
    var inodes: [String: Int64] = [:]
    /// Bytes in emptyDir volumes on disk, by volume.
    var volumes: [String: Int64] = [:]
    var processes: Int64 = 0

    var totalMemory: Int64 { memory.values.reduce(0, +) }
    var totalDisk: Int64 { disk.values.reduce(0, +) + volumes.values.reduce(0, +) }
    var totalInodes: Int64 { inodes.values.reduce(0, +) }
}

/// Tells what the node has left and what pods use.
protocol NodeMeter: Sendable {
    /// What is left; cheap, a few reads of /proc and statvfs.
    func observe() async -> [EvictionThreshold.Signal: Observation]
    /// What a pod uses; walks its files when `disk` is set, so ask only when the answer decides something.
    func usage(_ pod: JSON, disk: Bool) async -> PodUsage?
}

/// The real one.
struct MachineMeter: NodeMeter {
    let runtime: any RuntimeService
    let storage: any StorageService
    let settings: NodeSettings

    func observe() async -> [EvictionThreshold.Signal: Observation] {
        let directory = settings.dataDirectory
        // Images, containers and volumes all lie in the data directory, so there is one file system for them.
        return await BlockingWork.run {
            var found: [EvictionThreshold.Signal: Observation] = [:]
            if let memory = Self.memory(PodFiles.read("/proc/meminfo")) { found[.memoryAvailable] = memory }
            var disk = statvfs()
            if statvfs(directory, &disk) == 0 {
                let unit = Int64(disk.f_frsize)
                let bytes = Observation(available: Int64(disk.f_bavail) * unit, capacity: Int64(disk.f_blocks) * unit)
                let inodes = Observation(available: Int64(disk.f_favail), capacity: Int64(disk.f_files))
                for signal in [EvictionThreshold.Signal.nodefsAvailable, .imagefsAvailable, .containerfsAvailable] {
                    found[signal] = bytes
                }
                // A file system that makes inodes as it needs them tells none.
                if inodes.capacity > 0 {
                    for signal in [
                        EvictionThreshold.Signal.nodefsInodesFree, .imagefsInodesFree, .containerfsInodesFree,
                    ] {
                        found[signal] = inodes
                    }
                }
            }
            let threads = PodFiles.read("/proc/loadavg").split(separator: " ").dropFirst(3).first?
                .split(separator: "/").last.flatMap { Int64($0) }
            let most = Int64(PodFiles.read("/proc/sys/kernel/pid_max").prefix { $0.isNumber })
            if let threads, let most { found[.pidAvailable] = Observation(available: most - threads, capacity: most) }
            return found
        }
    }

    /// What /proc/meminfo tells: memory that can be had without swapping.
    static func memory(_ text: String) -> Observation? {
        func value(_ name: String) -> Int64? {
            text.split(separator: "\n").first { $0.hasPrefix(name) }
                .flatMap { line in line.split(separator: " ").dropFirst().first.flatMap { Int64($0) } }
        }
        guard let whole = value("MemTotal:"), let left = value("MemAvailable:") else { return nil }
        return Observation(available: left * 1024, capacity: whole * 1024)
    }

    func usage(_ pod: JSON, disk: Bool) async -> PodUsage? {
        let identity = PodIdentity(pod)
        var filter = RuntimeContainerFilter()
        filter.labels = ["io.kubernetes.pod.uid": identity.uid]
        guard let containers = try? await runtime.listContainerStats(filter) else { return nil }
        var usage = PodUsage()
        for container in containers {
            usage.memory[container.name, default: 0] += Int64(clamping: container.memoryWorkingSetBytes)
            usage.processes += Int64(clamping: container.pids)
            usage.disk[container.name, default: 0] += Int64(clamping: container.writableLayer?.usedBytes ?? 0)
            usage.inodes[container.name, default: 0] += Int64(clamping: container.writableLayer?.inodesUsed ?? 0)
        }
        guard disk else { return usage }
        let logs = "\(settings.logDirectory)/\(identity.logFolder)"
        for (name, bytes) in await BlockingWork.run({ Self.logs(logs) }) { usage.disk[name, default: 0] += bytes }
        for volume in pod["spec"]["volumes"].array ?? [] {
            guard let name = volume["name"].string, let source = volume["emptyDir"].object,
                source["medium"]?.string != "Memory"
            else { continue }
            var request = StorageStatsRequest()
            request.volumeId = "\(identity.uid)/\(name)"
            request.volumePath = "\(settings.podDirectory(identity.uid))/volumes/\(name)"
            guard let stats = try? await storage.stats(request) else { continue }
            usage.volumes[name] = stats.usage.first { $0.unit == .bytes }?.used
        }
        return usage
    }

    private static func logs(_ folder: String) -> [String: Int64] {
        var sizes: [String: Int64] = [:]
        for container in PodLogFolder.names(folder) {
            for file in PodLogFolder.names("\(folder)/\(container)") {
                var status = stat()
                if lstat("\(folder)/\(container)/\(file)", &status) == 0 {
                    sizes[container, default: 0] += Int64(status.st_blocks) * 512
                }
            }
        }
        return sizes
    }
}
