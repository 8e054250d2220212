import NIOCore
import NIOPosix
import NIOSSL
import Synchronization

@testable import PintleProbes

/// A server on the loopback address that does what a test says with each connection.
final class TestServer: Sendable {
    enum Behaviour: Sendable {
        /// Answers what is asked and closes.
        case answer(@Sendable (String) -> [UInt8])
        /// Answers and leaves the connection open.
        case keepOpen([UInt8])
        /// Answers byte by byte.
        case dribble([UInt8])
        /// Never answers.
        case hang
        /// Closes when asked.
        case close
    }

    private let channel: any Channel
    let requests: Requests

    final class Requests: Sendable {
        private let texts = Mutex<[String]>([])
        var all: [String] { texts.withLock { $0 } }
        func add(_ text: String) { texts.withLock { $0.append(text) } }
    }

    var port: Int { channel.localAddress?.port ?? 0 }

    init(_ behaviour: Behaviour, tls: NIOSSLContext? = nil) async throws {
        let requests = Requests()
        self.requests = requests
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .serverChannelOption(.backlog, value: 64)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    let pipeline = channel.pipeline.syncOperations
                    if let tls { try pipeline.addHandler(NIOSSLServerHandler(context: tls)) }
                    try pipeline.addHandler(Handler(behaviour, requests))
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func stop() async { try? await channel.close() }

    /// A port where nothing listens.
    static func freePort() async throws -> Int {
        let server = try await TestServer(.hang)
        await server.stop()
        return server.port
    }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = ByteBuffer
        typealias OutboundOut = ByteBuffer
        private let behaviour: Behaviour
        private let requests: Requests
        private var text = ""

        init(_ behaviour: Behaviour, _ requests: Requests) {
            self.behaviour = behaviour
            self.requests = requests
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            text += String(buffer: unwrapInboundIn(data))
            guard text.contains("\r\n\r\n") else { return }
            requests.add(text)
            let asked = text
            text = ""
            switch behaviour {
            case .answer(let make):
                let bytes = context.channel.allocator.buffer(bytes: make(asked))
                let channel = context.channel
                context.writeAndFlush(wrapOutboundOut(bytes)).whenComplete { _ in channel.close(promise: nil) }
            case .keepOpen(let bytes):
                context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: bytes)), promise: nil)
            case .dribble(let bytes): dribble(bytes[...], context.channel)
            case .hang: break
            case .close: context.close(promise: nil)
            }
        }

        private func dribble(_ bytes: ArraySlice<UInt8>, _ channel: any Channel) {
            guard let first = bytes.first else { return channel.close(promise: nil) }
            channel.writeAndFlush(channel.allocator.buffer(bytes: [first]), promise: nil)
            let rest = bytes.dropFirst()
            channel.eventLoop.assumeIsolated().scheduleTask(in: .milliseconds(1)) { self.dribble(rest, channel) }
        }
    }
}

/// Waits for a check's outcome.
func outcome(of check: NetworkCheck, timeout: Duration = .seconds(20)) async -> ProbeOutcome {
    await withCheckedContinuation { continuation in
        ProbeLoop.next().run(check, timeout: timeout) { continuation.resume(returning: $0) }
    }
}

func get(_ port: Int, _ path: String = "/", secure: Bool = false, _ headers: [(String, String)] = []) -> NetworkCheck {
    .http(
        HTTPCheck(
            isSecure: secure, host: "127.0.0.1", port: port, path: path,
            headers: headers.map { HTTPCheck.Header($0.0, $0.1) }))
}

func answer(_ status: String, _ fields: String = "", body: String = "ok") -> [UInt8] {
    Array("HTTP/1.1 \(status)\r\n\(fields)Content-Length: \(body.utf8.count)\r\n\r\n\(body)".utf8)
}
