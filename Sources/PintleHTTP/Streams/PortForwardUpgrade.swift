internal import NIOCore

/// Turns a port-forward request into a session, and waits for its end.
struct PortForwardUpgrade: Sendable {
    static let tunnel = "SPDY/3.1+portforward.k8s.io"
    static let webSocketProtocols: Set<String> = [
        "", "v4.channel.k8s.io", "channel.k8s.io", "v4.base64.channel.k8s.io", "base64.channel.k8s.io", tunnel,
    ]
    static let spdyProtocols: Set<String> = ["", "portforward.k8s.io"]

    let exchange: HTTPExchange
    let request: HTTPRequest
    private let connect: @Sendable (Int) async throws -> Int32

    init(exchange: HTTPExchange, request: HTTPRequest, connect: @escaping @Sendable (Int) async throws -> Int32) {
        self.exchange = exchange
        self.request = request
        // A connection may be made after the client and the server have gone: its event loop must still be there.
        self.connect = { [loops = exchange.loops] port in
            defer { withExtendedLifetime(loops) {} }
            return try await connect(port)
        }
    }

    func run() async throws(StreamUpgradeError) {
        let choice = try StreamNegotiation.choose(
            self.request, webSocket: Self.webSocketProtocols, spdy: Self.spdyProtocols)
        var ports: [Int] = []
        if case .webSocket(let handshake) = choice, handshake.subprotocol != Self.tunnel { ports = try self.ports() }
        let wanted = ports
        do {
            try await self.exchange.eventLoop.flatSubmit { self.start(choice, ports: wanted) }.get()
        } catch let error as StreamUpgradeError {
            throw error
        } catch {
            throw StreamUpgradeError(status: 500, message: "unable to upgrade: \(error)", isAnswerable: false)
        }
    }

    /// The ports of the old form over WebSocket: `ports=80&ports=81,82`.
    private func ports() throws(StreamUpgradeError) -> [Int] {
        let texts = self.request.queryValues("ports").flatMap {
            $0.split(separator: ",", omittingEmptySubsequences: false)
        }
        var ports: [Int] = []
        for text in texts {
            guard let port = Int(text), (1...65535).contains(port) else {
                throw StreamUpgradeError(
                    status: 400, message: "invalid port \"\(text)\" in the query parameter \"ports\"")
            }
            ports.append(port)
        }
        guard (1...100).contains(ports.count) else {
            throw StreamUpgradeError(status: 400, message: "the query parameter \"ports\" must name 1 to 100 ports")
        }
        return ports
    }

    /// The future is kept when the connection has gone.
    private func start(_ choice: StreamNegotiation.Choice, ports: [Int]) -> EventLoopFuture<Void> {
        let loop = self.exchange.eventLoop
        do {
            switch choice {
            case .spdy(let handshake):
                let session = PortForwardSession(loop: loop, connect: self.connect)
                let handler = try SPDYHandler(loop: loop, delegate: session)
                return try StreamUpgrade.perform(self.exchange, headers: handshake.headers) { pipeline in
                    try handler.install(pipeline)
                }.flatMap { $0.closeFuture }
            case .webSocket(let handshake) where handshake.subprotocol == Self.tunnel:
                return try self.startTunnel(handshake)
            case .webSocket(let handshake): return try self.startChannels(handshake, ports: ports)
            }
        } catch {
            return loop.makeFailedFuture(error)
        }
    }

    private func startTunnel(_ handshake: StreamNegotiation.WebSocket) throws -> EventLoopFuture<Void> {
        let loop = self.exchange.eventLoop
        let gate = ReadGate()
        let socket = WebSocketHandler()
        let session = PortForwardSession(loop: loop, connect: self.connect)
        socket.consumer = try SPDYTunnel(loop: loop, socket: socket, gate: gate, delegate: session)
        return try StreamUpgrade.perform(self.exchange, headers: handshake.headers) { pipeline in
            try WebSocketHandler.install(socket, gate: gate, pipeline)
        }.flatMap { $0.closeFuture }
    }

    private func startChannels(_ handshake: StreamNegotiation.WebSocket, ports: [Int]) throws -> EventLoopFuture<Void> {
        let loop = self.exchange.eventLoop
        let gate = ReadGate()
        let socket = WebSocketHandler()
        let form = ChannelSession.Form(base64: handshake.subprotocol.contains("base64"))
        let session = ChannelSession(loop: loop, socket: socket, gate: gate, form: form, channels: 2 * ports.count)
        let forward = ChannelForwarding(loop: loop, session: session, ports: ports, connect: self.connect)
        let bound = NIOLoopBound(forward, eventLoop: loop)
        return try StreamUpgrade.perform(self.exchange, headers: handshake.headers) { pipeline in
            try WebSocketHandler.install(socket, gate: gate, pipeline)
        }.flatMap { channel in
            bound.value.start()
            return channel.closeFuture
        }
    }
}
