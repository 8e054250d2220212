internal import NIOCore
public import PintleHTTP
public import PintleNode
internal import PintleObjects
internal import Synchronization

/// The kubelet's API of a node, for its own port and for the API server's proxy.
///
/// Any thread may call anything.
public final class KubeletServer: HTTPResponder {
    private let agent = Mutex<NodeAgent?>(nil)

    /// Makes a server that answers 503 until ``connect(_:)``.
    public init() {}

    /// Says whose pods these are.
    public func connect(_ agent: NodeAgent) { self.agent.withLock { $0 = agent } }

    /// Answers one request.
    public func respond(to request: HTTPRequest, exchange: HTTPExchange) {
        if let (status, text) = KubeletAccess.refusal(request) {
            return KubeletAnswer.text(text, status: status).send(exchange)
        }
        guard let agent = agent.withLock({ $0 }) else {
            return KubeletAnswer.text("the node agent has not started yet\n", status: 503).send(exchange)
        }
        KubeletRequest(request: request, exchange: exchange, agent: agent).answer()
    }
}

/// A whole answer.
struct KubeletAnswer: Sendable {
    var status = 200
    var contentType: String
    var body: ByteBuffer

    static func text(_ text: String, status: Int = 200) -> KubeletAnswer {
        KubeletAnswer(status: status, contentType: "text/plain; charset=utf-8", body: ByteBuffer(string: text))
    }

    static func json(_ value: JSON) -> KubeletAnswer {
        KubeletAnswer(contentType: "application/json", body: ByteBuffer(bytes: value.serialized()))
    }

    static func metrics(_ text: String) -> KubeletAnswer {
        KubeletAnswer(
            contentType: "text/plain; version=0.0.4; charset=utf-8; escaping=underscores",
            body: ByteBuffer(string: text))
    }

    static let pageNotFound = KubeletAnswer.text("404 page not found\n", status: 404)

    func send(_ exchange: HTTPExchange) {
        exchange.send(
            status: status,
            headers: [("Content-Type", contentType)] + (status >= 400 ? [("X-Content-Type-Options", "nosniff")] : []),
            body: body)
    }
}
