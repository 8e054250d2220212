internal import NIOCore

/// What takes the client's side of a stream.
protocol SessionStreamReceiver: AnyObject {
    /// Bytes from the client; when they are dealt with, ``SessionStream/consumed(_:)`` must be told.
    func received(_ bytes: ByteBuffer)
    /// The client writes no more.
    func ended()
    /// The stream was reset or the connection has gone; nothing more will come.
    func aborted()
}

/// One stream of bytes between a client and us, within a connection that carries several.
///
/// Subclassed by protocol. Used on the connection's event loop only. What comes before there is a receiver is kept.
class SessionStream {
    private enum Event {
        case bytes(ByteBuffer), end, abort
    }

    private var backlog: [Event] = []

    /// Held until the stream aborts, so that it may hold the stream.
    var receiver: (any SessionStreamReceiver)? {
        didSet {
            guard self.receiver != nil else { return }
            let backlog = self.backlog
            self.backlog = []
            for event in backlog { self.deliver(event) }
        }
    }

    final func deliver(_ bytes: ByteBuffer) { self.deliver(.bytes(bytes)) }
    final func deliverEnd() { self.deliver(.end) }
    final func deliverAbort() { self.deliver(.abort) }

    private func deliver(_ event: Event) {
        guard let receiver = self.receiver else { return self.backlog.append(event) }
        switch event {
        case .bytes(let bytes): receiver.received(bytes)
        case .end: receiver.ended()
        case .abort:
            self.receiver = nil
            receiver.aborted()
        }
    }

    /// Sends bytes; `promise` is kept when the socket has taken them.
    func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {}
    /// We write no more.
    func finish() {}
    /// Ends the stream in both directions, at once.
    func reset() {}
    /// The receiver has dealt with `count` bytes: as many more may come.
    func consumed(_ count: Int) {}
}

/// Throws away what the client sends on a stream that only we write to.
final class DiscardingReceiver: SessionStreamReceiver {
    private unowned let stream: SessionStream
    private let onAbort: () -> Void

    init(_ stream: SessionStream, onAbort: @escaping () -> Void = {}) {
        self.stream = stream
        self.onAbort = onAbort
    }

    func received(_ bytes: ByteBuffer) { self.stream.consumed(bytes.readableBytes) }
    func ended() {}
    func aborted() { self.onAbort() }
}
