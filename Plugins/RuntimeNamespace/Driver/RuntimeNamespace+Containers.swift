internal import CPintleSystem
import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization

extension RuntimeNamespace {
    func createContainer(_ request: RuntimeCreateContainerRequest, _ call: Call) throws -> RuntimeContainerRef {
        guard RuntimeIdentifier.isValid(request.id) else { throw RuntimeIdentifier.failure(request.id) }
        var ref = RuntimeContainerRef()
        ref.id = request.id
        if let existing = objects.withLock({ $0.containers[request.id] }) {
            guard existing.record.matches(request) else {
                throw DriverFailure(
                    .alreadyExists, reason: "ContainerExists", "the id \(request.id) is that of another container")
            }
            return ref
        }
        let sandbox = try sandbox(request.sandboxId)
        guard sandbox.infra != nil else {
            throw DriverFailure(.conflict, reason: "SandboxNotReady", "the sandbox \(sandbox.id) is not ready")
        }
        var undo = UndoSteps()
        do {
            let record = try prepare(request, sandbox.record, &undo)
            let container = Container(record, in: sandbox, store: store, events: events)
            objects.withLock { $0.containers[record.id] = container }
            events.tell(.containerCreated, record)
            return ref
        } catch {
            undo.run()
            throw error
        }
    }

    private func prepare(
        _ request: RuntimeCreateContainerRequest, _ sandbox: SandboxRecord, _ undo: inout UndoSteps
    ) throws(DriverFailure) -> ContainerRecord {
        let image: StoredImage
        do throws(ImageError) { image = try images.status(request.image) } catch { throw error.driverFailure }
        let volumes = try volumeImages(request)
        undo.add { self.images.release(request.id) }
        guard images.hold(image.layers + volumes.values.flatMap(\.self), for: request.id) else {
            throw DriverFailure(.notFound, reason: "ImageNotFound", "the image \(request.image) is being removed")
        }
        let process = try ContainerProcess(request, image: image.config, hostname: sandbox.hostname)
        let security = try ContainerSecurity(request, image: image.config, seccomp: seccomp)
        let mounts = try ContainerMounts(request, sandbox: sandbox, layout: cgroups.layout, images: volumes)
        let cgroup = sandbox.containerCgroup(request.id)
        let specification = try ContainerSpecification(
            request, process: process, security: security, mounts: mounts, cgroups: cgroups,
            places: ContainerSpecification.Places(
                layers: image.layers + [store.baseLayer], upper: store.upper(request.id),
                work: store.work(request.id), cgroup: cgroup, users: sandbox.userBase))
        let record = ContainerRecord(
            request, sandbox: sandbox, image: image, layers: image.layers + volumes.values.flatMap(\.self),
            stopSignal: try stopSignal(request, image.config))
        undo.add { self.store.remove(record) }
        undo.add { try? self.store.removeLayer(record.id) }
        undo.add { try? self.cgroups.remove(cgroup) }
        try systemWork { () throws(SystemError) in
            try store.makeLayer(record.id, owner: sandbox.userBase)
            try FileAccess.replace(store.startFile(record), specification.start.bytes)
            try FileAccess.replace(store.sessionFile(record), specification.session.bytes)
            if let slash = record.logPath.lastIndex(of: "/") {
                try FileAccess.makeDirectories(String(record.logPath[..<slash]))
            }
        }
        try makeCgroup(cgroup, record.resources, specification.deviceRules)
        try systemWork { () throws(SystemError) in try store.save(record) }
        return record
    }

    private func makeCgroup(
        _ cgroup: String, _ resources: RuntimeResources?, _ devices: [DeviceRule]
    ) throws(DriverFailure) {
        try systemWork { () throws(SystemError) in try cgroups.make(cgroup, holdsProcesses: true) }
        do throws(SystemError) {
            if let resources { try cgroups.limit(cgroup, resources) }
            cgroups.killTogether(cgroup)
        } catch {
            throw DriverFailure(.invalid, reason: "LimitRefused", "a limit was refused: \(error)", errno: error.errno)
        }
        try systemWork { () throws(SystemError) in try cgroups.allowDevices(cgroup, devices) }
    }

