internal import NIOCore
internal import NIOHTTP1

/// One HTTP/1 connection: collects requests, has them answered one after the other, writes the answers.
///
/// Stands behind NIO's request decoder; writes bytes.
final class HTTP1Handler: ChannelDuplexHandler, RemovableChannelHandler {
    typealias InboundIn = HTTPServerRequestPart
    typealias InboundOut = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    enum State {
        /// A request is awaited or arriving.
        case reading
        /// The responder has the request.
        case answering
        /// The last answer has been given; what still arrives is thrown away until the client has sent its request.
        case lingering
        /// The pipeline belongs to a stream protocol.
        case upgraded
        case closed
    }

    let server: ServerContext
    let client: ClientInfo
    var context: ChannelHandlerContext?
    var state = State.reading
    /// The head of the request that arrives or is being answered.
    var head: HTTPRequestHead?
    var body = ByteBuffer()
    /// What a pipelining client sent before the present request was answered.
    private var waiting = CircularBuffer<HTTPServerRequestPart>()
    private var processing = false
    private var readHeld = false
    private var reading = false
    private var needsFlush = false
    weak var exchange: HTTPExchange?
    var keepAlive = true
    var framing = HTTP1Framing.none
    var endless = false
    var ending = false
    var clock: ConnectionClock?
    var date = HTTPDate()
    /// The decoder before this handler, which leaves with it at an upgrade.
    let decoder: any RemovableChannelHandler

    init(server: ServerContext, client: ClientInfo, decoder: any RemovableChannelHandler) {
        self.server = server
        self.client = client
        self.decoder = decoder
    }

    func handlerAdded(context: ChannelHandlerContext) {
        self.context = context
        self.clock = ConnectionClock(channel: context.channel, limits: self.server.configuration.timeouts) {
            [unowned self] in self.expired($0)
        }
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        self.clock?.stop()
        self.clock = nil
        self.context = nil
    }

