internal import Glibc
internal import NIOCore
internal import NIOPosix

/// Opens connections and says in a kubelet's words why one can't be opened.
///
/// Sockets close in the ordinary way. A kubelet sets SO_LINGER to one second on them; on Linux that makes close(2) wait
/// for the peer, on an event loop for all other checks' too, and shortens no TIME_WAIT.
enum Dial {
    /// Opens a connection.
    ///
    /// - Parameters:
    ///   - host: An address or a name.
    ///   - port: The port.
    ///   - loop: Where the channel lives.
    ///   - timeout: For the name's resolution and the connection together.
    ///   - setUp: Adds the channel's handlers; called on `loop`.
    /// - Returns: The channel, when it is connected.
    static func connect(
        host: String, port: Int, on loop: any EventLoop, timeout: TimeAmount,
        setUp: @escaping @Sendable (any Channel) throws -> Void
    ) -> EventLoopFuture<any Channel> {
        let bootstrap = ClientBootstrap(group: loop)
            .connectTimeout(timeout)
            .channelInitializer { channel in channel.eventLoop.makeCompletedFuture { try setUp(channel) } }
        if let address = try? SocketAddress(ipAddress: host, port: port) { return bootstrap.connect(to: address) }
        return bootstrap.resolver(ProbeResolver(loop: loop)).connect(host: host, port: port)
    }

    /// `dial tcp 10.0.0.1:80: connect: connection refused` and its kin.
    static func describe(_ error: any Error, host: String, port: Int) -> String {
        if let error = error as? NIOConnectionError {
            guard let failure = error.connectionErrors.first else {
                return "dial tcp: lookup \(host): no such host"
            }
            return "dial tcp \(address(host, port)): \(cause(failure.error, call: "connect"))"
        }
        return "dial tcp \(address(host, port)): \(cause(error, call: "connect"))"
    }

    /// `read: connection reset by peer` and its kin.
    static func cause(_ error: any Error, call: String) -> String {
        switch error {
        case ChannelError.connectTimeout: "i/o timeout"
        case let error as IOError: "\(call): \(String(cString: strerror(error.errnoCode)).lowercased())"
        default: "\(error)"
        }
    }

    /// Host and port, with brackets around an IPv6 address.
    static func address(_ host: String, _ port: Int) -> String {
        host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    }
}
