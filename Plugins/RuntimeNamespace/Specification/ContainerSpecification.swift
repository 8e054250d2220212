internal import CPintleSystem
import PintleInterfaces
import PintleSDK

/// All that the infra process is told about a container, and what the driver sets up beside it.
struct ContainerSpecification: Sendable {
    /// What START carries.
    let start: InfraFields
    /// What EXEC carries, without arguments: the same user, limits and environment in the same cgroups.
    let session: InfraFields
    let deviceRules: [DeviceRule]

    /// Where the container's files are.
    struct Places: Sendable {
        /// Topmost first.
        var layers: [String]
        var upper: String
        var work: String
        var cgroup: String
        /// The node's id of the container's root, when the pod has users of its own.
        var users: UInt32 = 0
    }

    private static let masked = [
        "/proc/acpi", "/proc/asound", "/proc/interrupts", "/proc/kcore", "/proc/keys", "/proc/latency_stats",
        "/proc/sched_debug", "/proc/scsi", "/proc/timer_list", "/proc/timer_stats", "/sys/devices/virtual/powercap",
        "/sys/firmware",
    ]

    private static let readOnly = ["/proc/bus", "/proc/fs", "/proc/irq", "/proc/sys", "/proc/sysrq-trigger"]

    /// - Throws: `INVALID` for whatever can't be.
    init(
        _ request: RuntimeCreateContainerRequest, process: ContainerProcess, security: ContainerSecurity,
        mounts: ContainerMounts, cgroups: Cgroups, places: Places
    ) throws(DriverFailure) {
        let context = security.context
        let devices = try ContainerDevices(request.devices, privileged: context.privileged)
        deviceRules = devices.rules

        var session = InfraFields()
        for file in cgroups.joinFiles(places.cgroup) { session.add(PINTLE_SPEC_JOIN, file) }
        if let score = request.resources?.oomScoreAdj, score != 0 {
            session.add(PINTLE_SPEC_OOM_SCORE, Int32(clamping: score))
        }
        process.encode(into: &session)
        try security.encode(into: &session)
        try ProcessLimits.encode(request.rlimits, into: &session)
        if places.users > 0 { session.addRequired(PINTLE_SPEC_USERS, places.users) }

        var start = InfraFields()
        for layer in places.layers { start.add(PINTLE_SPEC_LAYER, layer) }
        start.add(PINTLE_SPEC_UPPER, places.upper)
        start.add(PINTLE_SPEC_WORK, places.work)
        var flags = PINTLE_SPEC_ROOT_VOLATILE
        if context.readonlyRootfs { flags |= PINTLE_SPEC_ROOT_READONLY }
        start.add(PINTLE_SPEC_ROOT_FLAGS, UInt32(flags))
        for mount in mounts.list { start.addMount(mount) }
        devices.encode(into: &start)
        for (path, target) in [
            ("/dev/ptmx", "pts/ptmx"), ("/dev/fd", "/proc/self/fd"), ("/dev/stdin", "/proc/self/fd/0"),
            ("/dev/stdout", "/proc/self/fd/1"), ("/dev/stderr", "/proc/self/fd/2"),
        ] { start.addLink(path, to: target) }
        if !context.privileged, !context.unmasked {
            for path in context.maskedPaths.isEmpty ? Self.masked : context.maskedPaths {
                start.add(PINTLE_SPEC_MASK, path)
            }
            for path in context.readonlyPaths.isEmpty ? Self.readOnly : context.readonlyPaths {
                start.add(PINTLE_SPEC_READONLY, path)
            }
        }
        start.append(ContainerProcess.encode(arguments: process.arguments))
        start.append(session)
        self.start = start
        self.session = session
        guard start.bytes.count <= Int(PINTLE_INFRA_MAX_SPEC) else {
            throw DriverFailure(
                .invalid, reason: "RequestTooLarge",
                "arguments, environment and mounts together are \(start.bytes.count) bytes, more than \(PINTLE_INFRA_MAX_SPEC)"
            )
        }
    }
}
