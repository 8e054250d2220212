internal import NIOCore

/// What every connection of a server shares.
struct ServerContext: Sendable {
    let responder: any HTTPResponder
    let configuration: HTTPServerConfiguration
    let registry: ConnectionRegistry
    let loops: EventLoops
}

/// What a connection knows of its client.
struct ClientInfo {
    let identity: Identity?
    let remoteAddress: String
}

/// Sent through every connection's pipeline when the server shuts down.
struct ServerEnding: Sendable {}

extension SocketAddress {
    /// Address and port as they are written: `127.0.0.1:6443`, `[::1]:6443`.
    var hostAndPort: String {
        guard let ip = self.ipAddress, let port = self.port else { return "\(self)" }
        return ip.contains(":") ? "[\(ip)]:\(port)" : "\(ip):\(port)"
    }
}
