import NIOCore
import NIOHPACK
import NIOHTTP2
import NIOPosix
import Synchronization

@testable import PintleProbes

/// A gRPC server on the loopback address: answers each call with what `reply` says of its path and message.
final class HealthServer: Sendable {
    enum Reply: Sendable {
        case message([UInt8])
        case status(Int, String)
        case http(String)
        /// Messages one after the other, in pieces of a byte.
        case messages([[UInt8]])
        case reset
        case hang
        /// Raw bytes instead of a framed message.
        case raw([UInt8])
    }

    private let channel: any Channel
    let heads: TestServer.Requests

    var port: Int { channel.localAddress?.port ?? 0 }

    /// Listens; `pings` is how many PINGs precede each answer, as Go's servers send them.
    init(pings: Int = 0, _ reply: @escaping @Sendable (String, [UInt8]) -> Reply) async throws {
        let heads = TestServer.Requests()
        var limits = NIOHTTP2Handler.ConnectionConfiguration()
        limits.controlFrameRateLimit.maximumCount = 10_000
        let connection = limits
        self.heads = heads
        channel = try await ServerBootstrap(group: MultiThreadedEventLoopGroup.singleton)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    _ = try channel.pipeline.syncOperations.configureHTTP2Pipeline(
                        mode: .server, connectionConfiguration: connection, streamConfiguration: .init()
                    ) { stream in
                        stream.eventLoop.makeCompletedFuture {
                            try stream.pipeline.syncOperations.addHandler(
                                Handler(heads, pings: pings, connection: channel, reply))
                        }
                    }
                }
            }
            .bind(host: "127.0.0.1", port: 0).get()
    }

    func stop() async { try? await channel.close() }

    private final class Handler: ChannelInboundHandler {
        typealias InboundIn = HTTP2Frame.FramePayload
        typealias OutboundOut = HTTP2Frame.FramePayload
        private let heads: TestServer.Requests
        private let reply: @Sendable (String, [UInt8]) -> Reply
        private let pings: Int
        private let connection: any Channel
        private var path = ""
        private var messages = GRPCMessages()

        init(
            _ heads: TestServer.Requests, pings: Int, connection: any Channel,
            _ reply: @escaping @Sendable (String, [UInt8]) -> Reply
        ) {
            self.heads = heads
            self.pings = pings
            self.connection = connection
            self.reply = reply
        }

        func channelRead(context: ChannelHandlerContext, data: NIOAny) {
            switch unwrapInboundIn(data) {
            case .headers(let frame):
                heads.add(frame.headers.map { "\($0.name): \($0.value)" }.joined(separator: "\n"))
                path = frame.headers.first(name: ":path") ?? ""
            case .data(let frame):
                if case .byteBuffer(let bytes) = frame.data { messages.feed(bytes.readableBytesView) }
                guard frame.endStream, let message = try? messages.next() else { return }
                for index in 0..<pings {
                    let ping = HTTP2Frame(
                        streamID: .rootStream,
                        payload: .ping(HTTP2PingData(withInteger: UInt64(index)), ack: false))
                    connection.writeAndFlush(ping, promise: nil)
                }
                send(reply(path, message), context)
            default: break
            }
        }

        private func send(_ reply: Reply, _ context: ChannelHandlerContext) {
            func head(_ fields: [(String, String)], last: Bool = false) {
                context.write(
                    wrapOutboundOut(.headers(.init(headers: HPACKHeaders(fields), endStream: last))), promise: nil)
            }
            func data(_ bytes: [UInt8]) {
                let buffer = context.channel.allocator.buffer(bytes: bytes)
                context.writeAndFlush(wrapOutboundOut(.data(.init(data: .byteBuffer(buffer)))), promise: nil)
            }
            let grpc = [(":status", "200"), ("content-type", "application/grpc")]
            switch reply {
            case .message(let message):
                head(grpc)
                data(GRPCMessages.frame(message))
                head([("grpc-status", "0")], last: true)
            case .messages(let all):
                head(grpc)
                for byte in all.flatMap({ GRPCMessages.frame($0) }) { data([byte]) }
                head([("grpc-status", "0")], last: true)
            case .raw(let bytes):
                head(grpc)
                data(bytes)
                head([("grpc-status", "0")], last: true)
            case .status(let code, let message):
                head(grpc + [("grpc-status", "\(code)"), ("grpc-message", message)], last: true)
            case .http(let status): head([(":status", status), ("content-type", "text/html")], last: true)
            case .reset:
                context.write(wrapOutboundOut(.rstStream(.cancel)), promise: nil)
            case .hang: return
            }
            context.flush()
        }
    }
}
