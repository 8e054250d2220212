internal import NIOCore

/// Turns a watch or log request into a WebSocket of messages.
struct MessageUpgrade: Sendable {
    static let protocols: Set<String> = ["", "binary.k8s.io", "base64.binary.k8s.io"]

    let exchange: HTTPExchange
    let request: HTTPRequest
    let plain: MessageSession.Form

    func run() async throws(StreamUpgradeError) -> MessageSession {
        guard
            case .webSocket(let handshake) = try StreamNegotiation.choose(
                self.request, webSocket: Self.protocols, spdy: nil)
        else { throw StreamUpgradeError(status: 400, message: "Upgrade request required") }
        do {
            return try await self.exchange.eventLoop.flatSubmit { self.start(handshake) }.get()
        } catch let error as StreamUpgradeError {
            throw error
        } catch {
            throw StreamUpgradeError(status: 500, message: "unable to upgrade: \(error)", isAnswerable: false)
        }
    }

    private func start(_ handshake: StreamNegotiation.WebSocket) -> EventLoopFuture<MessageSession> {
        let loop = self.exchange.eventLoop
        let gate = ReadGate()
        let socket = WebSocketHandler()
        let closing = CloseSignal()
        let room = WriteRoom()
        closing.onClose { room.close() }
        socket.consumer = MessageConsumer(closing)
        let form: MessageSession.Form =
            switch handshake.subprotocol {
            case "binary.k8s.io": .binary
            case "base64.binary.k8s.io": .base64
            default: self.plain
            }
        do {
            let upgraded = try StreamUpgrade.perform(self.exchange, headers: handshake.headers) { pipeline in
                try WebSocketHandler.install(socket, gate: gate, pipeline)
            }
            let session = MessageSession(
                form: form, closing: closing, socket: NIOLoopBound(socket, eventLoop: loop), room: room,
                loops: self.exchange.loops)
            return upgraded.map { _ in session }
        } catch {
            return loop.makeFailedFuture(error)
        }
    }
}

/// Nothing is expected from the client of a watch or log.
private final class MessageConsumer: WebSocketConsumer {
    private let closing: CloseSignal

    init(_ closing: CloseSignal) { self.closing = closing }

    func received(_ message: ByteBuffer, binary: Bool) {}
    func disconnected() { self.closing.fire() }
}
