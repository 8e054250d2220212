internal import CPintleSystem
import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem

extension RuntimeNamespace {
    func exec(_ request: RuntimeExecRequest, _ call: Call) throws -> RuntimeExecResult {
        let container = try container(request.containerId)
        let infra = try infra(of: container)
        guard !request.command.isEmpty else {
            throw DriverFailure(.invalid, reason: "NoCommand", "exec wants a program")
        }
        let session = try begin(request.sessionId, container.id, isProcess: true)
        defer { sessions.end(session) }
        let specification = try self.specification(container.record, request)
        defer { Glibc.close(specification) }
        var descriptors = [(PINTLE_INFRA_ROLE_SPEC, specification)]
        if request.stdinFd > 0 { descriptors.append((PINTLE_INFRA_ROLE_STDIN, request.stdinFd)) }
        if request.stdoutFd > 0 { descriptors.append((PINTLE_INFRA_ROLE_STDOUT, request.stdoutFd)) }
        if request.stderrFd > 0, !request.tty { descriptors.append((PINTLE_INFRA_ROLE_STDERR, request.stderrFd)) }
        do throws(InfraFailure) {
            _ = try infra.connection.call(
                PINTLE_INFRA_EXEC, fields(request, session.id, container), descriptors: descriptors, call.patience)
        } catch { throw execFailure(error, session.id, container, infra) }
        return try waitForExit(session, infra, call)
    }

    private func begin(_ id: String, _ container: String, isProcess: Bool) throws(DriverFailure) -> Sessions.Session {
        let name = id.isEmpty ? "session-\(UInt64.random(in: .min ... .max))" : id
        guard name.utf8.count <= Int(PINTLE_INFRA_MAX_ID), !name.utf8.contains(0) else {
            throw DriverFailure(
                .invalid, reason: "InvalidIdentifier", "the session's id is longer than \(PINTLE_INFRA_MAX_ID) bytes")
        }
        let session = try systemWork { () throws(SystemError) in
            try sessions.begin(name, container: container, isProcess: isProcess)
        }
        guard let session else {
            throw DriverFailure(.alreadyExists, reason: "SessionExists", "a session \(name) is open")
        }
        return session
    }

    /// The container's own, with other arguments.
    private func specification(_ record: ContainerRecord, _ request: RuntimeExecRequest) throws(DriverFailure) -> Int32
    {
        var fields = ContainerProcess.encode(arguments: request.command)
        let stored = try systemWork { () throws(SystemError) in try FileAccess.read(store.sessionFile(record)) }
        fields.append(stored: stored)
        if request.tty { fields.add(PINTLE_SPEC_ENVIRONMENT, "TERM=xterm") }
        let bytes = fields.bytes
        let descriptor = pintle_sealed_file("pintle-exec", bytes, UInt64(bytes.count))
        guard descriptor >= 0 else { throw SystemError("memfd_create").driverFailure }
        return descriptor
    }

