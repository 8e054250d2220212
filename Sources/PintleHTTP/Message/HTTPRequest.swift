public import NIOCore

/// One request, with its whole body.
public struct HTTPRequest: Sendable {
    /// The method as it was sent, for example `GET`.
    public var method: String
    /// The path as it was sent, before any `?`, still percent-encoded; it begins with `/` (or is `*` for OPTIONS).
    public var path: String
    /// The parameters after `?`, percent-decoded, in their order.
    public var query: [(name: String, value: String)]
    /// The header fields.
    public var headers: HeaderFields
    /// The whole body; at most the server's limit.
    public var body: ByteBuffer
    /// Who the client's certificate says it is; nil when it showed none.
    public var identity: Identity?
    /// The client's address and port, for example `127.0.0.1:40312`.
    public var remoteAddress: String

    /// Makes a request, for tests and for requests that don't come from the network.
    public init(
        method: String, path: String, query: [(name: String, value: String)] = [],
        headers: HeaderFields = HeaderFields(), body: ByteBuffer = ByteBuffer(), identity: Identity? = nil,
        remoteAddress: String = ""
    ) {
        self.method = method
        self.path = path
        self.query = query
        self.headers = headers
        self.body = body
        self.identity = identity
        self.remoteAddress = remoteAddress
    }
}

extension HTTPRequest {
    /// The first value of the query parameter `name`.
    public func queryValue(_ name: String) -> String? {
        self.query.first { $0.name == name }?.value
    }

    /// All values of the query parameter `name`, in their order.
    public func queryValues(_ name: String) -> [String] {
        self.query.compactMap { $0.name == name ? $0.value : nil }
    }

    /// Whether the client asks to leave HTTP for a stream protocol (`Connection: Upgrade`).
    ///
    /// When it does, answer by one of ``HTTPExchange``'s `upgradeTo…` functions.
    public var wantsUpgrade: Bool {
        self.headers.elements("connection").contains { $0.lowercased() == "upgrade" }
            && self.headers["upgrade"] != nil
    }

    /// Whether the client asks for a WebSocket.
    public var wantsWebSocket: Bool {
        self.wantsUpgrade && self.headers.elements("upgrade").contains { $0.lowercased() == "websocket" }
    }
}
