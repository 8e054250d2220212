internal import Glibc
internal import Logging
internal import PintleHost
internal import PintleObjects
internal import Synchronization

/// The socket in the data directory over which `pintle image` reaches the running node: mode 0600, and the peer must
/// be root or the node's own user.
final class ControlSocket: Sendable {
    private let path: String
    private let listener: Int32
    private let operations: ImageOperations
    private let logger: Logger
    private let closed = Atomic<Bool>(false)
    /// Ends all pods before the machine goes down; tells how many.
    private let shutDown: @Sendable () async -> Int

    init(
        path: String, drivers: NodeDrivers, logger: Logger, shutDown: @escaping @Sendable () async -> Int
    ) throws {
        self.path = path
        self.shutDown = shutDown
        self.logger = logger
        operations = ImageOperations(runtime: drivers.host.runtime)
        unlink(path)
        let descriptor = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        guard descriptor >= 0 else { throw Failure("\(path): \(NodeDirectory.reason())") }
        let before = umask(0o177)
        let bound = try UnixAddress.with(path) { bind(descriptor, $0, $1) }
        umask(before)
        guard bound == 0, Glibc.listen(descriptor, 16) == 0 else {
            let reason = NodeDirectory.reason()
            Glibc.close(descriptor)
            throw Failure("\(path): \(reason)")
        }
        listener = descriptor
    }

    /// Serves until ``close()``.
    func run() async {
        _ = try? await onOwnThread { self.accept() }
    }

