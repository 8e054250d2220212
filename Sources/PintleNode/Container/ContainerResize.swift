internal import PintleInterfaces
internal import PintleObjects

/// What a change of a pod's resources means for one of its containers that runs: a decision without I/O.
enum ContainerResize {
    /// What to do with the container.
    enum Step: Sendable, Equatable {
        /// It has what it shall have.
        case keep
        /// Change its limits while it runs.
        case update(RuntimeResources)
        /// End it and start it again; its new instance gets what the spec says.
        case restart
    }

    /// Compares what a container shall have with what the runtime says that it has.
    ///
    /// - Parameters:
    ///   - container: From the spec of `pod`.
    ///   - pod: The container's pod.
    ///   - running: The container as the runtime tells it.
    ///   - memoryCapacity: The node's, bytes.
    /// - Returns: What to do; nothing for a container that does not run.
    static func step(
        _ container: JSON, pod: JSON, running: RuntimeContainerStatus, memoryCapacity: Int64
    ) -> Step {
        guard running.state == .running, let have = running.resources else { return .keep }
        let wanted = ContainerResources.runtime(container, pod: pod, memoryCapacity: memoryCapacity)
        let processor = wanted.cpuShares != have.cpuShares || wanted.cpuQuotaUs != max(0, have.cpuQuotaUs)
        let memory = wanted.memoryLimitBytes != max(0, have.memoryLimitBytes)
        guard processor || memory else { return .keep }
        if processor && restarts(container, for: "cpu") || memory && restarts(container, for: "memory") {
            return .restart
        }
        var change = RuntimeResources()
        if processor {
            change.cpuShares = wanted.cpuShares
            // Zero would leave a limit as it is.
            change.cpuQuotaUs = wanted.cpuQuotaUs == 0 ? -1 : wanted.cpuQuotaUs
            change.cpuPeriodUs = ContainerResources.period
        }
        if memory { change.memoryLimitBytes = wanted.memoryLimitBytes == 0 ? -1 : wanted.memoryLimitBytes }
        return .update(change)
    }

    /// Whether the container wants to be started anew when this resource changes.
    private static func restarts(_ container: JSON, for resource: String) -> Bool {
        (container["resizePolicy"].array ?? []).contains {
            $0["resourceName"].string == resource && $0["restartPolicy"].string == "RestartContainer"
        }
    }

    /// The request that changes a container's limits.
    static func request(_ id: String, _ change: RuntimeResources) -> RuntimeUpdateContainerRequest {
        var request = RuntimeUpdateContainerRequest()
        request.id = id
        request.resources = change
        return request
    }

    /// A container's `resources` in the pod's status: what is in force, in the spec's own words where they agree.
    ///
    /// - Parameters:
    ///   - allocated: What the node has granted, as `resources` of a container's spec.
    ///   - running: The limits that the runtime says are in force; nil when the container does not run.
    /// - Returns: The field's value.
    static func actual(allocated: JSON, running: RuntimeResources?) -> JSON {
        guard let running else { return allocated }
        var result = allocated
        let requests = allocated["requests"], limits = allocated["limits"]
        if let milli = ContainerResources.milli(requests["cpu"]), ContainerResources.shares(milli) != running.cpuShares,
            running.cpuShares > 2
        {
            result["requests"]["cpu"] = .string(Quantity(milli: (running.cpuShares * 1000 + 1023) / 1024).text)
        }
        if let milli = ContainerResources.milli(limits["cpu"]), running.cpuQuotaUs > 0,
            ContainerResources.quota(milli) != running.cpuQuotaUs
        {
            let period = running.cpuPeriodUs > 0 ? running.cpuPeriodUs : ContainerResources.period
            let inForce = Int64(clamping: Int128(running.cpuQuotaUs) * 1000 / Int128(period))
            result["limits"]["cpu"] = .string(Quantity(milli: inForce).text)
        }
        if let bytes = ContainerResources.bytes(limits["memory"]), running.memoryLimitBytes > 0,
            bytes != running.memoryLimitBytes
        {
            result["limits"]["memory"] = .string(Quantity(running.memoryLimitBytes, format: .binary).text)
        }
        return result
    }
}
