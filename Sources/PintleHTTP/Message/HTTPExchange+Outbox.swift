internal import NIOCore
internal import Synchronization

/// What waits between the writers of an exchange and its event loop.
struct Outbox: Sendable {
    var buffers: [ByteBuffer] = []
    var scheduled = false
    var closed = false
    var closeHandlers: [@Sendable () -> Void] = []
}

extension HTTPExchange {
    func onLoop(_ body: @escaping @Sendable (HTTPExchange) -> Void) {
        if self.eventLoop.inEventLoop { body(self) } else { self.eventLoop.execute { body(self) } }
    }

    /// Gives everything that waits to the sink as one buffer.
    func flushOutbox() {
        let buffers = self.outbox.withLock { box in
            box.scheduled = false
            let buffers = box.buffers
            box.buffers = []
            return buffers
        }
        guard self.phase == .streaming, let sink = self.sink, var joined = buffers.first else { return }
        for more in buffers.dropFirst() { joined.writeImmutableBuffer(more) }
        let count = joined.readableBytes
        let room = self.room
        let promise = self.eventLoop.makePromise(of: Void.self)
        promise.futureResult.whenComplete { _ in room.give(count) }
        sink.write(joined, promise: promise)
    }

    /// The answer is complete as far as the responder is concerned, or the client has gone.
    ///
    /// On the event loop.
    func finish() {
        self.phase = .over
        self.sink = nil
        self.announceClose()
    }

    /// The client has gone, or the server is ending.
    ///
    /// On the event loop.
    func clientGone() {
        guard self.phase != .over else { return }
        self.finish()
    }

    /// Leaves HTTP, once: the caller goes on with the sink.
    ///
    /// Nil when an answer has begun or the client has gone.
    func takeSinkForUpgrade() -> (any AnswerSink)? {
        guard self.phase == .waiting, let sink = self.sink else { return nil }
        self.phase = .over
        self.sink = nil
        return sink
    }

    /// Wakes the writers and tells those who wanted to know.
    func announceClose() {
        self.room.close()
        let handlers = self.outbox.withLock { box in
            let handlers = box.closeHandlers
            box.closed = true
            box.buffers = []
            box.closeHandlers = []
            return handlers
        }
        for handler in handlers { handler() }
    }
}
