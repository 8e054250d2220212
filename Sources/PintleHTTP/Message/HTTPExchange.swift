public import NIOCore
internal import Synchronization

/// The answer to one request, given from any thread.
///
/// Either ``send(status:headers:body:)``, or ``begin(status:headers:endless:)``, any number of ``write(_:)`` and
/// ``end()``, or one of the `upgradeTo…` functions. What comes after an answer's end, and what comes when the client
/// has gone, is ignored. Letting go of an exchange without an answer sends status 500; letting go of it in the middle
/// of a streamed answer closes the connection (HTTP/2: resets the stream), so that no client takes a part for the
/// whole.
///
/// `content-length`, `transfer-encoding`, `connection` and `date` are the server's affair: do not pass them. A HEAD
/// request is answered like GET; the body is left out here.
public final class HTTPExchange: @unchecked Sendable {
    // Unchecked: `sink` and `phase` are touched on `eventLoop` only (and in deinit, when nobody else can reach them);
    // the rest is immutable or guarded by the mutex in `outbox`.

    enum Phase { case waiting, streaming, over }

    let eventLoop: any EventLoop
    let loops: EventLoops
    var sink: (any AnswerSink)?
    var phase = Phase.waiting
    let outbox = Mutex(Outbox())
    let room = WriteRoom()

    init(eventLoop: any EventLoop, loops: EventLoops, sink: any AnswerSink) {
        self.eventLoop = eventLoop
        self.loops = loops
        self.sink = sink
    }

    deinit {
        guard let sink = self.sink, self.phase != .over else { return }
        let unanswered = self.phase == .waiting
        let abandonment = Abandonment(sink: sink)
        self.eventLoop.execute { abandonment.sink.abandoned(unanswered: unanswered) }
    }

    /// Whether the client has gone or the answer has been ended; nothing written from now on arrives.
    public var isClosed: Bool { self.outbox.withLock { $0.closed } }

    /// Calls `body` once, when the exchange is over: the answer was completed, or the client has gone.
    ///
    /// It is called on the event loop, or at once on this thread if the exchange is over already; it must not block.
    /// For an upgraded exchange it is called when the connection closes.
    public func onClose(_ body: @escaping @Sendable () -> Void) {
        let late = self.outbox.withLock { box in
            if !box.closed { box.closeHandlers.append(body) }
            return box.closed
        }
        if late { body() }
    }

    /// Answers with `status` and the whole of `body`.
    public func send(status: Int, headers: [(String, String)], body: ByteBuffer) {
        self.onLoop { exchange in
            guard exchange.phase == .waiting, let sink = exchange.sink else { return }
            exchange.finish()
            sink.sendWhole(status: status, headers: headers, body: body)
        }
    }

    /// Begins an answer whose body follows by ``write(_:)``; the header fields are sent at once.
    ///
    /// - Parameters:
    ///   - status: The HTTP status.
    ///   - headers: The header fields.
    ///   - endless: The answer has no end of its own (a watch, a followed log): when the server shuts down it is ended
    ///     properly, and writes throw from then on. Other answers are given the grace period to end.
    public func begin(status: Int, headers: [(String, String)], endless: Bool = false) {
        self.onLoop { exchange in
            guard exchange.phase == .waiting, let sink = exchange.sink else { return }
            exchange.phase = .streaming
            sink.begin(status: status, headers: headers, endless: endless)
        }
    }

    /// Sends a part of the body; returns when few enough bytes wait to be sent.
    ///
    /// - Throws: ``ExchangeClosed`` when the client has gone or the answer has ended, also while waiting;
    ///   `CancellationError` when the task is cancelled while it waits (the bytes are sent all the same).
    public func write(_ buffer: ByteBuffer) async throws {
        guard buffer.readableBytes > 0 else { return }
        let full = try self.room.take(buffer.readableBytes)
        let schedule = self.outbox.withLock { box in
            defer { box.scheduled = true }
            box.buffers.append(buffer)
            return !box.scheduled
        }
        if schedule { self.eventLoop.execute { self.flushOutbox() } }
        if full { try await self.room.wait() }
    }

    /// Ends an answer that ``begin(status:headers:endless:)`` began.
    public func end() {
        self.onLoop { exchange in
            guard exchange.phase == .streaming, let sink = exchange.sink else { return }
            exchange.flushOutbox()
            exchange.finish()
            sink.end()
        }
    }
}

/// The client of an exchange has gone, or its answer was ended.
public struct ExchangeClosed: Error, Sendable, CustomStringConvertible {
    /// One sentence.
    public var description: String { "The connection was closed before the whole answer was sent." }
}

/// Carries the sink from `deinit` to its event loop.
///
/// Unchecked: the sink is used on its event loop only.
private struct Abandonment: @unchecked Sendable {
    let sink: any AnswerSink
}
