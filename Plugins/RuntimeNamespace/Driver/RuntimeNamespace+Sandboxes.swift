internal import CPintleSystem
import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization

extension RuntimeNamespace {
    func runSandbox(_ request: RuntimeRunSandboxRequest, _ call: Call) throws -> RuntimeRunSandboxResult {
        try check(request)
        if let existing = objects.withLock({ $0.sandboxes[request.id] }) {
            return try result(of: existing, for: request)
        }
        let record = SandboxRecord(request, bootID: bootID)
        var undo = UndoSteps()
        do {
            let sandbox = try create(record, request, call, &undo)
            objects.withLock { $0.sandboxes[record.id] = sandbox }
            undo.add { _ = self.objects.withLock { $0.sandboxes.removeValue(forKey: record.id) } }
            let result = try result(of: sandbox, for: request)
            undo.forget()
            balance(levelOf: record)
            events.tell(.sandboxCreated, sandbox.record)
            return result
        } catch {
            undo.run()
            throw error
        }
    }

    private func check(_ request: RuntimeRunSandboxRequest) throws(DriverFailure) {
        guard RuntimeIdentifier.isValid(request.id) else { throw RuntimeIdentifier.failure(request.id) }
        guard request.cgroupParent.hasPrefix("/"), !request.cgroupParent.split(separator: "/").contains("..") else {
            throw DriverFailure(
                .invalid, reason: "InvalidCgroup", "the cgroup \"\(request.cgroupParent)\" is not absolute")
        }
        guard request.hostname.utf8.count <= 64 else {
            throw DriverFailure(.invalid, reason: "InvalidHostname", "the host name is longer than 64 bytes")
        }
        guard request.runtimeHandler.isEmpty else {
            throw DriverFailure(
                .invalid, reason: "UnknownHandler", "this driver has no runtime handler \"\(request.runtimeHandler)\"")
        }
        if let namespaces = request.namespaces, let problem = SandboxRecord.problem(namespaces) {
            throw DriverFailure(.invalid, reason: "InvalidUserNamespace", problem)
        }
    }

    private func result(
        of sandbox: Sandbox, for request: RuntimeRunSandboxRequest
    ) throws(DriverFailure) -> RuntimeRunSandboxResult {
        let record = sandbox.record
        guard record.matches(request) else {
            throw DriverFailure(
                .alreadyExists, reason: "SandboxExists", "the id \(record.id) is that of another sandbox")
        }
        guard record.isReady, let infra = sandbox.infra else {
            throw DriverFailure(.conflict, reason: "SandboxNotReady", "the sandbox \(record.id) has been stopped")
        }
        var result = RuntimeRunSandboxResult()
        result.id = record.id
        result.pid = Int64(infra.pid)
        if !record.sharesNodeNetwork {
            result.netnsFd = try systemWork { () throws(SystemError) in try infra.networkDescriptor() }
        }
        return result
    }

    private func create(
        _ record: SandboxRecord, _ request: RuntimeRunSandboxRequest, _ call: Call, _ undo: inout UndoSteps
    ) throws(DriverFailure) -> Sandbox {
        var record = record
        let directory = store.directory(sandbox: record.id)
        undo.add { try? self.store.remove(sandbox: record.id) }
        try systemWork { () throws(SystemError) in
            guard mkdir(directory, 0o700) == 0 || errno == EEXIST else { throw SystemError("mkdir", directory) }
            // First, so that whatever happens from here on is found again.
            try store.save(record)
            if !record.logDirectory.isEmpty { try FileAccess.makeDirectories(record.logDirectory) }
        }
        undo.add {
            self.cgroups.kill(record.cgroup)
            try? self.cgroups.remove(record.cgroup)
            try? self.cgroups.remove(record.cgroupParent, patience: 0)
            self.cgroups.removeEmptyAncestors(of: record.cgroupParent)
        }
        try systemWork { () throws(SystemError) in
            try cgroups.make(record.cgroupParent, holdsProcesses: false)
            if let resources = record.resources { try cgroups.limit(record.cgroupParent, resources) }
            try cgroups.make(record.cgroup, holdsProcesses: true)
        }
        let infra: LiveInfra
        do throws(LaunchFailure) {
            infra = LiveInfra(
                try launch(record, namespaces: namespaces(record), settings: settings(record, request), call.patience))
        } catch {
            throw DriverFailure(
                error.errno == EINVAL ? .invalid : .internal, reason: "SandboxFailed",
                "the pod's namespaces can't be made: \(error)", errno: error.errno)
        }
        undo.add {
            pintle_signal_process(infra.process, SIGKILL)
            _ = infra.hasEnded(within: 5_000)
            InfraLauncher.reapOnly(infra.process)
        }
        record.pid = infra.pid
        record.isReady = true
        let sandbox = Sandbox(record, infra: infra)
        try systemWork { () throws(SystemError) in
            try store.save(record)
            try hub.add(infra.connection)
        }
        return sandbox
    }

