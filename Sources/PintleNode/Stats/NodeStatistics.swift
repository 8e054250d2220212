internal import PintleClient
internal import PintleInterfaces
internal import PintleObjects
internal import Synchronization

/// One reading of everything that the kubelet's statistics tell; made when somebody asks.
struct NodeStatistics: Sendable {
    /// A pod that has a sandbox.
    struct Pod: Sendable {
        var stats: RuntimeSandboxStats
        /// Running containers with what is known of each.
        var containers: [Container]
        var startTime: Int64
        var volumes: [Volume] = []
    }

    struct Container: Sendable {
        var stats: RuntimeContainerStats
        var status: RuntimeContainerStatus
        var logBytes: UInt64 = 0
        var logFiles: UInt64 = 0
    }

    struct Volume: Sendable {
        var name: String
        var claim: String?
        var bytes: StorageVolumeUsage?
        var inodes: StorageVolumeUsage?
        /// Whether its bytes are the node's, as those of an emptyDir on disk are.
        var isLocal: Bool
    }

    var nodeName: String
    var cgroupParent: String
    var node: NodeUsage
    /// CPU time per second since the last reading; nil at the first.
    var nodeNanocores: UInt64?
    var disk: FileSystemUsage
    var images: RuntimeFilesystemUsage?
    var cpus: Int64
    var pods: [Pod]
    /// Containers that exist, by state.
    var states: [String: Int]

    /// The cgroup's path, which identifies a container for cAdvisor.
    func cgroup(_ pod: Pod, _ container: Container? = nil) -> String {
        let parent = "\(cgroupParent)/pod\(pod.stats.uid)"
        return container.map { "\(parent)/\($0.stats.id)" } ?? parent
    }
}

/// What is to be read besides the counters of cgroups.
package enum StatisticsDepth: Sendable {
    /// CPU, memory and network.
    case counters
    /// Logs and volumes too, which are walked for it.
    case everything
}

extension NodeAgent {
    func statistics(_ depth: StatisticsDepth) async throws(DriverError) -> NodeStatistics {
        let sandboxes = try await context.runtime.listSandboxStats(RuntimeSandboxFilter())
        let statuses = try await context.runtime.listContainers(RuntimeContainerFilter())
        let byID = Dictionary(statuses.map { ($0.id, $0) }) { first, _ in first }
        var pods: [NodeStatistics.Pod] = []
        for sandbox in sandboxes.sorted(by: { ($0.podNamespace, $0.name) < ($1.podNamespace, $1.name) }) {
            let containers = sandbox.containers.compactMap { stats -> NodeStatistics.Container? in
                guard let status = byID[stats.id], status.state == .running else { return nil }
                return NodeStatistics.Container(stats: stats, status: status)
            }
            guard !containers.isEmpty else { continue }
            let start = containers.map(\.status.createdAtNs).min() ?? 0
            var pod = NodeStatistics.Pod(stats: sandbox, containers: containers, startTime: start)
            if depth == .everything { await measure(&pod) }
            pods.append(pod)
        }
        var states: [String: Int] = [:]
        for status in statuses { states[Self.name(status.state), default: 0] += 1 }
        let directory = context.settings.dataDirectory
        let now = Timestamp.now.nanoseconds
        let (usage, disk) = await BlockingWork.run { (NodeUsage.read(now: now), FileSystemUsage.read(directory)) }
        return NodeStatistics(
            nodeName: context.settings.name, cgroupParent: context.settings.cgroupParent, node: usage,
            nodeNanocores: rate(usage), disk: disk,
            images: depth == .everything ? try? await context.runtime.imageFsInfo().first { !$0.containerData } : nil,
            cpus: machine.cpus, pods: pods, states: states)
    }

    private static func name(_ state: RuntimeContainerState) -> String {
        switch state {
        case .created: "created"
        case .running: "running"
        case .exited: "exited"
        default: "unknown"
        }
    }

    private func rate(_ usage: NodeUsage) -> UInt64? {
        lastUsage.withLock { last in
            defer { last = (usage.time, usage.cpuNanoseconds) }
            guard let before = last, usage.time - before.time > 100_000_000, usage.cpuNanoseconds >= before.cpu else {
                return nil
            }
            return UInt64(Double(usage.cpuNanoseconds - before.cpu) * 1e9 / Double(usage.time - before.time))
        }
    }

    private func measure(_ pod: inout NodeStatistics.Pod) async {
        for index in pod.containers.indices {
            let path = pod.containers[index].status.logPath
            guard !path.isEmpty else { continue }
            let (bytes, files) = await BlockingWork.run { FileSystemUsage.folder(LogFiles.split(path).folder) }
            pod.containers[index].logBytes = bytes
            pod.containers[index].logFiles = files
        }
        var filter = StoragePublishedFilter()
        filter.podUid = pod.stats.uid
        let specs = await worker(pod.stats.uid)?.pod["spec"]["volumes"].array ?? []
        for published in (try? await context.storage.listPublished(filter)) ?? [] {
            var request = StorageStatsRequest()
            request.volumeId = published.volumeId
            request.volumePath = published.targetPath
            guard let stats = try? await context.storage.stats(request) else { continue }
            let name = published.volumeId.split(separator: "/").last.map(String.init) ?? published.volumeId
            let spec = specs.first { $0["name"].string == name } ?? .null
            pod.volumes.append(
                NodeStatistics.Volume(
                    name: name, claim: spec["persistentVolumeClaim"]["claimName"].string,
                    bytes: stats.usage.first { $0.unit == .bytes }, inodes: stats.usage.first { $0.unit == .inodes },
                    isLocal: !spec["emptyDir"].isNull && spec["emptyDir"]["medium"].string != "Memory"))
        }
    }
}
