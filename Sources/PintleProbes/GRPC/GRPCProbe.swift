internal import NIOCore

/// Asks grpc.health.v1.Health whether a service is served.
///
/// Like Go's client it connects again after a refusal, a second later, for as long as the check has time.
enum GRPCProbe {
    static func start(
        host: String, port: Int, service: String, on loop: any EventLoop, timeout: TimeAmount,
        _ done: @escaping @Sendable (ProbeOutcome) -> Void
    ) {
        let attempt = Attempt(
            host: host, port: port, service: service, loop: loop, timeout: timeout, deadline: .now() + timeout,
            done: done)
        attempt.connect(pause: .seconds(1))
    }

    private struct Attempt: Sendable {
        let host: String, port: Int, service: String
        let loop: any EventLoop
        let timeout: TimeAmount
        let deadline: NIODeadline
        let done: @Sendable (ProbeOutcome) -> Void

        func connect(pause: TimeAmount) {
            GRPCConnection.connect(host: host, port: port, on: loop, timeout: deadline - .now()).whenComplete {
                result in
                switch result {
                case .success(let connection): ask(connection)
                case .failure:
                    guard .now() + pause < deadline else {
                        return done(
                            .failure(
                                "timeout: failed to connect service \"\(Dial.address(host, port))\" within \(seconds): "
                                    + "context deadline exceeded"))
                    }
                    loop.scheduleTask(in: pause) { connect(pause: .nanoseconds(pause.nanoseconds / 5 * 8)) }
                }
            }
        }

        private func ask(_ connection: GRPCConnection) {
            connection.unary(
                GRPCHealth.path, GRPCHealth.request(service: service), metadata: [("user-agent", "kube-probe/1.36")],
                timeout: deadline - .now()
            ).whenComplete { result in
                connection.close()
                switch result {
                case .success(let message): done(judge(message))
                case .failure(let error): done(.failure(describe(error)))
                }
            }
        }

        private func judge(_ message: [UInt8]) -> ProbeOutcome {
            switch GRPCHealth.status(of: message) {
            case .serving: .success
            case .other(let name): .failure("service unhealthy (responded with \"\(name)\")")
            case nil:
                .failure("error: health rpc probe failed: \(GRPCStatus(GRPCStatus.internalFault, "malformed message"))")
            }
        }

        private func describe(_ error: any Error) -> String {
            let status = error as? GRPCStatus ?? GRPCStatus(GRPCStatus.unknown, "\(error)")
            return switch status.code {
            case GRPCStatus.unimplemented:
                "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
                    + status.message
            case GRPCStatus.deadlineExceeded: "timeout: health rpc did not complete within \(seconds)"
            default: "error: health rpc probe failed: \(status)"
            }
        }

        /// As Go writes a duration: `1s`, `1m30s`.
        private var seconds: String {
            let whole = timeout.nanoseconds / 1_000_000_000
            guard whole > 0 else { return "\(timeout.nanoseconds / 1_000_000)ms" }
            let (hours, minutes, rest) = (whole / 3600, whole / 60 % 60, whole % 60)
            return (hours > 0 ? "\(hours)h" : "") + (whole >= 60 ? "\(minutes)m" : "") + "\(rest)s"
        }
    }
}
