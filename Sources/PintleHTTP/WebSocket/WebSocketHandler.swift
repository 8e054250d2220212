internal import NIOCore
internal import NIOWebSocket

/// What takes a WebSocket's messages.
protocol WebSocketConsumer: AnyObject {
    func received(_ message: ByteBuffer, binary: Bool)
    /// The connection has gone; called once, last.
    func disconnected()
}

/// A WebSocket after its handshake: messages in and out, pings answered, closed in order.
///
/// Stands behind NIO's frame decoder; writes bytes.
final class WebSocketHandler: ChannelInboundHandler {
    typealias InboundIn = WebSocketFrame
    typealias OutboundOut = ByteBuffer

    /// How long the client may take to answer our close frame.
    private static let closeTimeout = TimeAmount.seconds(5)

    private var context: ChannelHandlerContext?
    private var assembler = WebSocketAssembler()
    private var closing = false
    /// Held until the connection has gone.
    var consumer: (any WebSocketConsumer)?

    /// Adds the handlers of a WebSocket at the end of a pipeline.
    static func install(_ handler: WebSocketHandler, gate: ReadGate, _ pipeline: ChannelPipeline.SynchronousOperations)
        throws
    {
        try pipeline.addHandler(gate)
        try pipeline.addHandler(ByteToMessageHandler(WebSocketFrameDecoder(maxFrameSize: WebSocketAssembler.limit)))
        try pipeline.addHandler(handler)
    }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.context = nil
        self.disconnect()
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.disconnect()
        context.fireChannelInactive()
    }

    private func disconnect() {
        self.closing = true
        let consumer = self.consumer
        self.consumer = nil
        consumer?.disconnected()
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        do throws(WebSocketFault) {
            guard let event = try self.assembler.receive(self.unwrapInboundIn(data)) else { return }
            switch event {
            case .message(let bytes, let binary):
                if !self.closing { self.consumer?.received(bytes, binary: binary) }
            case .ping(let bytes):
                // A client that takes no bytes gets no pongs: they would pile up.
                if !self.closing, context.channel.isWritable { self.send(.pong, body: bytes) }
            case .close(let code): self.answerClose(code, context)
            }
        } catch {
            self.fail(error)
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        if case NIOWebSocketError.invalidFrameLength = error {
            self.fail(WebSocketFault(code: 1009, reason: "the frame is too large"))
        } else if error is NIOWebSocketError {
            self.fail(.protocolError("a control frame is too long or fragmented"))
        } else {
            context.close(promise: nil)
        }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ServerEnding { self.close(code: 1001, reason: "the server is shutting down", promise: nil) }
        context.fireUserInboundEventTriggered(event)
    }

    private func answerClose(_ code: UInt16?, _ context: ChannelHandlerContext) {
        let channel = context.channel
        if !self.closing {
            self.closing = true
            self.send(.close, body: code.map { ByteBuffer(integer: $0) } ?? ByteBuffer())
        }
        channel.close(promise: nil)
    }

    // MARK: Writing

    /// Sends a frame; `promise` is kept when the socket has taken it.
    func send(
        _ kind: WebSocketFraming.Kind, head: [UInt8] = [], body: ByteBuffer, promise: EventLoopPromise<Void>? = nil
    ) {
        guard let context = self.context else {
            promise?.fail(ExchangeClosed())
            return
        }
        let frame = WebSocketFraming.frame(kind, head: head, body: body, allocator: context.channel.allocator)
        context.writeAndFlush(self.wrapOutboundOut(frame), promise: promise)
    }

    /// Sends a message, unless the close frame has been sent.
    func send(_ message: ByteBuffer, form: MessageSession.Form, promise: EventLoopPromise<Void>?) {
        guard !self.closing else {
            promise?.fail(ExchangeClosed())
            return
        }
        switch form {
        case .binary: self.send(.binary, body: message, promise: promise)
        case .text: self.send(.text, body: message, promise: promise)
        case .base64:
            self.send(.text, body: ByteBuffer(bytes: Base64.encodedBytes(message.readableBytesView)), promise: promise)
        }
    }

    private func fail(_ fault: WebSocketFault) {
        self.close(code: fault.code, reason: fault.reason, promise: nil)
    }

    /// Sends the close frame and closes once the client has answered it, or has had time to.
    ///
    /// `promise` is kept when the client's socket has taken everything, and failed when it has gone.
    func close(code: UInt16, reason: String, promise: EventLoopPromise<Void>?) {
        guard !self.closing, let context = self.context else {
            promise?.fail(ExchangeClosed())
            return
        }
        self.closing = true
        var body = ByteBuffer(integer: code)
        body.writeString(reason)
        self.send(.close, body: body, promise: promise)
        let channel = context.channel
        let timer = context.eventLoop.scheduleTask(in: Self.closeTimeout) { channel.close(promise: nil) }
        channel.closeFuture.whenComplete { _ in timer.cancel() }
    }
}
