internal import PintleInterfaces
internal import PintleObjects

extension NodeStatistics {
    /// The body of `/stats/summary`.
    ///
    /// `onlyCPUAndMemory` leaves out everything else.
    func summary(onlyCPUAndMemory: Bool) -> JSON {
        ["node": node(onlyCPUAndMemory), "pods": .array(pods.map { summary($0, onlyCPUAndMemory) })]
    }

    private func time(_ nanoseconds: Int64) -> JSON { Timestamp(nanoseconds: nanoseconds).json }

    private func number(_ value: UInt64) -> JSON { .integer(Int64(clamping: value)) }

    private func cpu(_ at: Int64, nanocores: UInt64?, total: UInt64) -> JSON {
        var cpu: JSON = ["time": time(at)]
        if let nanocores { cpu["usageNanoCores"] = number(nanocores) }
        cpu["usageCoreNanoSeconds"] = number(total)
        return cpu
    }

    private func node(_ onlyCPUAndMemory: Bool) -> JSON {
        var result: JSON = ["nodeName": .string(nodeName), "startTime": time(node.bootTime)]
        result["cpu"] = cpu(node.time, nanocores: nodeNanocores, total: node.cpuNanoseconds)
        result["memory"] = [
            "time": time(node.time),
            "availableBytes": number(node.memoryTotal - min(node.memoryTotal, node.memoryWorkingSet)),
            "usageBytes": number(node.memoryUsage), "workingSetBytes": number(node.memoryWorkingSet),
            "rssBytes": number(node.memoryRSS), "pageFaults": number(node.pageFaults),
            "majorPageFaults": number(node.majorPageFaults),
        ]
        if onlyCPUAndMemory { return result }
        result["network"] = network(
            node.time,
            node.interfaces.map { interface($0.name, $0.rxBytes, $0.rxErrors, $0.txBytes, $0.txErrors) })
        result["fs"] = fileSystem(node.time, disk, used: disk.used, inodesUsed: disk.inodesUsed)
        let imageFs = fileSystem(
            node.time, disk, used: images?.usedBytes ?? 0, inodesUsed: images?.inodesUsed ?? 0)
        result["runtime"] = [
            "imageFs": imageFs,
            "containerFs": fileSystem(
                node.time, disk, used: containerBytes, inodesUsed: containerInodes),
        ]
        result["rlimit"] = [
            "time": time(node.time), "maxpid": number(node.maxProcesses), "curproc": number(node.processes),
        ]
        result["swap"] = [
            "time": time(node.time), "swapAvailableBytes": number(node.swapTotal - node.swapUsage),
            "swapUsageBytes": number(node.swapUsage),
        ]
        return result
    }

    private var layers: [RuntimeFilesystemUsage] {
        pods.flatMap { $0.containers.compactMap(\.stats.writableLayer) }
    }
    private var containerBytes: UInt64 { layers.reduce(0) { $0 + $1.usedBytes } }
    private var containerInodes: UInt64 { layers.reduce(0) { $0 + $1.inodesUsed } }

    private func summary(_ pod: Pod, _ onlyCPUAndMemory: Bool) -> JSON {
        let stats = pod.stats
        var result: JSON = [
            "podRef": [
                "name": .string(stats.name), "namespace": .string(stats.podNamespace), "uid": .string(stats.uid),
            ],
            "startTime": time(pod.startTime),
            "containers": .array(pod.containers.map { summary($0, onlyCPUAndMemory) }),
            "cpu": cpu(stats.timestampNs, nanocores: stats.cpuUsageNanocores, total: stats.cpuUsageNs),
        ]
        var memory: JSON = ["time": time(stats.timestampNs)]
        if stats.memoryAvailableBytes > 0 { memory["availableBytes"] = number(stats.memoryAvailableBytes) }
        memory["usageBytes"] = number(stats.memoryUsageBytes)
        memory["workingSetBytes"] = number(stats.memoryWorkingSetBytes)
        memory["rssBytes"] = number(stats.memoryRssBytes)
        memory["pageFaults"] = number(stats.pageFaults)
        memory["majorPageFaults"] = number(stats.majorPageFaults)
        result["memory"] = memory
        if onlyCPUAndMemory { return result }
        result["network"] = network(
            stats.timestampNs,
            stats.interfaces.filter { $0.name != "lo" }.map {
                interface($0.name, $0.rxBytes, $0.rxErrors, $0.txBytes, $0.txErrors)
            })
        if !pod.volumes.isEmpty { result["volume"] = .array(pod.volumes.map { volume($0, pod) }) }
        result["ephemeral-storage"] = ephemeralStorage(pod)
        result["process_stats"] = ["process_count": number(stats.pids)]
        result["swap"] = [
            "time": time(stats.timestampNs),
            "swapUsageBytes": number(pod.containers.reduce(0) { $0 + $1.stats.swapUsageBytes }),
        ]
        return result
    }