    private func namespaces(_ record: SandboxRecord) -> UInt32 {
        var set = 0
        // A pod in the node's network has the node's name too.
        if !record.sharesNodeNetwork { set |= PINTLE_SPAWN_NETWORK | PINTLE_SPAWN_UTS }
        if !record.sharesNodeIPC { set |= PINTLE_SPAWN_IPC }
        return UInt32(set)
    }

    private func settings(_ record: SandboxRecord, _ request: RuntimeRunSandboxRequest) -> InfraFields {
        var fields = InfraFields()
        for file in cgroups.joinFiles(record.cgroup) { fields.add(PINTLE_INFRA_JOIN, file) }
        if let directory = cgroups.joinDirectory(record.cgroup) { fields.add(PINTLE_INFRA_JOIN_DIRECTORY, directory) }
        // The pod's own process goes last when memory is short.
        fields.add(PINTLE_INFRA_OOM_SCORE, Int32(-998))
        var flags = 0
        if !record.sharesNodeNetwork {
            flags |= PINTLE_INFRA_FLAG_LOOPBACK
            if !record.hostname.isEmpty { fields.add(PINTLE_INFRA_HOSTNAME, record.hostname) }
        }
        if record.sharesPIDs { flags |= PINTLE_INFRA_FLAG_SHARED_PID }
        if record.userBase > 0 { flags |= PINTLE_INFRA_FLAG_USERS }
        fields.add(PINTLE_INFRA_FLAGS, UInt32(flags))
        if !record.sharesNodeIPC { fields.add(PINTLE_INFRA_SHM_BYTES, settings.shmBytes) }
        for (name, value) in request.sysctls.sorted(by: { $0.key < $1.key }) {
            fields.add(PINTLE_INFRA_SYSCTL, "\(Self.sysctlPath(name))=\(value)")
        }
        return fields
    }

    /// Below /proc/sys: of dots and slashes, the one that comes first stands between the parts.
    static func sysctlPath(_ name: String) -> String {
        guard let separator = name.first(where: { $0 == "." || $0 == "/" }), separator == "." else { return name }
        return String(name.map { $0 == "." ? "/" : $0 == "/" ? "." : $0 })
    }

    func stopSandbox(_ request: RuntimeSandboxRef, _ call: Call) throws {
        guard let sandbox = objects.withLock({ $0.sandboxes[request.id] }) else { return }
        try stop(sandbox, call.patience)
    }

    /// Ends all that runs in a sandbox.
    ///
    /// Repeating it is safe.
    private func stop(_ sandbox: Sandbox, _ patience: Patience) throws(DriverFailure) {
        let (infra, wasReady) = sandbox.state.withLock { state in
            state.isStopping = true
            return (state.infra, state.record.isReady)
        }
        let record = sandbox.record
        if let infra {
            // Every container's end is told before the answer.
            let answer = Result { () throws(InfraFailure) in
                try infra.connection.call(
                    PINTLE_INFRA_SHUTDOWN, InfraFields(), patience.atMost(nanoseconds: 5_000_000_000))
            }
            if case .failure = answer { pintle_signal_process(infra.process, SIGKILL) }
            if !infra.hasEnded(within: 5_000) { pintle_signal_process(infra.process, SIGKILL) }
            guard infra.hasEnded(within: 5_000) else {
                throw DriverFailure(
                    .busyRetry, reason: "InfraProcessStuck", "the infra process of \(record.id) does not end")
            }
            InfraLauncher.reapOnly(infra.process)
        }
        guard cgroups.kill(record.cgroupParent, patience: 5_000_000_000) else {
            throw DriverFailure(
                .busyRetry, reason: "ProcessesStuck", "processes of the sandbox \(record.id) do not end")
        }
        let all = containers(of: sandbox.id)
        for container in all where container.record.state == .running {
            container.hasEnded { $0.lose(message: "the pod was stopped") }
        }
        sessions.hasEnded(containers: Set(all.map(\.id)))
        try systemWork { () throws(SystemError) in try cgroups.remove(record.cgroup) }
        sandbox.state.withLock { state in
            state.infra = nil
            state.record.isReady = false
            state.record.pid = 0
            if state.record.reason.isEmpty { state.record.reason = "Stopped" }
            try? store.save(state.record)
            if wasReady { events.tell(.sandboxStopped, state.record) }
        }
    }