    // MARK: Reading

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        // The decoder leaves before this handler does and hands on what it held.
        if self.state == .upgraded { return context.fireChannelRead(data) }
        self.reading = true
        let part = self.unwrapInboundIn(data)
        guard self.state != .answering, self.waiting.isEmpty else { return self.waiting.append(part) }
        self.process(part)
        self.processWaiting()
    }

    func channelReadComplete(context: ChannelHandlerContext) {
        let sawParts = self.reading
        self.reading = false
        if self.needsFlush {
            self.needsFlush = false
            context.flush()
        }
        if !sawParts, self.state == .reading, self.head == nil, self.clock?.phase == .idle { self.clock?.enter(.head) }
        if self.state == .upgraded { context.fireChannelReadComplete() }
    }

    /// A client that pipelines is read no further than one packet ahead.
    func read(context: ChannelHandlerContext) {
        if self.waiting.isEmpty { context.read() } else { self.readHeld = true }
    }

    private func processWaiting() {
        guard !self.processing else { return }
        self.processing = true
        while self.state != .answering, let part = self.waiting.popFirst() { self.process(part) }
        self.processing = false
        if self.readHeld, self.waiting.isEmpty {
            self.readHeld = false
            self.context?.read()
        }
    }

    private func process(_ part: HTTPServerRequestPart) {
        switch (self.state, part) {
        case (.reading, .head(let head)): self.received(head)
        case (.reading, .body(var bytes)): self.received(&bytes)
        case (.reading, .end): self.dispatch()
        case (.lingering, .end): self.closeNow()
        case (.answering, _), (.lingering, _), (.upgraded, _), (.closed, _): break
        }
    }

    private func received(_ head: HTTPRequestHead) {
        self.head = head
        self.body = ByteBuffer()
        self.keepAlive = head.isKeepAlive && !self.ending
        self.clock?.enter(.body)
        if let failure = self.check(head) { return self.refuse(failure) }
        if head.headers.first(name: "expect")?.lowercased() == "100-continue", head.version.minor > 0 {
            let go = ByteBuffer(staticString: "HTTP/1.1 100 Continue\r\n\r\n")
            self.context?.writeAndFlush(self.wrapOutboundOut(go), promise: nil)
        }
    }

    private func check(_ head: HTTPRequestHead) -> ProtocolFailure? {
        let limit = self.server.configuration.maximumBodySize
        if let length = head.headers.first(name: "content-length"), let size = Int(length), size > limit {
            return .bodyTooLarge(limit: limit)
        }
        let hosts = head.headers["host"].count
        if hosts > 1 || (hosts == 0 && head.version.minor > 0) {
            return .badRequest("The request must have one Host field.")
        }
        return nil
    }

    private func received(_ bytes: inout ByteBuffer) {
        let limit = self.server.configuration.maximumBodySize
        guard self.body.readableBytes + bytes.readableBytes <= limit else {
            return self.refuse(.bodyTooLarge(limit: limit))
        }
        if self.body.readableBytes == 0 { self.body = bytes } else { self.body.writeBuffer(&bytes) }
    }

    private func dispatch() {
        guard let head = self.head, let context = self.context else { return }
        guard let target = RequestTarget(head.uri), head.method != .CONNECT else {
            return self.refuse(.badRequest("The request's target \(head.uri) is no path."), atEnd: true)
        }
        let request = HTTPRequest(
            method: head.method.rawValue, path: target.path, query: target.query,
            headers: HeaderFields(http1: head.headers), body: self.body, identity: self.client.identity,
            remoteAddress: self.client.remoteAddress)
        self.body = ByteBuffer()
        // The decoder reads no further request after one that asks for an upgrade.
        if request.wantsUpgrade { self.keepAlive = false }
        self.state = .answering
        self.clock?.enter(.answering)
        let exchange = HTTPExchange(eventLoop: context.eventLoop, loops: self.server.loops, sink: self)
        self.exchange = exchange
        self.server.responder.respond(to: request, exchange: exchange)
    }

    // MARK: Faults and ends

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        switch error {
        case HTTPParserError.headerOverflow where self.state == .reading: self.refuse(.headTooLarge, atEnd: true)
        case let error as HTTPParserError where self.state == .reading:
            self.refuse(.badRequest("The request is no HTTP: \(error)."), atEnd: true)
        default: self.closeNow()
        }
    }

    /// Answers by itself and closes; `atEnd` when nothing more of the request will be seen.
    private func refuse(_ failure: ProtocolFailure, atEnd: Bool = false) {
        self.keepAlive = false
        self.writeWhole(status: failure.status, headers: ProtocolFailure.headers, body: failure.body)
        self.state = .lingering
        self.clock?.enter(.lingering)
        if atEnd { self.closeNow() } else { self.flushSoon() }
    }

    private func expired(_ phase: ConnectionClock.Phase) {
        switch phase {
        case .head, .body: self.state == .reading ? self.refuse(.timeout, atEnd: true) : self.closeNow()
        case .idle, .lingering: self.closeNow()
        case .answering:
            // Nothing can be told to a client that takes nothing.
            self.context?.channel.close(mode: .all, promise: nil)
        }
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.state = .closed
        self.waiting.removeAll()
        self.clock?.stop()
        self.exchange?.clientGone()
        context.fireChannelInactive()
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if event is ServerEnding {
            self.ending = true
            self.keepAlive = false
            if self.state == .answering, self.endless, let exchange = self.exchange {
                exchange.clientGone()
                self.end()
            } else if self.state == .reading, self.head == nil {
                self.closeNow()
            }
        }
        context.fireUserInboundEventTriggered(event)
    }

    /// Closes once what was written has been sent.
    func closeNow() {
        guard self.state != .closed, let context = self.context else { return }
        self.state = .closed
        self.clock?.enter(.answering)
        // An empty write is done when everything before it is; closing at once would throw that away.
        let written = context.eventLoop.makePromise(of: Void.self)
        let channel = context.channel
        written.futureResult.whenComplete { _ in channel.close(promise: nil) }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: written)
    }

    /// Flushes now, or at the end of the packet that is being read: pipelined answers share a write.
    func flushSoon() {
        if self.reading { self.needsFlush = true } else { self.context?.flush() }
    }

    /// The answer is complete: goes on with the next request or closes.
    func answered() {
        self.exchange = nil
        self.head = nil
        self.endless = false
        guard self.state == .answering else { return }
        guard self.keepAlive else { return self.closeNow() }
        self.state = .reading
        self.clock?.enter(.idle)
        self.processWaiting()
    }
}