    private func summary(_ container: Container, _ onlyCPUAndMemory: Bool) -> JSON {
        let stats = container.stats
        var result: JSON = [
            "name": .string(stats.name), "startTime": time(container.status.startedAtNs),
            "cpu": cpu(stats.timestampNs, nanocores: stats.cpuUsageNanocores, total: stats.cpuUsageNs),
        ]
        var memory: JSON = ["time": time(stats.timestampNs)]
        if stats.memoryAvailableBytes > 0 { memory["availableBytes"] = number(stats.memoryAvailableBytes) }
        memory["usageBytes"] = number(stats.memoryUsageBytes)
        memory["workingSetBytes"] = number(stats.memoryWorkingSetBytes)
        memory["rssBytes"] = number(stats.memoryRssBytes)
        memory["pageFaults"] = number(stats.pageFaults)
        memory["majorPageFaults"] = number(stats.majorPageFaults)
        result["memory"] = memory
        if onlyCPUAndMemory { return result }
        result["rootfs"] = fileSystem(
            stats.timestampNs, disk, used: stats.writableLayer?.usedBytes ?? 0,
            inodesUsed: stats.writableLayer?.inodesUsed ?? 0)
        result["logs"] = fileSystem(stats.timestampNs, disk, used: container.logBytes, inodesUsed: container.logFiles)
        result["swap"] = ["time": time(stats.timestampNs), "swapUsageBytes": number(stats.swapUsageBytes)]
        return result
    }

    private func fileSystem(_ at: Int64, _ whole: FileSystemUsage, used: UInt64, inodesUsed: UInt64) -> JSON {
        [
            "time": time(at), "availableBytes": number(whole.available), "capacityBytes": number(whole.capacity),
            "usedBytes": number(used), "inodesFree": number(whole.inodesFree), "inodes": number(whole.inodes),
            "inodesUsed": number(inodesUsed),
        ]
    }

    private func volume(_ volume: Volume, _ pod: Pod) -> JSON {
        var result: JSON = [
            "time": time(pod.stats.timestampNs), "availableBytes": .integer(volume.bytes?.available ?? 0),
            "capacityBytes": .integer(volume.bytes?.total ?? 0), "usedBytes": .integer(volume.bytes?.used ?? 0),
            "inodesFree": .integer(volume.inodes?.available ?? 0), "inodes": .integer(volume.inodes?.total ?? 0),
            "inodesUsed": .integer(volume.inodes?.used ?? 0), "name": .string(volume.name),
        ]
        if let claim = volume.claim {
            result["pvcRef"] = ["name": .string(claim), "namespace": .string(pod.stats.podNamespace)]
        }
        return result
    }

    private func ephemeralStorage(_ pod: Pod) -> JSON {
        var bytes: UInt64 = 0, inodes: UInt64 = 0
        for container in pod.containers {
            bytes += (container.stats.writableLayer?.usedBytes ?? 0) + container.logBytes
            inodes += (container.stats.writableLayer?.inodesUsed ?? 0) + container.logFiles
        }
        for volume in pod.volumes where volume.isLocal {
            bytes += UInt64(max(0, volume.bytes?.used ?? 0))
            inodes += UInt64(max(0, volume.inodes?.used ?? 0))
        }
        return fileSystem(pod.stats.timestampNs, disk, used: bytes, inodesUsed: inodes)
    }

    private func interface(_ name: String, _ rx: UInt64, _ rxErrors: UInt64, _ tx: UInt64, _ txErrors: UInt64) -> JSON {
        [
            "name": .string(name), "rxBytes": number(rx), "rxErrors": number(rxErrors), "txBytes": number(tx),
            "txErrors": number(txErrors),
        ]
    }

    /// The first interface stands for the whole, as kubelet has it.
    private func network(_ at: Int64, _ interfaces: [JSON]) -> JSON {
        var result: JSON = ["time": time(at)]
        for (key, value) in interfaces.first?.object?.members ?? [] { result[key] = value }
        result["interfaces"] = .array(interfaces)
        return result
    }
}
