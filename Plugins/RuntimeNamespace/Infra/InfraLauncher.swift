internal import CPintleSystem
import Glibc
import PintleSystem

/// Starts infra processes, and finds those that run already.
final class InfraLauncher: Sendable {
    private let program: OwnedDescriptor
    private let mounts: OwnedDescriptor

    /// Opens `pintle-infra`, given by its absolute path.
    init(program path: String) throws(SystemError) {
        let descriptor = pintle_open_program(path)
        guard descriptor >= 0 else { throw SystemError("open", path) }
        program = OwnedDescriptor(adopting: descriptor)
        mounts = try OwnedDescriptor(opening: "/proc/self/ns/mnt", O_RDONLY)
    }

    /// What a running infra process gives its host.
    struct Infra {
        let connection: InfraConnection
        let pid: Int32
        /// Owned by the receiver.
        let process: Int32
        /// Owned by the receiver.
        let network: Int32
    }

    /// Starts one and waits until the pod is ready.
    ///
    /// `directory` is the sandbox's run directory, `namespaces` a set of `PINTLE_SPAWN_*`, `settings` the fields of
    /// CONFIGURE, `users` the node's id that is 0 in a user namespace of the pod's own, 0 for none. After a failure no
    /// process is left.
    func launch(
        sandbox: String, directory path: String, namespaces: UInt32, users: UInt32 = 0, settings: InfraFields,
        _ patience: Patience
    ) throws(LaunchFailure) -> Infra {
        var pair: [Int32] = [-1, -1]
        guard pintle_packet_pair(&pair) == 0 else { throw LaunchFailure(SystemError("socketpair")) }
        let control = OwnedDescriptor(adopting: pair[1])
        let connection = InfraConnection(sandbox: sandbox, adopting: pair[0])
        var hello = InfraFields()
        hello.add(PINTLE_INFRA_VERSION, Self.version)
        // Both packets wait in the socket when the process begins: no exchange is needed to get it going.
        try Self.send(connection, InfraPacket(kind: PINTLE_INFRA_HELLO, request: 1, fields: hello))
        try Self.send(connection, InfraPacket(kind: PINTLE_INFRA_CONFIGURE, request: 2, fields: settings))
        let process: Int32
        let pid: Int32
        do throws(SystemError) {
            let directory = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
            (pid, process) = try spawn(sandbox, control, directory, namespaces, users)
        } catch { throw LaunchFailure(error) }
        // The infra process has its own copy: only its end must be open, so that its death is seen.
        _ = consume control
        do throws(LaunchFailure) {
            let infra = try Self.receiveInfra(connection, answers: 2, patience)
            // In a cgroup v2 it went on as a copy of itself: the first process has ended then.
            if infra.pid != pid { Self.reap(process) } else { close(process) }
            return infra
        } catch {
            _ = pintle_signal_process(process, SIGKILL)
            Self.reap(process)
            throw error
        }
    }

    private func spawn(
        _ sandbox: String, _ control: borrowing OwnedDescriptor, _ directory: borrowing OwnedDescriptor,
        _ namespaces: UInt32, _ users: UInt32
    ) throws(SystemError) -> (pid: Int32, process: Int32) {
        var joined = pintle_user_namespaces(users: -1, network: -1, ipc: -1, uts: -1)
        if users > 0, pintle_make_user_namespaces(namespaces, users, SandboxRecord.userCount, &joined) != 0 {
            throw SystemError("make a user namespace")
        }
        defer { pintle_close_user_namespaces(&joined) }
        // What belongs to the user namespace has been made with it.
        let made = users > 0 ? 0 : namespaces
        var process: Int32 = -1
        var stage: UnsafePointer<CChar>?
        let pid = program.withRaw { program in
            control.withRaw { control in
                directory.withRaw { directory in
                    mounts.withRaw { mounts in
                        withUnsafePointer(to: joined) { joined in
                            pintle_spawn_infra(
                                program, control, directory, mounts, made, users > 0 ? joined : nil, sandbox, &process,
                                &stage)
                        }
                    }
                }
            }
        }
        guard pid >= 0 else {
            let error = errno
            throw SystemError("start the infra process", stage.map { String(cString: $0) } ?? "", errno: error)
        }
        return (pid, process)
    }

