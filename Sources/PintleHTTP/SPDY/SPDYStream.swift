internal import NIOCore

/// One stream of a SPDY connection.
final class SPDYStream: SessionStream {
    let id: UInt32
    private let headers: SPDYHeaders
    private weak var connection: SPDYConnection?
    /// Bytes that may be sent before the client grants more; counts below zero until the client shows that it counts.
    var window: Int
    /// Bytes dealt with for which the client has not been granted new ones.
    var credit = 0
    private var queue = CircularBuffer<(bytes: ByteBuffer, promise: EventLoopPromise<Void>?)>()
    private var finishing = false
    private(set) var localEnded = false
    var remoteEnded = false

    init(id: UInt32, headers: SPDYHeaders, window: Int, connection: SPDYConnection) {
        self.id = id
        self.headers = headers
        self.window = window
        self.connection = connection
    }

    /// The value of a field of the stream's opening; names are lower case.
    func header(_ name: String) -> String? { self.headers.first { $0.name == name }?.value }

    override func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard !self.finishing, !self.localEnded, self.connection != nil else {
            promise?.fail(ExchangeClosed())
            return
        }
        if bytes.readableBytes == 0 {
            promise?.succeed()
        } else {
            self.queue.append((bytes, promise))
            self.sendQueued()
        }
    }

    override func finish() {
        guard !self.finishing, !self.localEnded else { return }
        self.finishing = true
        self.sendQueued()
    }

    override func reset() { self.connection?.reset(self, .cancel) }

    override func consumed(_ count: Int) { self.connection?.consumed(count, by: self) }

    /// Sends what the windows allow.
    func sendQueued() {
        guard let connection else { return }
        while let (bytes, promise) = self.queue.first {
            let room = connection.room(self)
            guard room > 0 else { return }
            self.queue.removeFirst()
            var bytes = bytes
            if bytes.readableBytes > room, let part = bytes.readSlice(length: room) {
                self.queue.prepend((bytes, promise))
                connection.send(part, of: self, promise: nil)
            } else {
                connection.send(bytes, of: self, promise: promise)
            }
        }
        if self.finishing, !self.localEnded {
            self.localEnded = true
            connection.sendFin(of: self)
        }
    }

    /// The stream is over: what waits will not be sent.
    func drop() {
        self.localEnded = true
        self.remoteEnded = true
        let queue = self.queue
        self.queue = []
        for (_, promise) in queue { promise?.fail(ExchangeClosed()) }
        self.deliverAbort()
    }
}
