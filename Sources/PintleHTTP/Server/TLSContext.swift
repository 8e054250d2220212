internal import NIOSSL

extension TLSMaterial {
    /// The TLS side of a server: TLS 1.2 and later, HTTP/2 preferred, client certificates welcome but not needed.
    func serverContext() throws(ListenError) -> NIOSSLContext {
        do {
            let chain = try NIOSSLCertificate.fromPEMBytes(Array(self.certificateChain.utf8))
            let key = try NIOSSLPrivateKey(bytes: Array(self.privateKey.utf8), format: .pem)
            var configuration = TLSConfiguration.makeServerConfiguration(
                certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(key))
            configuration.minimumTLSVersion = .tlsv12
            configuration.applicationProtocols = ["h2", "http/1.1"]
            configuration.trustRoots = .certificates(
                try NIOSSLCertificate.fromPEMBytes(Array(self.clientAuthorities.utf8)))
            configuration.certificateVerification = .optionalVerification
            // Browsers and Go's clients choose among their certificates by it.
            configuration.sendCANameList = true
            return try NIOSSLContext(configuration: configuration)
        } catch {
            throw ListenError(
                address: "", message: "The server's certificate or key cannot be used: \(error).", errno: nil)
        }
    }
}
