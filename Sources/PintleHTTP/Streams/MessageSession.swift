public import NIOCore

/// A WebSocket on which the server sends messages: a watch or a log.
public final class MessageSession: Sendable {
    /// How a message is put into a WebSocket frame.
    public enum Form: Sendable, Hashable {
        /// A binary message.
        case binary
        /// A text message; the bytes must be UTF-8.
        case text
        /// A text message of base64.
        case base64
    }

    /// The form that the client's subprotocol asks for.
    public let form: Form
    private let closing: CloseSignal
    private let socket: NIOLoopBound<WebSocketHandler>
    private let room: WriteRoom
    private let loops: EventLoops

    init(
        form: Form, closing: CloseSignal, socket: NIOLoopBound<WebSocketHandler>, room: WriteRoom, loops: EventLoops
    ) {
        self.loops = loops
        self.form = form
        self.closing = closing
        self.socket = socket
        self.room = room
    }

    /// Whether the client has gone or the session was closed.
    public var isClosed: Bool { self.closing.isClosed }

    /// Calls `body` once, when the connection has closed; on its event loop, or at once if it has closed already.
    public func onClose(_ body: @escaping @Sendable () -> Void) { self.closing.onClose(body) }

    /// Sends one message; returns when few enough bytes wait to be sent.
    ///
    /// - Throws: ``ExchangeClosed`` when the client has gone; `CancellationError` when cancelled while it waits.
    public func write(_ message: ByteBuffer) async throws {
        let size = message.readableBytes
        let full = try self.room.take(size)
        let (socket, form, room) = (self.socket, self.form, self.room)
        socket.eventLoop.execute {
            let promise = socket.eventLoop.makePromise(of: Void.self)
            promise.futureResult.whenComplete { _ in room.give(size) }
            socket.value.send(message, form: form, promise: promise)
        }
        if full { try await room.wait() }
    }

    /// Sends what was written, then the close frame; returns when the client has it, or has gone.
    ///
    /// Writes throw from then on.
    public func close() async {
        let socket = self.socket
        self.room.close()
        let promise = socket.eventLoop.makePromise(of: Void.self)
        socket.eventLoop.execute { socket.value.close(code: 1000, reason: "", promise: promise) }
        try? await promise.futureResult.get()
    }
}
