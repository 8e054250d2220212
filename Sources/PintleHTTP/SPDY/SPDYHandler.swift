internal import NIOCore

/// SPDY directly over a connection that has left HTTP.
final class SPDYHandler: ChannelInboundHandler, SPDYCarrier {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// How long the client may take to close after everything has been sent.
    static let closeTimeout = TimeAmount.seconds(5)

    private let gate = ReadGate()
    private var context: ChannelHandlerContext?
    let connection: SPDYConnection

    init(loop: any EventLoop, delegate: any SPDYDelegate) throws(SPDYFault) {
        self.connection = try SPDYConnection(loop: loop, gate: self.gate, delegate: delegate)
        self.connection.carrier = self
    }

    /// Adds this handler and what it needs at the end of a pipeline.
    func install(_ pipeline: ChannelPipeline.SynchronousOperations) throws {
        try pipeline.addHandler(self.gate)
        try pipeline.addHandler(self)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.connection.disconnected()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.connection.disconnected()
        context.fireChannelInactive()
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.connection.receive(self.unwrapInboundIn(data))
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) { context.close(promise: nil) }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ServerEnding { _ = self.connection.closeSession() }
        context.fireUserInboundEventTriggered(event)
    }

    func send(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard let context = self.context else {
            promise?.fail(ExchangeClosed())
            return
        }
        context.writeAndFlush(self.wrapOutboundOut(bytes), promise: promise)
    }

    func close() {
        guard let context = self.context else { return }
        // Closing at once, with bytes of the client unread, would make the kernel throw away what is being sent.
        let channel = context.channel
        let timer = context.eventLoop.scheduleTask(in: Self.closeTimeout) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }
}

/// SPDY within the binary messages of a WebSocket.
final class SPDYTunnel: WebSocketConsumer, SPDYCarrier {
    private let socket: WebSocketHandler
    private let connection: SPDYConnection

    init(loop: any EventLoop, socket: WebSocketHandler, gate: ReadGate, delegate: any SPDYDelegate) throws(SPDYFault) {
        self.socket = socket
        self.connection = try SPDYConnection(loop: loop, gate: gate, delegate: delegate)
        self.connection.carrier = self
    }

    func received(_ message: ByteBuffer, binary: Bool) {
        if binary {
            self.connection.receive(message)
        } else {
            self.socket.close(code: 1003, reason: "SPDY comes in binary messages", promise: nil)
        }
    }

    func disconnected() { self.connection.disconnected() }

    func send(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        self.socket.send(.binary, body: bytes, promise: promise)
    }

    func close() { self.socket.close(code: 1000, reason: "", promise: nil) }
}
