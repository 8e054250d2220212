extension HTTPExchange {
    /// Answers an exec or attach request by a session of streams: WebSocket or SPDY/3.1, whichever the client asks for.
    ///
    /// Check everything that can be refused (rights, pod, container) first: from success on, errors can only be told
    /// by ``RemoteCommandSession/finish(_:)``.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - streams: What its query asks for.
    /// - Returns: The session, once the client has opened all the streams of `streams`.
    /// - Throws: ``StreamUpgradeError``: the request asks for no upgrade, or for no protocol known here (then answer
    ///   it with the error's status), or the streams did not appear within 30 seconds.
    public func upgradeToRemoteCommand(
        _ request: HTTPRequest, streams: RemoteCommandStreams
    ) async throws(StreamUpgradeError) -> RemoteCommandSession {
        try await RemoteCommandUpgrade(exchange: self, request: request, streams: streams).run()
    }

    /// Answers a port-forward request: WebSocket (both forms) or SPDY/3.1.
    ///
    /// Returns when the client has gone.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - connect: Called for each connection that the client opens, with the port it names (1…65535); returns a
    ///     connected stream socket, which is then owned here. What it throws goes to the client's error stream as text
    ///     (`String(describing:)`).
    /// - Throws: ``StreamUpgradeError``, as for ``upgradeToRemoteCommand(_:streams:)``.
    public func upgradeToPortForward(
        _ request: HTTPRequest, connect: @escaping @Sendable (Int) async throws -> Int32
    ) async throws(StreamUpgradeError) {
        try await PortForwardUpgrade(exchange: self, request: request, connect: connect).run()
    }

    /// Answers a watch or log request by WebSocket messages.
    ///
    /// The client's subprotocol decides the form: `binary.k8s.io` binary messages, `base64.binary.k8s.io` base64 in
    /// text messages, none of both `plain`.
    ///
    /// - Parameters:
    ///   - request: The request.
    ///   - plain: The form without a subprotocol: Kubernetes sends logs as binary messages, watch events as text
    ///     messages.
    /// - Returns: The session.
    /// - Throws: ``StreamUpgradeError`` when the request asks for no WebSocket or only for unknown subprotocols.
    public func upgradeToMessages(
        _ request: HTTPRequest, plain: MessageSession.Form
    ) async throws(StreamUpgradeError) -> MessageSession {
        try await MessageUpgrade(exchange: self, request: request, plain: plain).run()
    }
}
