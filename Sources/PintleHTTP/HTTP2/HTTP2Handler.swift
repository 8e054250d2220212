internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One HTTP/2 connection: collects requests by stream and writes their answers as frames.
///
/// Rationale: works on frames, behind NIO's framing and flow control, without its channel for each stream, which costs
/// more than all the rest of a small request.
final class HTTP2Handler: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame
    typealias OutboundOut = HTTP2Frame

    /// Receive windows: what a client may send ahead on a stream and on the whole connection.
    static let streamWindow = 256 * 1024, connectionWindow = 1024 * 1024

    let server: ServerContext
    let client: ClientInfo
    private var context: ChannelHandlerContext?
    private var streams: [HTTP2StreamID: HTTP2Stream] = [:]
    private var lastStream = HTTP2StreamID.rootStream
    private var reading = false
    private var needsFlush = false
    private(set) var ending = false
    private var clock: ConnectionClock?
    private var check: Scheduled<Void>?
    var date = HTTPDate()

    init(server: ServerContext, client: ClientInfo) {
        self.server = server
        self.client = client
    }

    var eventLoop: (any EventLoop)? { self.context?.eventLoop }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.clock = ConnectionClock(channel: context.channel, limits: self.server.configuration.timeouts) {
            [unowned self] in self.expired($0)
        }
        let increment = Self.connectionWindow - 65_535
        self.write(HTTP2Frame(streamID: .rootStream, payload: .windowUpdate(windowSizeIncrement: increment)), nil)
        context.flush()
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.clock?.stop()
        self.clock = nil
        self.check?.cancel()
        self.context = nil
    }

    // MARK: Frames

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        self.reading = true
        let frame = self.unwrapInboundIn(data)
        switch frame.payload {
        case .headers(let payload): self.received(payload, on: frame.streamID)
        case .data(let payload):
            guard let stream = self.streams[frame.streamID], case .byteBuffer(var bytes) = payload.data else { return }
            self.received(&bytes, end: payload.endStream, on: stream)
        case .goAway: self.ending = true
        default: break
        }
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        self.reading = false
        if self.needsFlush {
            self.needsFlush = false
            context.flush()
        }
        context.fireChannelReadComplete()
    }

    private func received(_ payload: HTTP2Frame.FramePayload.Headers, on id: HTTP2StreamID) {
        if let stream = self.streams[id] {
            // Trailers: they end the body and say nothing that is needed here.
            if payload.endStream { self.dispatch(stream) }
            return
        }
        let stream = HTTP2Stream(id: id, connection: self, headers: payload.headers)
        self.streams[id] = stream
        self.lastStream = max(self.lastStream, id)
        self.clock?.enter(.answering)
        if payload.endStream { return self.dispatch(stream) }
        let limit = self.server.configuration.maximumBodySize
        if let length = payload.headers.first(name: "content-length"), let size = Int(length), size > limit {
            return self.refuse(stream, .bodyTooLarge(limit: limit))
        }
        self.scheduleCheck()
    }

    private func received(_ bytes: inout ByteBuffer, end: Bool, on stream: HTTP2Stream) {
        guard !stream.dispatched, !stream.ended else { return }
        let limit = self.server.configuration.maximumBodySize
        guard stream.body.readableBytes + bytes.readableBytes <= limit else {
            return self.refuse(stream, .bodyTooLarge(limit: limit))
        }
        if stream.body.readableBytes == 0 { stream.body = bytes } else { stream.body.writeBuffer(&bytes) }
        if end { self.dispatch(stream) }
    }

    private func dispatch(_ stream: HTTP2Stream) {
        guard !stream.dispatched, !stream.ended, let context = self.context else { return }
        guard let path = stream.headers.first(name: ":path"), let method = stream.headers.first(name: ":method"),
            let target = RequestTarget(path)
        else { return self.refuse(stream, .badRequest("The request has no path.")) }
        stream.dispatched = true
        let request = HTTPRequest(
            method: method, path: target.path, query: target.query, headers: HeaderFields(http2: stream.headers),
            body: stream.body, identity: self.client.identity, remoteAddress: self.client.remoteAddress)
        stream.body = ByteBuffer()
        let exchange = HTTPExchange(eventLoop: context.eventLoop, loops: self.server.loops, sink: stream)
        stream.exchange = exchange
        self.server.responder.respond(to: request, exchange: exchange)
    }

    private func refuse(_ stream: HTTP2Stream, _ failure: ProtocolFailure) {
        stream.sendWhole(status: failure.status, headers: ProtocolFailure.headers, body: failure.body)
        // The rest of the request is thrown away for a while: clients that are reset while they send lose the answer.
        stream.refused = .now()
        self.scheduleCheck()
    }

    // MARK: Writing

    func write(_ frame: HTTP2Frame, _ promise: EventLoopPromise<Void>?) {
        guard let context = self.context else {
            promise?.fail(ExchangeClosed())
            return
        }
        context.write(self.wrapOutboundOut(frame), promise: promise)
    }

    /// Flushes now, or at the end of the packet that is being read: answers share a write.
    func flushSoon() {
        if self.reading { self.needsFlush = true } else { self.context?.flush() }
        self.scheduleCheck()
    }

    func reset(_ stream: HTTP2Stream, _ code: HTTP2ErrorCode) {
        stream.ended = true
        self.write(HTTP2Frame(streamID: stream.id, payload: .rstStream(code)), nil)
        self.flushSoon()
    }

    // MARK: Events and ends

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        switch event {
        case let event as StreamClosedEvent: self.closed(event.streamID)
        case let event as NIOHTTP2WindowUpdatedEvent: self.windowChanged(event)
        case is ServerEnding: self.end()
        default: break
        }
        context.fireUserInboundEventTriggered(event)
    }

    private func closed(_ id: HTTP2StreamID) {
        guard let stream = self.streams.removeValue(forKey: id) else { return }
        stream.ended = true
        stream.exchange?.clientGone()
        guard self.streams.isEmpty else { return }
        self.clock?.enter(.idle)
        if self.ending { self.closeWhenWritten() }
    }

    private func windowChanged(_ event: NIOHTTP2WindowUpdatedEvent) {
        if event.outboundWindowSize != nil { self.streams[event.streamID]?.lastProgress = .now() }
        guard let size = event.inboundWindowSize else { return }
        let target = event.streamID == .rootStream ? Self.connectionWindow : Self.streamWindow
        if event.streamID != .rootStream, self.streams[event.streamID] == nil { return }
        guard size < target / 2 else { return }
        self.write(
            HTTP2Frame(streamID: event.streamID, payload: .windowUpdate(windowSizeIncrement: target - size)), nil)
        self.flushSoon()
    }

    private func end() {
        guard !self.ending else { return }
        self.ending = true
        self.goAway()
        for stream in self.streams.values where stream.endless { stream.endByServer() }
        if self.streams.isEmpty { self.closeWhenWritten() }
    }

    private func goAway() {
        let payload = HTTP2Frame.FramePayload.goAway(
            lastStreamID: self.lastStream, errorCode: .noError, opaqueData: nil)
        self.write(HTTP2Frame(streamID: .rootStream, payload: payload), nil)
        self.flushSoon()
    }

    private func closeWhenWritten() {
        // The next turn of the loop: what is being written now goes first.
        guard let context = self.context else { return }
        let channel = context.channel
        context.flush()
        context.eventLoop.execute { channel.close(promise: nil) }
    }

    private func expired(_ phase: ConnectionClock.Phase) {
        switch phase {
        case .answering: self.context?.channel.close(promise: nil)
        case .idle, .head, .body, .lingering:
            self.goAway()
            self.closeWhenWritten()
        }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        // A fault of one stream is answered by the framing below; every other has been told by GOAWAY.
        if error is NIOHTTP2Errors.StreamError { return }
        context.flush()
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) {
        for stream in self.streams.values {
            stream.ended = true
            stream.exchange?.clientGone()
        }
        self.streams = [:]
        self.clock?.stop()
        self.check?.cancel()
        context.fireChannelInactive()
    }
}

// MARK: Slow streams

extension HTTP2Handler {
    /// Looks after slow streams, every few seconds while there are any.
    private func scheduleCheck() {
        guard self.check == nil, let loop = self.context?.eventLoop else { return }
        let bound = NIOLoopBound(self, eventLoop: loop)
        self.check = loop.scheduleTask(in: ConnectionClock.tick) { bound.value.checkStreams() }
    }

    private func checkStreams() {
        self.check = nil
        let now = NIODeadline.now()
        let limits = self.server.configuration.timeouts
        for stream in self.streams.values {
            if let refused = stream.refused {
                // The client need not send the rest: RFC 9113, section 8.1.
                if now - refused > ConnectionClock.tick { self.reset(stream, .noError) }
            } else if !stream.dispatched, !stream.ended, now - stream.begun > TimeAmount(limits.body) {
                self.refuse(stream, .timeout)
            } else if stream.heldWrites > 0, now - stream.lastProgress > TimeAmount(limits.write) {
                self.reset(stream, .cancel)
                stream.exchange?.clientGone()
            }
        }
        if !self.streams.isEmpty { self.scheduleCheck() }
    }
}
