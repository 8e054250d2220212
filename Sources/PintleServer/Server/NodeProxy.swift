import PintleClient
public import PintleHTTP
import PintleObjects

/// A node whose kubelet API the server reaches within this process.
public struct NodeConnection: Sendable {
    /// The node's name.
    public let name: String
    /// The port that the node tells.
    public let port: Int
    /// Its kubelet API.
    public let kubelet: any HTTPResponder

    /// Describes a node.
    public init(name: String, port: Int, kubelet: any HTTPResponder) {
        self.name = name
        self.port = port
        self.kubelet = kubelet
    }
}

/// A request for `/api/v1/nodes/[SCHEME:]NAME[:PORT]/proxy/…`.
struct NodeProxyRequest {
    let name: String
    let port: String
    /// What is asked of the node, still percent-encoded.
    let path: String

    /// - Throws: 400 when the name can't be read so.
    init(_ info: RequestInfo, _ request: HTTPRequest) throws(StatusError) {
        var parts = info.name.split(separator: ":", omittingEmptySubsequences: false).map(String.init)
        if parts.count == 3, ["http", "https", ""].contains(parts[0]) { parts.removeFirst() }
        guard parts.count <= 2, !parts[0].isEmpty else { throw .badRequest("invalid node request \"\(info.name)\"") }
        name = parts[0]
        port = parts.count > 1 ? parts[1] : ""
        // `/api/v1/nodes/NAME/proxy` comes before it.
        let rest = request.path.split(separator: "/", maxSplits: 6, omittingEmptySubsequences: false)
        path = "/" + (rest.count > 6 ? String(rest[6]) : "")
    }

    /// Passes the request on.
    ///
    /// - Throws: 503 when the node can't be reached from here.
    func forward(_ request: HTTPRequest, _ exchange: HTTPExchange, to node: NodeConnection?) throws(StatusError) {
        guard let node, node.name == name else {
            throw .serviceUnavailable("error trying to reach service: node \"\(name)\" is not connected to this server")
        }
        guard port.isEmpty || port == "\(node.port)" else {
            throw .serviceUnavailable(
                "error trying to reach service: port \(port) of node \"\(name)\" is not its kubelet's, which is \(node.port)"
            )
        }
        var inner = request
        inner.path = path
        inner.identity = Identity(user: "kube-apiserver-kubelet-client", groups: ["system:masters"])
        node.kubelet.respond(to: inner, exchange: exchange)
    }
}

extension APIServer {
    /// Answers a request for a node's proxy.
    ///
    /// - Throws: 404 when there is no such node.
    func proxy(_ info: RequestInfo, _ request: HTTPRequest, _ exchange: HTTPExchange) throws(StatusError) {
        let wanted = try NodeProxyRequest(info, request)
        _ = try operations.writer.find(operations.kinds.find(.nodes), namespace: nil, name: wanted.name)
        try wanted.forward(request, exchange, to: node)
    }
}
