internal import NIOCore

/// Kubernetes' channels over a WebSocket: each message begins with its channel's number.
final class ChannelSession: WebSocketConsumer, SessionConnection {
    /// How messages are written.
    struct Form: Equatable {
        /// Text messages: the channel as a digit, then base64.
        ///
        /// Else binary messages: the channel as a byte.
        var base64 = false
        /// Channel 255 closes the channel that its one byte names: version 5.
        var closeSignal = false
    }

    private static let closeChannel: UInt8 = 255

    let socket: WebSocketHandler
    private let loop: any EventLoop
    private let gate: ReadGate
    private let form: Form
    private(set) var channels: [WebSocketStream] = []
    /// Called once, when the connection has gone.
    var onDisconnect: () -> Void = {}

    init(loop: any EventLoop, socket: WebSocketHandler, gate: ReadGate, form: Form, channels count: Int) {
        self.loop = loop
        self.socket = socket
        self.gate = gate
        self.form = form
        self.channels = (0..<count).map { WebSocketStream(channel: UInt8($0), session: self) }
        socket.consumer = self
    }

    func received(_ message: ByteBuffer, binary: Bool) {
        guard let (channel, bytes) = self.parse(message, binary: binary) else {
            self.socket.close(code: 1002, reason: "this is no message of the agreed subprotocol", promise: nil)
            return
        }
        if channel == Self.closeChannel, self.form.closeSignal {
            guard let closed = bytes.getInteger(at: bytes.readerIndex, as: UInt8.self), closed < self.channels.count
            else { return }
            self.channels[Int(closed)].deliverEnd()
        } else if channel < self.channels.count, bytes.readableBytes > 0 {
            self.gate.took(bytes.readableBytes)
            self.channels[Int(channel)].deliver(bytes)
        }
    }

    private func parse(_ message: ByteBuffer, binary: Bool) -> (UInt8, ByteBuffer)? {
        var message = message
        guard let first = message.readInteger(as: UInt8.self) else { return (Self.closeChannel - 1, message) }
        guard self.form.base64 else { return (first, message) }
        guard (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(first),
            let bytes = Base64.decode(message.readableBytesView)
        else { return nil }
        return (first - UInt8(ascii: "0"), ByteBuffer(bytes: bytes))
    }

    func send(_ bytes: ByteBuffer, on channel: UInt8, promise: EventLoopPromise<Void>?) {
        if self.form.base64 {
            let text = ByteBuffer(bytes: Base64.encodedBytes(bytes.readableBytesView))
            self.socket.send(.text, head: [UInt8(ascii: "0") + channel], body: text, promise: promise)
        } else {
            self.socket.send(.binary, head: [channel], body: bytes, promise: promise)
        }
    }

    func closeSession() -> EventLoopFuture<Void> {
        let promise = self.loop.makePromise(of: Void.self)
        self.socket.close(code: 1000, reason: "", promise: promise)
        return promise.futureResult
    }

    func gave(_ count: Int) { self.gate.gave(count) }

    func disconnected() {
        let channels = self.channels
        self.channels = []
        for channel in channels { channel.deliverAbort() }
        self.onDisconnect()
        self.onDisconnect = {}
    }
}

/// One channel of a ``ChannelSession``.
///
/// Our side of it cannot be closed: the protocol has no word for it.
final class WebSocketStream: SessionStream {
    private let channel: UInt8
    private weak var session: ChannelSession?

    init(channel: UInt8, session: ChannelSession) {
        self.channel = channel
        self.session = session
    }

    override func write(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?) {
        guard let session else {
            promise?.fail(ExchangeClosed())
            return
        }
        session.send(bytes, on: self.channel, promise: promise)
    }

    override func consumed(_ count: Int) { self.session?.gave(count) }
}
