import Glibc
import NIOCore
import NIOPosix
import NIOSSL
import PintleClient
import PintleObjects
import Synchronization
import Testing

@Suite("Commands in containers")
struct ExecTests {
    @Test("exec over a WebSocket carries output and the exit code, and names the container that was meant")
    func exec() async throws {
        let streams = EchoStreams()
        try await TestServer.run(streams: streams) { server in
            _ = try await server.admin.post(pods, pod("p"))
            let binding = #"{"metadata":{"name":"p"},"target":{"name":"n1"}}"#
            _ = try await server.admin.post("\(pods)/p/binding", binding)
            let frames = try await server.admin.webSocket("\(pods)/p/exec?command=echo&command=hi&stdout=1&stderr=1")
            let output = frames.filter { $0.first == 1 }.flatMap { $0.dropFirst() }
            #expect(String(decoding: output, as: UTF8.self) == "echo hi\n")
            let status = try #require(frames.first { $0.first == 3 })
            let outcome = try JSON(parsing: Array(status.dropFirst()))
            #expect(outcome["reason"].string == "NonZeroExitCode")
            #expect(outcome["details"]["causes"][0]["message"].string == "7")
            let target = try #require(streams.target.withLock { $0 })
            #expect(target.container == "c" && target.pod == "p" && target.uid.count == 36)
        }
    }
}

/// Prints the command and exits with 7.
private final class EchoStreams: PodStreams {
    let target = Mutex<ContainerTarget?>(nil)

    func exec(
        _ target: ContainerTarget, command: [String], tty: Bool, streams: StandardStreams
    ) async throws(StatusError) -> Int32 {
        self.target.withLock { $0 = target }
        let line = command.joined(separator: " ") + "\n"
        if let stdout = streams.stdout { _ = line.withCString { write(stdout, $0, line.utf8.count) } }
        for descriptor in [streams.stdin, streams.stdout, streams.stderr] {
            if let descriptor { close(descriptor) }
        }
        return 7
    }

    func logs(
        _ target: ContainerTarget, _ options: LogOptions, write: @Sendable ([UInt8]) async throws -> Void
    ) async throws(StatusError) { throw .internalError("not in this test") }

    func attach(_ target: ContainerTarget, tty: Bool, streams: StandardStreams) async throws(StatusError) {
        throw .internalError("not in this test")
    }

    func portForward(namespace: String, pod: String, uid: String, port: Int) async throws(StatusError) -> Int32 {
        throw .internalError("not in this test")
    }
}

extension TestClient {
    /// Opens a WebSocket of `v4.channel.k8s.io` and returns the payloads of the server's frames until it closes.
    fileprivate func webSocket(_ path: String) async throws -> [[UInt8]] {
        let (stream, continuation) = AsyncThrowingStream<ByteBuffer, any Error>.makeStream()
        let tls = tls
        let channel = try await ClientBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                try channel.pipeline.syncOperations.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                try channel.pipeline.syncOperations.addHandler(ByteCollector(continuation))
            }
        }.connect(host: "127.0.0.1", port: port).get()
        let head = """
            GET \(path) HTTP/1.1\r
            Host: localhost\r
            Connection: Upgrade\r
            Upgrade: websocket\r
            Sec-WebSocket-Version: 13\r
            Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r
            Sec-WebSocket-Protocol: v4.channel.k8s.io\r
            \r

            """
        try await channel.writeAndFlush(ByteBuffer(string: head))
        var received: [UInt8] = []
        for try await chunk in stream {
            received += chunk.readableBytesView
            if let frames = Self.frames(received) {
                channel.close(promise: nil)
                return frames
            }
        }
        return Self.frames(received, isComplete: true) ?? []
    }

    /// The payloads of all frames behind the HTTP head; `nil` while the close frame has not come.
    private static func frames(_ bytes: [UInt8], isComplete: Bool = false) -> [[UInt8]]? {
        guard let head = String(decoding: bytes, as: UTF8.self).range(of: "\r\n\r\n") else { return nil }
        var rest = bytes[String(decoding: bytes, as: UTF8.self)[..<head].utf8.count...].dropFirst(4)
        var frames: [[UInt8]] = []
        // Frames of a server are not masked; those of this test are shorter than 64 KiB.
        while rest.count >= 2 {
            let opcode = rest[rest.startIndex] & 0x0F
            var length = Int(rest[rest.startIndex + 1] & 0x7F)
            var start = rest.startIndex + 2
            if length == 126, rest.count >= 4 {
                length = Int(rest[start]) << 8 | Int(rest[start + 1])
                start += 2
            }
            guard start + length <= rest.endIndex else { break }
            if opcode == 8 { return frames }
            frames.append(Array(rest[start..<(start + length)]))
            rest = rest[(start + length)...]
        }
        return isComplete ? frames : nil
    }
}

extension String {
    /// Where `text` begins.
    fileprivate func range(of text: String) -> String.Index? {
        indices.first { self[$0...].hasPrefix(text) }
    }
}

private final class ByteCollector: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    private let continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation

    init(_ continuation: AsyncThrowingStream<ByteBuffer, any Error>.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) { continuation.yield(unwrapInboundIn(data)) }
    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }
}
