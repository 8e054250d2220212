/// Which stream protocol and subprotocol a request and this server have in common.
enum StreamNegotiation {
    /// An accepted WebSocket handshake.
    struct WebSocket: Equatable {
        /// The subprotocol, empty for none.
        let subprotocol: String
        /// The value of `Sec-WebSocket-Accept`.
        let accept: String

        var headers: [(String, String)] {
            let always = [("upgrade", "websocket"), ("connection", "Upgrade"), ("sec-websocket-accept", self.accept)]
            return self.subprotocol.isEmpty ? always : always + [("sec-websocket-protocol", self.subprotocol)]
        }
    }

    /// An accepted SPDY handshake.
    struct SPDY: Equatable {
        /// The stream protocol, empty for none.
        let version: String

        var headers: [(String, String)] {
            let always = [("upgrade", "SPDY/3.1"), ("connection", "Upgrade")]
            return self.version.isEmpty ? always : always + [("x-stream-protocol-version", self.version)]
        }
    }

    enum Choice: Equatable {
        case webSocket(WebSocket)
        case spdy(SPDY)
    }

    // `webSocket` and `spdy` are the protocols known here, `""` among them if the client may name none; `spdy` is nil
    // when SPDY is not served.
    static func choose(
        _ request: HTTPRequest, webSocket: Set<String>, spdy: Set<String>?
    ) throws(StreamUpgradeError) -> Choice {
        guard request.wantsUpgrade else {
            throw StreamUpgradeError(status: 400, message: "Upgrade request required")
        }
        let protocols = request.headers.elements("upgrade").map { $0.lowercased() }
        if protocols.contains("websocket") { return .webSocket(try self.webSocket(request, known: webSocket)) }
        if let spdy, protocols.contains("spdy/3.1") { return .spdy(try self.spdy(request, known: spdy)) }
        let offered = request.headers["upgrade"] ?? ""
        throw StreamUpgradeError(status: 400, message: "unable to upgrade: the protocol \(offered) is not served here")
    }

    private static func webSocket(_ request: HTTPRequest, known: Set<String>) throws(StreamUpgradeError) -> WebSocket {
        guard request.method == "GET", request.headers["sec-websocket-version"] == "13",
            let key = request.headers["sec-websocket-key"], Base64.decode(key.utf8)?.count == 16
        else {
            throw StreamUpgradeError(
                status: 400, message: "unable to upgrade: this is no WebSocket handshake of version 13 (RFC 6455)")
        }
        let offered = request.headers.elements("sec-websocket-protocol")
        return WebSocket(
            subprotocol: try self.first(of: offered, known: known), accept: WebSocketAccept.value(forKey: key))
    }

    private static func spdy(_ request: HTTPRequest, known: Set<String>) throws(StreamUpgradeError) -> SPDY {
        SPDY(version: try self.first(of: request.headers.elements("x-stream-protocol-version"), known: known))
    }

    /// The first that both know, in the client's order.
    private static func first(of offered: [String], known: Set<String>) throws(StreamUpgradeError) -> String {
        if offered.isEmpty, known.contains("") { return "" }
        if let common = offered.first(where: { known.contains($0) }) { return common }
        let names = known.filter { !$0.isEmpty }.sorted().joined(separator: ", ")
        throw StreamUpgradeError(
            status: 403,
            message:
                "unable to upgrade: unable to negotiate protocol: client supports \(offered), server accepts [\(names)]"
        )
    }
}