    func removeSandbox(_ request: RuntimeSandboxRef, _ call: Call) throws {
        guard let sandbox = objects.withLock({ $0.sandboxes[request.id] }) else {
            // What a failed creation may have left.
            if RuntimeIdentifier.isValid(request.id) {
                try systemWork { () throws(SystemError) in try store.remove(sandbox: request.id) }
            }
            return
        }
        try stop(sandbox, call.patience)
        for container in containers(of: sandbox.id) { try remove(container, call.patience) }
        let record = sandbox.record
        try systemWork { () throws(SystemError) in
            for cgroup in cgroups.children(record.cgroupParent) { try cgroups.remove(cgroup) }
            try cgroups.remove(record.cgroupParent)
            cgroups.removeEmptyAncestors(of: record.cgroupParent)
            try store.remove(sandbox: sandbox.id)
        }
        objects.withLock { _ = $0.sandboxes.removeValue(forKey: sandbox.id) }
        samples.withLock { _ = $0.removeValue(forKey: sandbox.id) }
        balance(levelOf: record)
        events.tell(.sandboxRemoved, record)
    }

    func sandboxStatus(_ request: RuntimeStatusRequest, _ call: Call) throws -> RuntimeSandboxStatus {
        let sandbox = try sandbox(request.id)
        let record = sandbox.record
        var status = record.status
        if let infra = sandbox.infra, !record.sharesNodeNetwork {
            status.netnsFd = try systemWork { () throws(SystemError) in try infra.networkDescriptor() }
        }
        if request.verbose {
            status.info["infraPid"] = "\(record.pid)"
            status.info["cgroup"] = "\"\(record.cgroup)\""
        }
        return status
    }

    func listSandboxes(
        _ request: RuntimeSandboxFilter, _ call: Call, yield: (RuntimeSandboxStatus) throws -> Void
    ) throws {
        let all = objects.withLock { Array($0.sandboxes.values) }.map(\.record)
        for record in all.sorted(by: { $0.id < $1.id }) {
            guard request.id.isEmpty || record.id == request.id else { continue }
            guard request.labels.allSatisfy({ record.labels[$0.key] == $0.value }) else { continue }
            let status = record.status
            guard !request.hasState || status.state == request.state else { continue }
            try yield(status)
        }
    }

    func updateSandbox(_ request: RuntimeUpdateSandboxRequest, _ call: Call) throws {
        let sandbox = try sandbox(request.id)
        guard let resources = request.resources else { return }
        do throws(SystemError) { try cgroups.limit(sandbox.record.cgroupParent, resources) } catch {
            throw DriverFailure(.invalid, reason: "LimitRefused", error.description, errno: error.errno)
        }
        sandbox.state.withLock { state in
            state.record.resources = resources
            try? store.save(state.record)
        }
        balance(levelOf: sandbox.record)
    }

    /// Gives a level of pods, such as all burstable ones, the weight of its pods together.
    ///
    /// Pods right below the node's cgroup stand for themselves. Pods that ask for nothing share the least there is. A
    /// level that is gone, or about to be, is left alone.
    private func balance(levelOf record: SandboxRecord) {
        let parts = record.cgroupParent.split(separator: "/")
        guard parts.count > 2 else { return }
        let level = "/" + parts.dropLast().joined(separator: "/")
        let pods = objects.withLock { $0.sandboxes.values.map(\.record) }.filter {
            $0.cgroupParent.hasPrefix(level + "/")
        }
        guard !pods.isEmpty else { return }
        var weight = RuntimeResources()
        let sum = pods.reduce(Int64(0)) { $0 + min(max($1.resources?.cpuShares ?? 0, 2), 262_144) }
        weight.cpuShares = pods.allSatisfy({ ($0.resources?.cpuShares ?? 0) <= 2 }) ? 2 : sum
        try? cgroups.limit(level, weight)
    }
}

/// Ids that the host chooses: they become names of files and cgroups.
enum RuntimeIdentifier {
    static func isValid(_ id: String) -> Bool {
        id.utf8.count == 64 && id.utf8.allSatisfy { (0x30...0x39).contains($0) || (0x61...0x66).contains($0) }
    }

    static func failure(_ id: String) -> DriverFailure {
        DriverFailure(.invalid, reason: "InvalidIdentifier", "the id \"\(id)\" is not 64 lower-case hexadecimal digits")
    }
}

/// What is to be taken back, in reverse order, when a later step fails.
struct UndoSteps {
    private var steps: [() -> Void] = []

    mutating func add(_ step: @escaping () -> Void) { steps.append(step) }
    mutating func forget() { steps = [] }

    mutating func run() {
        while let step = steps.popLast() { step() }
    }
}
