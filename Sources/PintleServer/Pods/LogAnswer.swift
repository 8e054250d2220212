import NIOCore
package import PintleClient
package import PintleHTTP
import PintleObjects
import Synchronization

/// Sends a container's log: as chunks of plain text, or as messages of a WebSocket.
///
/// The answer begins with the first bytes, or with the log's end, so that an error before that can still be told with
/// its status.
package final class LogAnswer: Sendable {
    private enum State {
        case waiting
        case chunks
        case messages(MessageSession)
    }

    private let request: HTTPRequest
    private let exchange: HTTPExchange
    private let follows: Bool
    private let state = Mutex(State.waiting)

    package init(_ request: HTTPRequest, _ exchange: HTTPExchange, follows: Bool) {
        self.request = request
        self.exchange = exchange
        self.follows = follows
    }

    /// Runs the log through `streams` to the client.
    ///
    /// Cancelled when the client goes.
    package func run(_ streams: any PodStreams, _ target: ContainerTarget, _ options: LogOptions) async {
        do throws(StatusError) {
            try await streams.logs(target, options) { bytes in try await self.write(bytes) }
            try await begin()
        } catch {
            fail(error)
            return
        }
        switch state.withLock({ $0 }) {
        case .waiting: break
        case .chunks: exchange.end()
        case .messages(let session): await session.close()
        }
    }

    private func write(_ bytes: [UInt8]) async throws {
        try await begin()
        switch state.withLock({ $0 }) {
        case .waiting: break
        case .chunks: try await exchange.write(ByteBuffer(bytes: bytes))
        case .messages(let session): try await session.write(ByteBuffer(bytes: bytes))
        }
    }

    private func begin() async throws(StatusError) {
        guard case .waiting = state.withLock({ $0 }) else { return }
        guard request.wantsWebSocket else {
            exchange.begin(
                status: 200, headers: [("Cache-Control", "no-cache, private"), ("Content-Type", "text/plain")],
                endless: follows)
            state.withLock { $0 = .chunks }
            return
        }
        do throws(StreamUpgradeError) {
            let session = try await exchange.upgradeToMessages(request, plain: .binary)
            state.withLock { $0 = .messages(session) }
        } catch {
            throw error.statusError
        }
    }

    private func fail(_ error: StatusError) {
        guard case .waiting = state.withLock({ $0 }) else {
            // Part of the log is out already; the connection breaks off, so that nobody takes it for the whole.
            return
        }
        Response(error).send(to: exchange)
    }
}

extension StreamUpgradeError {
    /// The same as a Kubernetes status.
    var statusError: StatusError {
        switch status {
        case 400: .badRequest(message)
        case 403: StatusError(code: 403, reason: "Forbidden", message: message)
        default: .internalError(message)
        }
    }
}