    func close() {
        guard !closed.exchange(true, ordering: .relaxed) else { return }
        shutdown(listener, Int32(SHUT_RDWR))
        unlink(path)
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(listener, nil, nil)
            if connection < 0 {
                if errno == EINTR || errno == ECONNABORTED { continue }
                break
            }
            guard Self.isTrusted(connection) else {
                Glibc.close(connection)
                continue
            }
            Task { [self] in
                _ = try? await onOwnThread { self.serve(connection) }
            }
        }
        Glibc.close(listener)
    }

    private func serve(_ connection: Int32) {
        var timeout = timeval(tv_sec: 10, tv_usec: 0)
        setsockopt(connection, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        setsockopt(connection, SOL_SOCKET, SO_SNDTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        guard let line = LineReader(connection).next(), let request = try? JSON(parsing: line) else {
            Glibc.close(connection)
            return
        }
        let out = LineWriter(connection)
        Task { [operations, shutDown] in
            if request["operation"].string == "shutdown" {
                let pods = await shutDown()
                out.write(["line": .string("\(pods) \(pods == 1 ? "pod" : "pods") ended.")])
                out.write(["done": true])
            } else {
                await operations.run(request) { out.write($0) }
            }
            out.close()
        }
    }

    private static func isTrusted(_ connection: Int32) -> Bool {
        var credentials = PeerCredentials()
        var size = socklen_t(MemoryLayout<PeerCredentials>.size)
        guard getsockopt(connection, SOL_SOCKET, SO_PEERCRED, &credentials, &size) == 0 else { return false }
        return credentials.uid == 0 || credentials.uid == geteuid()
    }

    /// `struct ucred` of unix(7).
    private struct PeerCredentials {
        var pid: pid_t = 0
        var uid: uid_t = .max
        var gid: gid_t = .max
    }
}

/// Asks the running node, or runs the request here when none runs.
enum ControlClient {
    /// - Throws: ``Failure`` with what the node answered.
    static func run(_ request: JSON, _ options: NodeOptions) async throws {
        let path = NodeDirectory.absolute(options.dataDir)
        let show = AnswerPrinter()
        if NodeDirectory.holder(path) != nil {
            try await onOwnThread { try ask(request, "\(path)/control.sock", show) }
        } else {
            let logger = Up.logger("warning", .text)
            let drivers = try await onOwnThread { try NodeDrivers(options, create: true, logger: logger) }
            await ImageOperations(runtime: drivers.host.runtime).run(request) { show.show($0) }
            drivers.close()
            RunDirectory.removeIfUnused(drivers.directory.runDirectory)
        }
        if let error = show.error { throw Failure(error) }
        guard show.isDone else { throw Failure("the node closed the connection without an answer") }
    }

    private static func ask(_ request: JSON, _ path: String, _ show: AnswerPrinter) throws {
        let connection = socket(AF_UNIX, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        defer { close(connection) }
        guard try UnixAddress.with(path, { connect(connection, $0, $1) }) == 0 else {
            throw Failure("the node does not answer on \(path): \(NodeDirectory.reason())")
        }
        LineWriter(connection).write(request)
        let reader = LineReader(connection)
        while let line = reader.next() { show.show((try? JSON(parsing: line)) ?? .null) }
    }
}

/// Prints answers; progress in place when standard error is a terminal.
private final class AnswerPrinter: Sendable {
    private let state = Mutex((error: String?.none, done: false, progress: false))

    var error: String? { state.withLock { $0.error } }
    var isDone: Bool { state.withLock { $0.done } }

    func show(_ answer: JSON) {
        state.withLock { state in
            if let text = answer["progress"].string {
                guard isatty(2) == 1 else { return }
                let bytes = Array("\r\u{1b}[K\(text)".utf8)
                _ = write(2, bytes, bytes.count)
                state.progress = true
                return
            }
            if state.progress {
                _ = write(2, [13, 27, 91, 75] as [UInt8], 4)
                state.progress = false
            }
            if let line = answer["line"].string { print(line) }
            if let error = answer["error"].string { state.error = error }
            if answer["done"].bool == true { state.done = true }
        }
    }
}

/// `sockaddr_un`.
enum UnixAddress {
    static func with<R>(_ path: String, _ body: (UnsafePointer<sockaddr>, socklen_t) -> R) throws -> R {
        var address = sockaddr_un()
        let bytes = Array(path.utf8)
        guard bytes.count < MemoryLayout.size(ofValue: address.sun_path) else {
            throw Failure("\(path) is too long for a socket (107 bytes); choose a shorter --data-dir")
        }
        address.sun_family = sa_family_t(AF_UNIX)
        withUnsafeMutableBytes(of: &address.sun_path) { $0.copyBytes(from: bytes) }
        return withUnsafePointer(to: &address) { pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                body($0, socklen_t(MemoryLayout<sockaddr_un>.size))
            }
        }
    }
}

/// Reads lines of at most 1 MiB; one thread.
private final class LineReader {
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(_ descriptor: Int32) { self.descriptor = descriptor }

    func next() -> [UInt8]? {
        var chunk = [UInt8](repeating: 0, count: 4096)
        while true {
            if let end = buffer.firstIndex(of: 10) {
                defer { buffer.removeSubrange(...end) }
                return Array(buffer[..<end])
            }
            guard buffer.count < 1 << 20 else { return nil }
            let count = read(descriptor, &chunk, chunk.count)
            guard count > 0 else { return nil }
            buffer += chunk[..<count]
        }
    }
}

/// Writes lines; any thread.
private final class LineWriter: Sendable {
    private let descriptor: Mutex<Int32>

    init(_ descriptor: Int32) { self.descriptor = Mutex(descriptor) }

    func write(_ json: JSON) {
        let bytes = json.serialized() + [10]
        descriptor.withLock { descriptor in
            guard descriptor >= 0 else { return }
            var sent = 0
            while sent < bytes.count {
                let count = bytes.withUnsafeBytes { raw in
                    send(descriptor, raw.baseAddress.map { $0 + sent }, bytes.count - sent, Int32(MSG_NOSIGNAL))
                }
                guard count > 0 else { return }
                sent += count
            }
        }
    }

    func close() {
        descriptor.withLock { descriptor in
            if descriptor >= 0 { Glibc.close(descriptor) }
            descriptor = -1
        }
    }
}
