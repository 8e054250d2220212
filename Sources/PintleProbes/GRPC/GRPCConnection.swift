internal import NIOCore
internal import NIOHTTP2
internal import NIOPosix

/// A client's connection to a gRPC server, without TLS.
///
/// A layer of our own over NIO's HTTP/2, since Go's servers send a PING for about every small call and NIO by its
/// defaults drops a connection after 200 of them in half a minute; other layers do not let that limit be changed.
final class GRPCConnection: Sendable {
    let channel: any Channel
    private let authority: String
    private let streams: NIOHTTP2Handler.StreamMultiplexer

    private init(_ channel: any Channel, _ streams: NIOHTTP2Handler.StreamMultiplexer, _ authority: String) {
        self.channel = channel
        self.streams = streams
        self.authority = authority
    }

    /// Connects, and waits until the server has shown that it speaks HTTP/2.
    ///
    /// - Parameters:
    ///   - host: An address or a name.
    ///   - port: The port.
    ///   - loop: Where the connection lives.
    ///   - timeout: Until it is ready.
    /// - Returns: The connection, when it is ready.
    static func connect(
        host: String, port: Int, on loop: any EventLoop, timeout: TimeAmount
    ) -> EventLoopFuture<GRPCConnection> {
        let ready = loop.makePromise(of: GRPCConnection.self)
        let timer = loop.scheduleTask(in: timeout) { ready.fail(ChannelError.connectTimeout(timeout)) }
        ready.futureResult.whenComplete { _ in timer.cancel() }
        let authority = Dial.address(host, port)
        Dial.connect(host: host, port: port, on: loop, timeout: timeout) { channel in
            var connection = NIOHTTP2Handler.ConnectionConfiguration()
            connection.controlFrameRateLimit.maximumCount = 500
            connection.controlFrameRateLimit.windowLength = .milliseconds(10)
            let pipeline = channel.pipeline.syncOperations
            let streams = try pipeline.configureHTTP2Pipeline(
                mode: .client, connectionConfiguration: connection, streamConfiguration: .init()
            ) { stream in stream.close() }
            try pipeline.addHandler(
                GRPCReadiness(GRPCConnection(channel, streams, authority), ready))
        }.whenFailure { ready.fail($0) }
        return ready.futureResult
    }

    /// One request, one answer.
    ///
    /// - Parameters:
    ///   - path: `/package.Service/Method`.
    ///   - message: The request, serialized.
    ///   - metadata: Further fields.
    ///   - timeout: After this long the call fails with `DeadlineExceeded`.
    /// - Returns: The answer, serialized; fails with a ``GRPCStatus``.
    func unary(
        _ path: String, _ message: [UInt8], metadata: [(String, String)] = [], timeout: TimeAmount
    ) -> EventLoopFuture<[UInt8]> {
        let promise = channel.eventLoop.makePromise(of: [UInt8].self)
        let authority = authority
        let stream = streams.createStreamChannel { stream in
            stream.eventLoop.makeCompletedFuture {
                try stream.pipeline.syncOperations.addHandler(
                    GRPCCall(
                        path: path, authority: authority, metadata: metadata, timeout: timeout, message: message,
                        promise: promise))
            }
        }
        stream.whenFailure { promise.fail(GRPCStatus(GRPCStatus.unavailable, "\($0)")) }
        let timer = channel.eventLoop.scheduleTask(in: timeout) {
            promise.fail(GRPCStatus(GRPCStatus.deadlineExceeded, "context deadline exceeded"))
            stream.whenSuccess { $0.close(promise: nil) }
        }
        promise.futureResult.whenComplete { _ in timer.cancel() }
        return promise.futureResult
    }

    func close() { channel.close(promise: nil) }
}

/// Tells when the server's first SETTINGS are here, or that they will never be.
private final class GRPCReadiness: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame

    private let connection: GRPCConnection
    private let ready: EventLoopPromise<GRPCConnection>
    private var isTold = false
    private var error: (any Error)?

    init(_ connection: GRPCConnection, _ ready: EventLoopPromise<GRPCConnection>) {
        self.connection = connection
        self.ready = ready
        // What is too late is closed.
        ready.futureResult.whenFailure { _ in connection.close() }
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        guard !isTold, case .settings = unwrapInboundIn(data).payload else { return }
        isTold = true
        ready.succeed(connection)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        context.fireChannelInactive()
        guard !isTold else { return }
        isTold = true
        ready.fail(error ?? ChannelError.eof)
    }
}
