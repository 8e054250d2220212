internal import NIOCore

/// Turns an exec or attach request into a session.
struct RemoteCommandUpgrade: Sendable {
    static let webSocketProtocols: Set<String> = [
        "", "v5.channel.k8s.io", "v4.channel.k8s.io", "channel.k8s.io", "v4.base64.channel.k8s.io",
        "base64.channel.k8s.io",
    ]
    static let spdyProtocols: Set<String> = [
        "", "v5.channel.k8s.io", "v4.channel.k8s.io", "v3.channel.k8s.io", "v2.channel.k8s.io", "channel.k8s.io",
    ]
    /// How long a SPDY client may take to open its streams.
    static let streamsTimeout = TimeAmount.seconds(30)

    let exchange: HTTPExchange
    let request: HTTPRequest
    let streams: RemoteCommandStreams

    func run() async throws(StreamUpgradeError) -> RemoteCommandSession {
        let choice = try StreamNegotiation.choose(
            self.request, webSocket: Self.webSocketProtocols, spdy: Self.spdyProtocols)
        do {
            return try await self.exchange.eventLoop.flatSubmit { self.start(choice) }.get()
        } catch let error as StreamUpgradeError {
            throw error
        } catch {
            throw StreamUpgradeError(status: 500, message: "unable to upgrade: \(error)", isAnswerable: false)
        }
    }

    private func start(_ choice: StreamNegotiation.Choice) -> EventLoopFuture<RemoteCommandSession> {
        let loop = self.exchange.eventLoop
        do {
            switch choice {
            case .webSocket(let handshake): return try self.startWebSocket(handshake)
            case .spdy(let handshake): return try self.startSPDY(handshake)
            }
        } catch {
            return loop.makeFailedFuture(error)
        }
    }

    private func startWebSocket(_ handshake: StreamNegotiation.WebSocket) throws -> EventLoopFuture<
        RemoteCommandSession
    > {
        let loop = self.exchange.eventLoop
        let gate = ReadGate()
        let socket = WebSocketHandler()
        let name = handshake.subprotocol
        let form = ChannelSession.Form(base64: name.contains("base64"), closeSignal: name.hasPrefix("v5."))
        let session = ChannelSession(loop: loop, socket: socket, gate: gate, form: form, channels: 5)
        let upgraded = try StreamUpgrade.perform(self.exchange, headers: handshake.headers) { pipeline in
            try WebSocketHandler.install(socket, gate: gate, pipeline)
        }
        let bound = NIOLoopBound(session, eventLoop: loop)
        return upgraded.flatMap { channel in
            let session = bound.value
            guard session.channels.count == 5 else { return loop.makeFailedFuture(ExchangeClosed()) }
            let channels = session.channels
            let wiring = RemoteCommandWiring(
                loop: loop, loops: self.exchange.loops, wanted: self.streams,
                form: name.hasPrefix("v") ? .status : .text, connection: session,
                error: channels[3], stdin: channels[0], stdout: channels[1], stderr: channels[2], resize: channels[4])
            // The client's library takes the connection for established when the first message comes.
            let first = self.streams.stdout ? channels[1] : self.streams.stderr ? channels[2] : channels[3]
            first.write(ByteBuffer(), promise: nil)
            let started = wiring.start(closing: StreamUpgrade.closing(of: session))
            started.whenFailure { _ in channel.close(promise: nil) }
            return started
        }
    }

    private func startSPDY(_ handshake: StreamNegotiation.SPDY) throws -> EventLoopFuture<RemoteCommandSession> {
        let loop = self.exchange.eventLoop
        let resizes = self.streams.tty && !["", "channel.k8s.io", "v2.channel.k8s.io"].contains(handshake.version)
        let gathering = RemoteCommandGathering(loop: loop, wanted: self.streams, resizes: resizes)
        let handler = try SPDYHandler(loop: loop, delegate: gathering)
        let upgraded = try StreamUpgrade.perform(self.exchange, headers: handshake.headers) { pipeline in
            try handler.install(pipeline)
        }
        let form: RemoteCommandCore.OutcomeForm =
            ["v4.channel.k8s.io", "v5.channel.k8s.io"].contains(handshake.version)
            ? .status : .text
        let bound = NIOLoopBound((gathering, handler.connection), eventLoop: loop)
        return upgraded.flatMap { channel in
            let gathering = bound.value.0
            let timeout = loop.scheduleTask(in: Self.streamsTimeout) { bound.value.0.timedOut() }
            gathering.complete.futureResult.whenComplete { _ in timeout.cancel() }
            let started: EventLoopFuture<RemoteCommandSession> = gathering.complete.futureResult.flatMap {
                let (gathering, connection) = bound.value
                guard let error = gathering.streams["error"] else { return loop.makeFailedFuture(ExchangeClosed()) }
                let wiring = RemoteCommandWiring(
                    loop: loop, loops: self.exchange.loops, wanted: self.streams, form: form, connection: connection,
                    error: error,
                    stdin: gathering.streams["stdin"], stdout: gathering.streams["stdout"],
                    stderr: gathering.streams["stderr"], resize: gathering.streams["resize"])
                return wiring.start(closing: gathering.closing)
            }
            started.whenFailure { _ in channel.close(promise: nil) }
            return started
        }
    }
}

/// What upgrades have in common.
enum StreamUpgrade {
    /// Leaves HTTP.
    ///
    /// The exchange's `onClose` follows the connection from then on.
    static func perform(
        _ exchange: HTTPExchange, headers: [(String, String)],
        install: (ChannelPipeline.SynchronousOperations) throws -> Void
    ) throws -> EventLoopFuture<any Channel> {
        guard let sink = exchange.takeSinkForUpgrade() else {
            throw StreamUpgradeError(
                status: 500, message: "the client has gone, or was answered before", isAnswerable: false)
        }
        let upgraded: EventLoopFuture<any Channel>
        do { upgraded = try sink.upgrade(headers: headers, install: install) } catch {
            exchange.announceClose()
            throw error
        }
        upgraded.whenSuccess { channel in channel.closeFuture.whenComplete { _ in exchange.announceClose() } }
        upgraded.whenFailure { _ in exchange.announceClose() }
        return upgraded
    }

    /// A signal that fires when `session`'s connection has gone.
    static func closing(of session: ChannelSession) -> CloseSignal {
        let signal = CloseSignal()
        session.onDisconnect = { signal.fire() }
        return signal
    }
}
