import CPintleSystem
import Glibc
import PintleSystem
import Testing

@testable import RuntimeNamespaceCore

/// An infra process of its own and a connection to it that says whatever a test wants, right or wrong.
final class RawInfra {
    let directory: String
    let pid: Int32
    private let process: Int32
    private let launched: InfraConnection
    private(set) var socket: Int32

    /// Starts `pintle-infra`, today's or an older one.
    init(_ program: String) throws {
        directory = "/tmp/pintle-infra-test-\(UInt32.random(in: .min ... .max))"
        try FileAccess.makeDirectories(directory, mode: 0o700)
        var settings = InfraFields()
        settings.add(PINTLE_INFRA_FLAGS, UInt32(PINTLE_INFRA_FLAG_LOOPBACK))
        settings.add(PINTLE_INFRA_HOSTNAME, "raw")
        let infra = try InfraLauncher(program: program).launch(
            sandbox: "raw", directory: directory, namespaces: 7, settings: settings, .nanoseconds(5_000_000_000))
        close(infra.network)
        launched = infra.connection
        process = infra.process
        pid = infra.pid
        socket = -1
        try reconnect()
    }

    deinit {
        pintle_signal_process(process, SIGKILL)
        InfraLauncher.reap(process)
        if socket >= 0 { close(socket) }
        try? TreeRemoval.remove(directory)
    }

    /// A new connection that has not said HELLO.
    func reconnect() throws {
        if socket >= 0 { close(socket) }
        let opened = try OwnedDescriptor(opening: directory, O_RDONLY | O_DIRECTORY)
        socket = opened.withRaw { pintle_packet_connect($0, "control") }
        try #require(socket >= 0)
    }

    /// Whether the process still answers a connection made now.
    var isWell: Bool {
        guard (try? reconnect()) != nil else { return false }
        return (try? hello())?.status == 0
    }

    /// How many descriptors the process has open.
    var openDescriptors: Int { FileAccess.names(in: "/proc/\(pid)/fd").count }

    func send(_ bytes: [UInt8], _ descriptors: [Int32] = []) {
        _ = pintle_send_packet(socket, bytes, UInt64(bytes.count), descriptors, Int32(descriptors.count))
    }

    func send(_ kind: Int, _ fields: InfraFields, _ descriptors: [Int32] = []) {
        send(InfraPacket(kind: kind, request: 7, fields: fields).bytes, descriptors)
    }

    /// The next packet, nil at the end of the connection or after five seconds.
    func receive() -> InfraPacket? {
        var buffer = [UInt8](repeating: 0, count: 20_000)
        var descriptors = [Int32](repeating: -1, count: 8)
        var count: Int32 = 0
        var wait = pollfd(fd: socket, events: Int16(POLLIN), revents: 0)
        guard poll(&wait, 1, 5_000) > 0 else { return nil }
        let size = pintle_receive_packet(socket, &buffer, UInt64(buffer.count), &descriptors, &count)
        for descriptor in descriptors.prefix(Int(count)) { close(descriptor) }
        return size > 0 ? InfraPacket(parsing: buffer[..<Int(size)]) : nil
    }

    /// The answer to what was sent last, without events that come before it.
    func answer() -> InfraReply? {
        while let packet = receive() {
            if packet.kind == PINTLE_INFRA_REPLY { return InfraReply(fields: packet.fields, descriptors: []) }
        }
        return nil
    }

    @discardableResult
    func hello(_ version: UInt32 = 1 << 16) throws -> InfraReply {
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_VERSION, version)
        send(PINTLE_INFRA_HELLO, fields)
        return try #require(answer())
    }

    /// What LIST tells.
    func list() throws -> [InfraReport] {
        send(PINTLE_INFRA_LIST, InfraFields())
        var reports: [InfraReport] = []
        while let packet = receive() {
            if packet.kind == PINTLE_INFRA_ITEM { reports.append(InfraReport(fields: packet.fields)) }
            if packet.kind == PINTLE_INFRA_REPLY { return reports }
        }
        Issue.record("LIST was not answered")
        return reports
    }

    /// Starts a container with this machine's /bin/busybox as its program, over a layer in the test's directory.
    func start(_ id: String, _ arguments: [String], _ change: (inout InfraFields) -> Void = { _ in }) throws
        -> InfraReply
    {
        let root = directory + "/root"
        if !FileAccess.exists(root) {
            try FileAccess.makeDirectories(root + "/bin")
            try FileAccess.replace(root + "/bin/busybox", FileAccess.read("/bin/busybox"), mode: 0o755)
        }
        for folder in ["upper", "work"] { try FileAccess.makeDirectories("\(directory)/\(id)/\(folder)") }
        var specification = InfraFields()
        specification.add(PINTLE_SPEC_LAYER, root)
        specification.add(PINTLE_SPEC_UPPER, "\(directory)/\(id)/upper")
        specification.add(PINTLE_SPEC_WORK, "\(directory)/\(id)/work")
        for (type, target) in [("proc", "/proc"), ("devtmpfs", "/dev")] {
            specification.addMount(ContainerMount(source: .new(type: type, options: []), target: target))
        }
        for argument in ["/bin/busybox"] + arguments { specification.add(PINTLE_SPEC_ARGUMENT, argument) }
        return try start(id, specification, change)
    }

    func start(
        _ id: String, _ specification: InfraFields, _ change: (inout InfraFields) -> Void = { _ in }
    ) throws -> InfraReply {
        let file = pintle_sealed_file("spec", specification.bytes, UInt64(specification.bytes.count))
        defer { close(file) }
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ROLES, [UInt8(PINTLE_INFRA_ROLE_SPEC)])
        fields.add(PINTLE_INFRA_ID, id)
        change(&fields)
        send(PINTLE_INFRA_START, fields, [file])
        return try #require(answer())
    }

    func about(_ kind: Int, _ id: String, _ change: (inout InfraFields) -> Void = { _ in }) throws -> InfraReply {
        var fields = InfraFields()
        fields.add(PINTLE_INFRA_ID, id)
        change(&fields)
        send(kind, fields)
        return try #require(answer())
    }
}

/// The C programs that the tests start.
enum InfraPrograms {
    private static let root: String = {
        // This file may be reached through a link; the sources lie beside the real one.
        guard let resolved = realpath(#filePath, nil) else { return "" }
        defer { free(resolved) }
        return String(cString: resolved).split(separator: "/", omittingEmptySubsequences: false).dropLast(3)
            .joined(separator: "/")
    }()

    static let current = build("Native/infra", "native") + "/pintle-infra"
    /// The first version, whose source is kept.
    static let first = build("Tests/InfraTests/Infra-1.0", "native-1.0") + "/pintle-infra"

    private static func build(_ folder: String, _ output: String) -> String {
        let output = "\(root)/.build/\(output)"
        var pid: pid_t = 0
        let words: [String] = ["/usr/bin/make", "-s", "-C", "\(root)/\(folder)", "OUT=\(output)"]
        let arguments = words.map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var status: Int32 = -1
        if posix_spawn(&pid, "/usr/bin/make", nil, nil, arguments, environ) == 0 { waitpid(pid, &status, 0) }
        #expect(status == 0, "\(folder) does not build")
        return output
    }
}
