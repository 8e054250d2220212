internal import NIOCore
internal import NIOSSL

/// TLS as a kubelet speaks it in checks: nobody's certificate is verified.
enum ProbeTLS {
    private static let context = Result {
        var configuration = TLSConfiguration.makeClientConfiguration()
        configuration.certificateVerification = .none
        // The system's authorities would only cost memory.
        configuration.trustRoots = .certificates([])
        configuration.minimumTLSVersion = .tlsv12
        return try NIOSSLContext(configuration: configuration)
    }

    static func handler(for host: String) throws -> NIOSSLClientHandler {
        let isAddress = (try? SocketAddress(ipAddress: host, port: 0)) != nil
        return try NIOSSLClientHandler(context: context.get(), serverHostname: isAddress ? nil : host)
    }

    /// Why a connection broke before there was an answer.
    static func describe(_ error: any Error, host: String, port: Int, local: SocketAddress?) -> String {
        switch error {
        case let error as IOError:
            let from = local.flatMap { address in
                address.ipAddress.map { Dial.address($0, address.port ?? 0) }
            }
            return
                "read tcp \(from.map { "\($0)->" } ?? "")\(Dial.address(host, port)): \(Dial.cause(error, call: "read"))"
        case NIOSSLError.uncleanShutdown: return "EOF"
        case is NIOSSLError, is BoringSSLError: return "tls: handshake failure: \(error)"
        default: return "\(error)"
        }
    }
}
