import Foundation
import Glibc

@testable import PintleHTTP

/// Plays the node agent: runs commands on this machine with a session's descriptors.
enum ShellCommand {
    /// Runs `words` and returns its exit code; closes the descriptors that it was given.
    static func run(_ words: [String], _ descriptors: RemoteCommandDescriptors) async throws -> Int32 {
        // Not Foundation's Process, which waits for the children's children too.
        let pid = try self.spawn(words, descriptors)
        for descriptor in [descriptors.stdin, descriptors.stdout, descriptors.stderr].compactMap(\.self) {
            close(descriptor)
        }
        return try await blocking {
            var status: Int32 = 0
            while waitpid(pid, &status, 0) < 0, errno == EINTR {}
            return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F
        }
    }

    private static func spawn(_ words: [String], _ descriptors: RemoteCommandDescriptors) throws -> pid_t {
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        for (target, source) in [descriptors.stdin, descriptors.stdout, descriptors.stderr].enumerated() {
            if let source {
                posix_spawn_file_actions_adddup2(&actions, source, Int32(target))
            } else {
                posix_spawn_file_actions_addopen(&actions, Int32(target), "/dev/null", O_RDWR, 0)
            }
        }
        // The tests' own sockets and pipes, held open by a child, would never end.
        try self.closeFrom(&actions, 3)
        var arguments = (["env"] + words).map { strdup($0) } + [nil]
        defer { for argument in arguments { free(argument) } }
        var pid: pid_t = 0
        let result = posix_spawn(&pid, "/usr/bin/env", &actions, nil, &arguments, environ)
        guard result == 0 else { throw TestFailure("posix_spawn: \(result)") }
        return pid
    }

    /// `posix_spawn_file_actions_addclosefrom_np`, which Swift's Glibc module does not show.
    private static func closeFrom(_ actions: inout posix_spawn_file_actions_t, _ first: Int32) throws {
        typealias Function = @convention(c) (UnsafeMutablePointer<posix_spawn_file_actions_t>, Int32) -> Int32
        guard let symbol = dlsym(nil, "posix_spawn_file_actions_addclosefrom_np") else {
            throw TestFailure("no glibc 2.34")
        }
        guard unsafeBitCast(symbol, to: Function.self)(&actions, first) == 0 else { throw TestFailure("closefrom") }
    }

    /// A responder's way to serve `/exec?command=…&stdin=true…` and `/portforward`.
    static func serve(
        _ request: HTTPRequest, _ exchange: HTTPExchange, connect: @escaping @Sendable (Int) async throws -> Int32
    ) async {
        func wants(_ name: String) -> Bool { request.queryValue(name) == "true" || request.queryValue(name) == "1" }
        let streams = RemoteCommandStreams(
            stdin: wants("stdin"), stdout: wants("stdout"), stderr: wants("stderr"), tty: wants("tty"))
        do throws(StreamUpgradeError) {
            if request.path.hasSuffix("/portforward") {
                return try await exchange.upgradeToPortForward(request, connect: connect)
            }
            let session = try await exchange.upgradeToRemoteCommand(request, streams: streams)
            do {
                let words = request.queryValues("command")
                if words.first == "sizes" { return await self.showSizes(session) }
                await session.finish(.exited(try await self.run(words, session.descriptors)))
            } catch {
                await session.finish(.failed(message: "cannot run", status: Array(#"{"status":"Failure"}"#.utf8)))
            }
        } catch {
            exchange.send(error.status, error.message)
        }
    }

    /// Prints the first two sizes of the terminal.
    private static func showSizes(_ session: RemoteCommandSession) async {
        var text = ""
        for await size in session.descriptors.resizes {
            text += "\(size.width)x\(size.height);"
            if text.utf8.count(where: { $0 == UInt8(ascii: ";") }) == 2 { break }
        }
        for descriptor in [session.descriptors.stdin, session.descriptors.stderr].compactMap(\.self) {
            close(descriptor)
        }
        if let output = session.descriptors.stdout {
            _ = text.withCString { write(output, $0, strlen($0)) }
            close(output)
        }
        await session.finish(.exited(0))
    }
}

/// A TCP server on loopback that answers each connection by `prefix` and what it received, once the client has ended.
final class EchoServer: @unchecked Sendable {
    // Unchecked: the descriptor is written once, and closed by `stop()` only.
    private let listener: Int32
    let port: Int

    init(prefix: String) throws {
        self.listener = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var size = socklen_t(MemoryLayout<sockaddr_in>.size)
        let listener = self.listener
        let bound = withUnsafeMutablePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) { pointer in
                bind(listener, pointer, size) == 0 && listen(listener, 16) == 0
                    && getsockname(listener, pointer, &size) == 0
            }
        }
        guard bound else { throw TestFailure("bind: \(errno)") }
        self.port = Int(in_port_t(bigEndian: address.sin_port))
        Thread.detachNewThread {
            while true {
                let connection = accept(listener, nil, nil)
                guard connection >= 0 else { return }
                Thread.detachNewThread { Self.answer(connection, prefix) }
            }
        }
    }

    private static func answer(_ connection: Int32, _ prefix: String) {
        defer { close(connection) }
        var bytes = Array(prefix.utf8)
        var chunk = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = recv(connection, &chunk, chunk.count, 0)
            guard count > 0 else { break }
            bytes += chunk[..<count]
        }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            guard count > 0 else { return }
            rest = rest.dropFirst(count)
        }
    }

    func stop() {
        shutdown(self.listener, Int32(SHUT_RDWR))
        close(self.listener)
    }

    /// A connected socket, as the node agent gives it.
    static func connect(to port: Int) throws -> Int32 {
        let descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                Glibc.connect(descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        if result == 0 { return descriptor }
        close(descriptor)
        throw TestFailure("connection to port \(port) refused")
    }
}
