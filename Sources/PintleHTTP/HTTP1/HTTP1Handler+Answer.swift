internal import NIOCore
internal import NIOHTTP1

extension HTTP1Handler: AnswerSink {
    /// Bodies up to this size share a buffer, and so a TLS record, with their head.
    private static let joinedBody = 16 * 1024

    private var http10: Bool { self.head.map { $0.version.minor == 0 } ?? false }
    private var withoutBody: Bool { self.head?.method == .HEAD }

    func sendWhole(status: Int, headers: [(String, String)], body: ByteBuffer) {
        guard self.state == .answering else { return }
        self.writeWhole(status: status, headers: headers, body: body)
        self.flushSoon()
        self.answered()
    }

    func writeWhole(status: Int, headers: [(String, String)], body: ByteBuffer) {
        guard let context = self.context else { return }
        let bodyless = status < 200 || status == 204 || status == 304
        let size = body.readableBytes
        let joined = size <= Self.joinedBody && !self.withoutBody
        var buffer = context.channel.allocator.buffer(capacity: 384 + (joined ? size : 0))
        HTTP1Head.write(
            status: status, headers: headers, framing: bodyless ? .none : .length(size), keepAlive: self.keepAlive,
            http10: self.http10, date: self.date.now(), into: &buffer)
        guard !bodyless, !self.withoutBody, size > 0 else {
            return context.write(self.wrapOutboundOut(buffer), promise: nil)
        }
        if joined { buffer.writeImmutableBuffer(body) }
        context.write(self.wrapOutboundOut(buffer), promise: nil)
        if !joined { context.write(self.wrapOutboundOut(body), promise: nil) }
    }

    func begin(status: Int, headers: [(String, String)], endless: Bool) {
        guard self.state == .answering, let context = self.context else { return }
        self.endless = endless
        self.framing = .streamed(status: status, http10: self.http10)
        if self.framing == .untilClose { self.keepAlive = false }
        var buffer = context.channel.allocator.buffer(capacity: 384)
        HTTP1Head.write(
            status: status, headers: headers, framing: self.framing, keepAlive: self.keepAlive, http10: self.http10,
            date: self.date.now(), into: &buffer)
        if self.withoutBody { self.framing = .none }
        context.write(self.wrapOutboundOut(buffer), promise: nil)
        self.flushSoon()
        if endless, self.ending {
            self.exchange?.clientGone()
            self.end()
        }
    }

    func write(_ buffer: ByteBuffer, promise: EventLoopPromise<Void>) {
        guard self.state == .answering, let context = self.context else { return promise.fail(ExchangeClosed()) }
        switch self.framing {
        case .none: return promise.succeed()
        case .untilClose, .length: context.write(self.wrapOutboundOut(buffer), promise: promise)
        case .chunked:
            let size = buffer.readableBytes
            let joined = size <= 4 * Self.joinedBody
            var chunk = context.channel.allocator.buffer(capacity: 16 + (joined ? size : 0))
            chunk.writeString(String(size, radix: 16))
            chunk.writeStaticString("\r\n")
            if joined {
                chunk.writeImmutableBuffer(buffer)
            } else {
                context.write(self.wrapOutboundOut(chunk), promise: nil)
                context.write(self.wrapOutboundOut(buffer), promise: nil)
                chunk = ByteBuffer()
            }
            chunk.writeStaticString("\r\n")
            context.write(self.wrapOutboundOut(chunk), promise: promise)
        }
        self.flushSoon()
    }

    func end() {
        guard self.state == .answering, let context = self.context else { return }
        if self.framing == .chunked {
            context.write(self.wrapOutboundOut(ByteBuffer(string: "0\r\n\r\n")), promise: nil)
        }
        self.flushSoon()
        self.answered()
    }

    func abandoned(unanswered: Bool) {
        guard self.state == .answering else { return }
        guard unanswered else { return self.closeNow() }
        let failure = ProtocolFailure.unanswered
        self.sendWhole(status: failure.status, headers: ProtocolFailure.headers, body: failure.body)
    }

    func upgrade(
        headers: [(String, String)], install: (ChannelPipeline.SynchronousOperations) throws -> Void
    ) throws -> EventLoopFuture<any Channel> {
        guard let context = self.context, self.state == .answering else { throw ExchangeClosed() }
        var buffer = context.channel.allocator.buffer(capacity: 256)
        buffer.writeStaticString("HTTP/1.1 101 Switching Protocols\r\n")
        for (name, value) in headers { buffer.writeString("\(name): \(value)\r\n") }
        buffer.writeStaticString("\r\n")
        context.writeAndFlush(self.wrapOutboundOut(buffer), promise: nil)
        self.state = .upgraded
        self.clock?.stop()
        self.exchange = nil
        let channel = context.channel
        let pipeline = channel.pipeline.syncOperations
        do { try install(pipeline) } catch {
            channel.close(promise: nil)
            throw error
        }
        // First the decoder, which hands on what it has read beyond the request; then this handler.
        let own = NIOLoopBound(self, eventLoop: context.eventLoop)
        return pipeline.removeHandler(self.decoder)
            .flatMap { channel.pipeline.syncOperations.removeHandler(own.value) }
            .map { channel }
    }
}
