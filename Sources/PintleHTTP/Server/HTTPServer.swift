internal import Glibc
internal import NIOCore
internal import NIOPosix
internal import NIOSSL
internal import Synchronization

/// An HTTPS server for HTTP/1.1 and HTTP/2.
///
/// Call ``shutdown(grace:)`` before letting go of it. Its threads end with the last of its exchanges and sessions.
public final class HTTPServer: Sendable {
    private let context: ServerContext
    private let tls: NIOSSLContext?
    private let listeners = Mutex<[any Channel]>([])

    /// Makes a server that listens nowhere yet.
    ///
    /// - Throws: ``ListenError`` when the key material cannot be used.
    public init(configuration: HTTPServerConfiguration, responder: any HTTPResponder) throws(ListenError) {
        self.tls = try configuration.tls?.serverContext()
        self.context = ServerContext(
            responder: responder, configuration: configuration,
            registry: ConnectionRegistry(limit: configuration.maximumConnections),
            loops: EventLoops(threads: configuration.threads))
    }

    /// Listens on an address; may be called for several.
    ///
    /// - Parameters:
    ///   - address: An IPv4 or IPv6 address, or a name that resolves to one.
    ///   - port: 0 for any free port.
    /// - Returns: The port.
    /// - Throws: ``ListenError``; when the port is taken it names the process that has it, if that can be found out.
    @discardableResult
    public func listen(address: String, port: Int) async throws(ListenError) -> Int {
        let name = address.contains(":") ? "[\(address)]:\(port)" : "\(address):\(port)"
        do {
            let channel = try await self.bootstrap().bind(host: address, port: port).get()
            self.listeners.withLock { $0.append(channel) }
            return channel.localAddress?.port ?? port
        } catch let error as IOError where error.errnoCode == EADDRINUSE {
            throw ListenError(address: name, message: PortHolder.message(address: name, port: port), errno: EADDRINUSE)
        } catch let error as IOError {
            let reason = String(cString: strerror(error.errnoCode))
            throw ListenError(address: name, message: "cannot listen on \(name): \(reason)", errno: error.errnoCode)
        } catch {
            throw ListenError(address: name, message: "cannot listen on \(name): \(error)", errno: nil)
        }
    }

    /// The number of open connections.
    public var connections: Int { self.context.registry.count }

    /// Stops listening, ends watches and stream sessions, lets other requests finish.
    ///
    /// - Parameter grace: How long requests in flight may take; after it their connections are closed.
    public func shutdown(grace: Duration) async {
        let listeners = self.listeners.withLock { list in
            defer { list = [] }
            return list
        }
        for listener in listeners { try? await listener.close().get() }
        let registry = self.context.registry
        registry.end()
        let limit = Task {
            try await Task.sleep(for: grace)
            registry.closeAll()
        }
        await registry.drained()
        limit.cancel()
    }

    private func bootstrap() -> ServerBootstrap {
        let (context, tls) = (self.context, self.tls)
        return ServerBootstrap(group: self.context.loops.group)
            .serverChannelOption(.backlog, value: 1024)
            .serverChannelOption(.socketOption(.so_reuseaddr), value: 1)
            .childChannelOption(.tcpOption(.tcp_nodelay), value: 1)
            // One read a wake-up: a second one would mostly find nothing.
            .childChannelOption(.maxMessagesPerRead, value: 1)
            .childChannelOption(.socketOption(.so_keepalive), value: 1)
            // A client that vanished is noticed after two minutes: watches and sessions send nothing for long.
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPIDLE)), value: 60)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPINTVL)), value: 15)
            .childChannelOption(.tcpOption(.init(rawValue: TCP_KEEPCNT)), value: 4)
            .childChannelInitializer { channel in
                channel.eventLoop.makeCompletedFuture {
                    guard context.registry.add(channel) else { throw ChannelError.eof }
                    if let tls { return try ConnectionSetup.secure(channel, context, tls) }
                    let client = ClientInfo(identity: nil, remoteAddress: channel.remoteAddress?.hostAndPort ?? "")
                    try ConnectionSetup.addHTTP1(channel.pipeline.syncOperations, context, client)
                }
            }
    }
}