    private func fields(_ request: RuntimeExecRequest, _ session: String, _ container: Container) -> InfraFields {
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ID, session)
        fields.add(PINTLE_INFRA_CONTAINER, container.id)
        fields.add(PINTLE_INFRA_FLAGS, UInt32(request.tty ? PINTLE_INFRA_FLAG_TTY : 0))
        if request.width > 0, request.height > 0 {
            fields.add(PINTLE_INFRA_WIDTH, UInt32(request.width))
            fields.add(PINTLE_INFRA_HEIGHT, UInt32(request.height))
        }
        let cgroup = container.sandbox.record.containerCgroup(container.id)
        if let directory = cgroups.joinDirectory(cgroup) { fields.add(PINTLE_INFRA_JOIN_DIRECTORY, directory) }
        return fields
    }

    private func execFailure(
        _ failure: InfraFailure, _ session: String, _ container: Container, _ infra: LiveInfra
    ) -> DriverFailure {
        guard case .refused(let number, let stage, _) = failure.kind else {
            signal(session, SIGKILL, infra)
            acknowledge(infra.connection, session)
            return failure.driverFailure
        }
        switch (number, stage) {
        case (ESRCH, "clone"), (ESRCH, "container"), (EIO, "setup"):
            return DriverFailure(.conflict, reason: "ContainerNotRunning", "the container \(container.id) does not run")
        case (EAGAIN, "start"):
            return DriverFailure(.resource, reason: "TooManyProcesses", "the pod has too many containers and sessions")
        case (EEXIST, "packet"):
            return DriverFailure(.alreadyExists, reason: "SessionExists", "a session \(session) is open")
        default: return DriverFailure(.invalid, reason: "StartError", StartError.message(failure), errno: number)
        }
    }

    private func waitForExit(
        _ session: Sessions.Session, _ infra: LiveInfra, _ call: Call
    ) throws(DriverFailure) -> RuntimeExecResult {
        var (outcome, report) = session.wait(call.patience)
        if outcome != .rung {
            signal(session.id, SIGKILL, infra)
            (_, report) = session.wait(.nanoseconds(800_000_000))
            throw outcome == .late
                ? DriverFailure(.deadline, reason: "DeadlineExceeded", "the program did not end in time and was killed")
                : DriverFailure(.cancelled, reason: "Cancelled", "the caller left; the program was killed")
        }
        var result = RuntimeExecResult()
        // Without a report the container, and the session with it, was killed.
        result.exitCode = report?.exitCode ?? 137
        result.signal = report?.signal ?? SIGKILL
        return result
    }

    func attach(_ request: RuntimeAttachRequest, _ call: Call) throws {
        let container = try container(request.containerId)
        let infra = try infra(of: container)
        let session = try begin(request.sessionId, container.id, isProcess: false)
        defer { sessions.end(session) }
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ID, container.id)
        fields.add(PINTLE_INFRA_SESSION, session.id)
        var descriptors: [(Int, Int32)] = []
        if request.stdinFd > 0 { descriptors.append((PINTLE_INFRA_ROLE_STDIN, request.stdinFd)) }
        if request.stdoutFd > 0 { descriptors.append((PINTLE_INFRA_ROLE_STDOUT, request.stdoutFd)) }
        if request.stderrFd > 0 { descriptors.append((PINTLE_INFRA_ROLE_STDERR, request.stderrFd)) }
        do throws(InfraFailure) {
            _ = try infra.connection.call(PINTLE_INFRA_ATTACH, fields, descriptors: descriptors, call.patience)
        } catch { throw Self.failure(error, container.id) }
        let (outcome, _) = session.wait(call.patience)
        guard outcome != .rung else { return }
        var detach = InfraFields()
        detach.add(PINTLE_INFRA_SESSION, session.id)
        infra.connection.post(PINTLE_INFRA_DETACH, detach)
        try call.checkCancellation()
        throw DriverFailure(.deadline, reason: "DeadlineExceeded", "the client was detached when its time was over")
    }

    func resizeTty(_ request: RuntimeResizeTtyRequest, _ call: Call) throws {
        let container = try container(request.containerId)
        let infra = try infra(of: container)
        guard (1...65_535).contains(request.width), (1...65_535).contains(request.height) else {
            throw DriverFailure(
                .invalid, reason: "InvalidSize", "a terminal of \(request.width) by \(request.height) can't be")
        }
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ID, request.sessionId.isEmpty ? container.id : request.sessionId)
        fields.add(PINTLE_INFRA_WIDTH, UInt32(request.width))
        fields.add(PINTLE_INFRA_HEIGHT, UInt32(request.height))
        do throws(InfraFailure) {
            _ = try infra.connection.call(PINTLE_INFRA_RESIZE, fields, call.patience)
        } catch {
            switch error.errno {
            case ENOTTY: throw DriverFailure(.invalid, reason: "NoTerminal", "it has no terminal", errno: ENOTTY)
            case ESRCH: throw DriverFailure(.notFound, reason: "SessionNotFound", "no session \(request.sessionId)")
            default: throw error.driverFailure
            }
        }
    }

    func portForward(_ request: RuntimePortForwardRequest, _ call: Call) throws -> RuntimePortForwardResult {
        let sandbox = try sandbox(request.sandboxId)
        guard let infra = sandbox.infra else {
            throw DriverFailure(.notFound, reason: "SandboxNotReady", "the sandbox \(sandbox.id) is not ready")
        }
        guard let port = UInt16(exactly: request.port), port > 0 else {
            throw DriverFailure(.invalid, reason: "InvalidPort", "\(request.port) is no TCP port")
        }
        let limit = call.patience.atMost(nanoseconds: 10_000_000_000).milliseconds
        let socket = pintle_connect_loopback(infra.network, port, limit)
        guard socket >= 0 else {
            let error = SystemError("connect to port \(port) of", sandbox.record.name)
            throw DriverFailure(.unavailable, reason: "ConnectionRefused", error.description, errno: error.errno)
        }
        var result = RuntimePortForwardResult()
        result.socketFd = socket
        return result
    }
}
