internal import NIOCore
internal import NIOHTTP1
internal import NIOHTTP2
internal import NIOSSL
internal import NIOTLS

/// Builds the pipelines of accepted connections.
enum ConnectionSetup {
    /// TLS first; HTTP follows once the client has chosen its version.
    static func secure(_ channel: any Channel, _ server: ServerContext, _ tls: NIOSSLContext) throws {
        try channel.pipeline.syncOperations.addHandlers([
            NIOSSLServerHandler(context: tls), ProtocolSelector(server: server),
        ])
    }

    static func addHTTP1(
        _ pipeline: ChannelPipeline.SynchronousOperations, _ server: ServerContext, _ client: ClientInfo
    )
        throws
    {
        var limits = NIOHTTPDecoderLimitConfiguration()
        limits.maxHeaderFieldSize = server.configuration.maximumHeadSize
        limits.maxHeaderListSize = server.configuration.maximumHeadSize
        let decoder = ByteToMessageHandler(
            HTTPRequestDecoder(leftOverBytesStrategy: .forwardBytes, limitConfiguration: limits))
        try pipeline.addHandler(decoder)
        try pipeline.addHandler(HTTP1Handler(server: server, client: client, decoder: decoder))
    }

    static func addHTTP2(
        _ pipeline: ChannelPipeline.SynchronousOperations, _ server: ServerContext, _ client: ClientInfo
    )
        throws
    {
        var connection = NIOHTTP2Handler.ConnectionConfiguration()
        connection.initialSettings = [
            HTTP2Setting(parameter: .maxConcurrentStreams, value: 250),
            HTTP2Setting(parameter: .maxHeaderListSize, value: server.configuration.maximumHeadSize),
            HTTP2Setting(parameter: .initialWindowSize, value: HTTP2Handler.streamWindow),
        ]
        // Clients that cancel watches in bulk reset hundreds of streams; attackers reset tens of thousands.
        var streams = NIOHTTP2Handler.StreamConfiguration()
        streams.streamResetFrameRateLimit.maximumCount = 500
        streams.streamResetFrameRateLimit.windowLength = .seconds(5)
        // Go's clients may send a PING for each small request.
        connection.controlFrameRateLimit.maximumCount = 500
        connection.controlFrameRateLimit.windowLength = .seconds(1)
        try pipeline.addHandlers([
            WriteCoalescer(),
            NIOHTTP2Handler(mode: .server, connectionConfiguration: connection, streamConfiguration: streams),
            HTTP2Handler(server: server, client: client),
        ])
    }
}

/// Waits for the TLS handshake, then puts the chosen protocol's handlers into its place.
final class ProtocolSelector: ChannelInboundHandler, RemovableChannelHandler {
    typealias InboundIn = Any

    private let server: ServerContext
    private var deadline: Scheduled<Void>?

    init(server: ServerContext) { self.server = server }

    func handlerAdded(context: ChannelHandlerContext) {
        let channel = context.channel
        let limit = TimeAmount(self.server.configuration.timeouts.handshake)
        self.deadline = context.eventLoop.scheduleTask(in: limit) { channel.close(promise: nil) }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.deadline?.cancel()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case TLSUserEvent.handshakeCompleted(let chosen): self.select(chosen, context)
        case is ServerEnding: context.close(promise: nil)
        default: context.fireUserInboundEventTriggered(event)
        }
    }

    private func select(_ chosen: String?, _ context: ChannelHandlerContext) {
        let pipeline = context.pipeline.syncOperations
        do {
            let certificate = try pipeline.nioSSL_peerCertificate()
            let client = ClientInfo(
                identity: try certificate.flatMap { CertificateSubject.identity(der: try $0.toDERBytes()) },
                remoteAddress: context.remoteAddress?.hostAndPort ?? "")
            if chosen == "h2" {
                try ConnectionSetup.addHTTP2(pipeline, self.server, client)
            } else {
                try ConnectionSetup.addHTTP1(pipeline, self.server, client)
            }
            pipeline.removeHandler(context: context, promise: nil)
        } catch {
            context.close(promise: nil)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A failed handshake: the client has been told by a TLS alert.
        context.close(promise: nil)
    }
}