    private func volumeImages(_ request: RuntimeCreateContainerRequest) throws(DriverFailure) -> [String: [String]] {
        var layers: [String: [String]] = [:]
        for mount in request.mounts where !mount.image.isEmpty {
            do throws(ImageError) { layers[mount.image] = try images.status(mount.image).layers } catch {
                throw error.driverFailure
            }
        }
        return layers
    }

    private func stopSignal(_ request: RuntimeCreateContainerRequest, _ image: ImageConfig) throws(DriverFailure)
        -> Int32
    {
        let name = request.stopSignal.isEmpty ? image.stopSignal : request.stopSignal
        if name.isEmpty { return SIGTERM }
        guard let number = SignalName.number(name) else {
            throw DriverFailure(.invalid, reason: "UnknownSignal", "unknown stop signal \"\(name)\"")
        }
        return number
    }

    // MARK: Start

    func startContainer(_ request: RuntimeContainerRef, _ call: Call) throws -> RuntimeContainerStatus {
        let container = try container(request.id)
        let record = container.record
        guard record.state == .created else {
            throw DriverFailure(
                .conflict, reason: record.state == .running ? "ContainerRunning" : "ContainerExited",
                "the container \(record.id) has been started before")
        }
        guard let infra = container.sandbox.infra else {
            throw DriverFailure(.conflict, reason: "SandboxNotReady", "the sandbox \(record.sandboxID) is not ready")
        }
        do throws(InfraFailure) {
            let specification = try open(store.startFile(record))
            defer { Glibc.close(specification) }
            let reply = try infra.connection.call(
                PINTLE_INFRA_START, startFields(record), descriptors: [(PINTLE_INFRA_ROLE_SPEC, specification)],
                call.patience)
            container.hasStarted(reply.report)
        } catch {
            throw startFailure(error, container, infra)
        }
        return container.record.status
    }