    /// Connects to one that runs.
    ///
    /// Throws when there is none.
    static func connect(sandbox: String, directory path: String, _ patience: Patience) throws(LaunchFailure) -> Infra {
        let descriptor: Int32
        do throws(SystemError) {
            let directory = try OwnedDescriptor(opening: path, O_RDONLY | O_DIRECTORY)
            descriptor = directory.withRaw { pintle_packet_connect($0, "control") }
            guard descriptor >= 0 else { throw SystemError("connect", path + "/control") }
        } catch { throw LaunchFailure(error) }
        let connection = InfraConnection(sandbox: sandbox, adopting: descriptor)
        var hello = InfraFields()
        hello.add(PINTLE_INFRA_VERSION, Self.version)
        try send(connection, InfraPacket(kind: PINTLE_INFRA_HELLO, request: 1, fields: hello))
        return try receiveInfra(connection, answers: 1, patience)
    }

    /// Waits for a process' end and takes its status away, so that no zombie stays if it is our child.
    static func reap(_ process: Int32) {
        var wait = pollfd(fd: process, events: Int16(POLLIN), revents: 0)
        _ = poll(&wait, 1, 5_000)
        reapOnly(process)
        close(process)
    }

    /// Takes the status of a process that has ended away, if it is our child; the descriptor stays open.
    static func reapOnly(_ process: Int32) { _ = pintle_reap(process) }

    private static let version = UInt32(PINTLE_INFRA_MAJOR << 16 | PINTLE_INFRA_MINOR)

    private static func send(_ connection: InfraConnection, _ packet: InfraPacket) throws(LaunchFailure) {
        let bytes = packet.bytes
        guard pintle_send_packet(connection.descriptor, bytes, UInt64(bytes.count), nil, 0) == 0 else {
            throw LaunchFailure(SystemError("send"))
        }
    }

    /// Reads the greeting and, after a launch, the answer to CONFIGURE, before the hub takes over.
    private static func receiveInfra(
        _ connection: InfraConnection, answers: Int, _ patience: Patience
    ) throws(LaunchFailure) -> Infra {
        var greeting: InfraReply?
        for _ in 0..<answers {
            let reply: InfraReply
            do throws(LaunchFailure) { reply = try receive(connection, patience) } catch {
                greeting?.closeDescriptors()
                throw error
            }
            if reply.status != 0 {
                reply.closeDescriptors()
                greeting?.closeDescriptors()
                throw LaunchFailure(stage: reply.stage.isEmpty ? "greeting" : reply.stage, errno: reply.status)
            }
            if !reply.descriptors.isEmpty { greeting = reply }
        }
        var process: Int32 = -1
        var network: Int32 = -1
        for (role, descriptor) in greeting?.descriptors ?? [] {
            switch Int(role) {
            case PINTLE_INFRA_ROLE_PROCESS where process < 0: process = descriptor
            case PINTLE_INFRA_ROLE_NETWORK where network < 0: network = descriptor
            default: close(descriptor)
            }
        }
        guard let greeting, process >= 0, network >= 0 else {
            if process >= 0 { close(process) }
            if network >= 0 { close(network) }
            throw LaunchFailure(stage: "greeting", errno: EPROTO)
        }
        // From here on the hub reads it, and must never wait.
        _ = fcntl(connection.descriptor, F_SETFL, O_NONBLOCK)
        return Infra(connection: connection, pid: greeting.pid, process: process, network: network)
    }

    private static func receive(_ connection: InfraConnection, _ patience: Patience) throws(LaunchFailure) -> InfraReply
    {
        var descriptors = [Int32](repeating: -1, count: Int(PINTLE_INFRA_MAX_DESCRIPTORS))
        var count: Int32 = 0
        var buffer = [UInt8](repeating: 0, count: 8192)
        while true {
            let size = pintle_receive_packet(connection.descriptor, &buffer, UInt64(buffer.count), &descriptors, &count)
            if size == 0 { throw LaunchFailure(stage: "infra process", errno: ECONNRESET) }
            if size < 0, errno != EAGAIN { throw LaunchFailure(SystemError("receive")) }
            if size > 0, let packet = InfraPacket(parsing: buffer[..<Int(size)]) {
                let received = Array(descriptors[..<Int(count)])
                if packet.kind == PINTLE_INFRA_REPLY { return InfraReply(fields: packet.fields, descriptors: received) }
                for descriptor in received { close(descriptor) }
                continue
            }
            var wait = pollfd(fd: connection.descriptor, events: Int16(POLLIN), revents: 0)
            _ = poll(&wait, 1, patience.milliseconds)
            if wait.revents == 0, patience.isOver { throw LaunchFailure(stage: "infra process", errno: ETIMEDOUT) }
        }
    }
}

/// Why an infra process could not be started or found.
struct LaunchFailure: Error, Sendable, CustomStringConvertible {
    let description: String
    let errno: Int32

    init(_ error: SystemError) {
        description = error.description
        errno = error.errno
    }

    init(stage: String, errno: Int32) {
        description = "\(stage): \(SystemError.text(errno))"
        self.errno = errno
    }
}
