internal import NIOCore

/// Opens a connection and closes it.
enum TCPProbe {
    static func start(
        host: String, port: Int, on loop: any EventLoop, timeout: TimeAmount,
        _ done: @escaping @Sendable (ProbeOutcome) -> Void
    ) {
        Dial.connect(host: host, port: port, on: loop, timeout: timeout) { _ in }.whenComplete { result in
            switch result {
            case .success(let channel):
                channel.close(promise: nil)
                done(.success)
            case .failure(let error): done(.failure(Dial.describe(error, host: host, port: port)))
            }
        }
    }
}