    private func open(_ path: String) throws(InfraFailure) -> Int32 {
        let descriptor = Glibc.open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw InfraFailure(kind: .refused(errno: errno, stage: "specification", detail: path))
        }
        return descriptor
    }

    private func startFields(_ record: ContainerRecord) -> InfraFields {
        var fields = InfraFields()
        let cgroup = "\(cgroupParent(of: record))/\(record.id)"
        fields.add(PINTLE_INFRA_ID, record.id)
        var flags = 0
        if record.tty { flags |= PINTLE_INFRA_FLAG_TTY }
        if record.stdin { flags |= PINTLE_INFRA_FLAG_STDIN }
        if record.stdinOnce { flags |= PINTLE_INFRA_FLAG_STDIN_ONCE }
        fields.add(PINTLE_INFRA_FLAGS, UInt32(flags))
        if !record.logPath.isEmpty {
            fields.add(PINTLE_INFRA_LOG_PATH, record.logPath)
            fields.add(PINTLE_INFRA_LOG_MAX_BYTES, record.logMaxBytes)
            fields.add(PINTLE_INFRA_LOG_MAX_FILES, UInt32(clamping: record.logMaxFiles))
        }
        fields.add(PINTLE_INFRA_CGROUP_PROCS, cgroups.processFile(cgroup))
        fields.add(PINTLE_INFRA_OOM_FILE, cgroups.oomFile(cgroup))
        if let directory = cgroups.joinDirectory(cgroup) { fields.add(PINTLE_INFRA_JOIN_DIRECTORY, directory) }
        switch record.pidMode {
        case .pod: fields.add(PINTLE_INFRA_PID_MODE, UInt32(PINTLE_INFRA_PID_POD))
        case .node: fields.add(PINTLE_INFRA_PID_MODE, UInt32(PINTLE_INFRA_PID_NODE))
        case .target:
            fields.add(PINTLE_INFRA_PID_MODE, UInt32(PINTLE_INFRA_PID_OF_TARGET))
            fields.add(PINTLE_INFRA_PID_TARGET, record.pidTarget)
        default: fields.add(PINTLE_INFRA_PID_MODE, UInt32(PINTLE_INFRA_PID_OWN))
        }
        return fields
    }

    private func cgroupParent(of record: ContainerRecord) -> String {
        objects.withLock { $0.sandboxes[record.sandboxID] }?.record.cgroupParent ?? ""
    }

    private func startFailure(_ failure: InfraFailure, _ container: Container, _ infra: LiveInfra) -> DriverFailure {
        guard case .refused(let number, let stage, _) = failure.kind else {
            // Whether it runs or not: it shall not. If it does, its end will be told.
            signal(container.id, SIGKILL, infra)
            return failure.driverFailure
        }
        switch (number, stage) {
        case (EEXIST, "packet"):
            return DriverFailure(
                .conflict, reason: "ContainerRunning", "the container \(container.id) is being started")
        case (EAGAIN, "start"):
            return DriverFailure(.resource, reason: "TooManyProcesses", "the pod has too many containers and sessions")
        case (ESHUTDOWN, "start"):
            return DriverFailure(.conflict, reason: "SandboxNotReady", "the sandbox is being stopped")
        default:
            let message = StartError.message(failure)
            container.hasEnded { $0.fail(exitCode: 128, message: message) }
            return DriverFailure(.invalid, reason: "StartError", message, errno: number)
        }
    }

    // MARK: Stop and remove

    func signal(_ id: String, _ number: Int32, _ infra: LiveInfra) {
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ID, id)
        fields.add(PINTLE_INFRA_EXIT_SIGNAL, number)
        infra.connection.post(PINTLE_INFRA_SIGNAL, fields)
    }

    func acknowledge(_ connection: InfraConnection, _ id: String) {
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ID, id)
        connection.post(PINTLE_INFRA_ACKNOWLEDGE, fields)
    }

    func stopContainer(_ request: RuntimeStopContainerRequest, _ call: Call) throws {
        guard let container = objects.withLock({ $0.containers[request.id] }) else { return }
        let record = container.record
        guard record.state == .running, let infra = container.sandbox.infra else { return }
        var first = record.stopSignal
        if !request.signal.isEmpty {
            guard let number = SignalName.number(request.signal) else {
                throw DriverFailure(.invalid, reason: "UnknownSignal", "unknown signal \"\(request.signal)\"")
            }
            first = number
        }
        if request.graceNs > 0 {
            signal(record.id, first, infra)
            if try end(of: container, call.patience.atMost(nanoseconds: request.graceNs)) { return }
            try call.checkCancellation()
        }
        try kill(container, infra, call.patience)
    }

    private func kill(_ container: Container, _ infra: LiveInfra, _ patience: Patience) throws(DriverFailure) {
        signal(container.id, SIGKILL, infra)
        if try end(of: container, patience.atMost(nanoseconds: 10_000_000_000)) { return }
        guard !patience.isOver else {
            throw DriverFailure(
                .deadline, reason: "DeadlineExceeded", "the container \(container.id) has not ended yet")
        }
        throw DriverFailure(
            .busyRetry, reason: "ProcessStuck", "the container \(container.id) does not end, though killed")
    }

    /// Waits for a container's end; false when the time is over or the caller wants no more.
    private func end(of container: Container, _ patience: Patience) throws(DriverFailure) -> Bool {
        try systemWork { () throws(SystemError) in try container.waitForEnd(patience) } == .rung
    }

    func removeContainer(_ request: RuntimeContainerRef, _ call: Call) throws {
        guard let container = objects.withLock({ $0.containers[request.id] }) else {
            if RuntimeIdentifier.isValid(request.id) {
                try systemWork { () throws(SystemError) in try store.removeLayer(request.id) }
            }
            return
        }
        try remove(container, call.patience)
    }

    func remove(_ container: Container, _ patience: Patience) throws(DriverFailure) {
        let record = container.record
        if record.state == .running, let infra = container.sandbox.infra { try kill(container, infra, patience) }
        let cgroup = "\(container.sandbox.record.cgroupParent)/\(record.id)"
        cgroups.kill(cgroup)
        try systemWork { () throws(SystemError) in
            try cgroups.remove(cgroup)
            try store.removeLayer(record.id)
        }
        store.remove(record)
        images.release(record.id)
        objects.withLock { _ = $0.containers.removeValue(forKey: record.id) }
        samples.withLock { _ = $0.removeValue(forKey: record.id) }
        events.tell(.containerRemoved, container.record)
    }
}
