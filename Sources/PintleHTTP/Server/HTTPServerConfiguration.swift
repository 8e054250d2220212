internal import NIOCore

/// What a server needs to know besides its responder.
public struct HTTPServerConfiguration: Sendable {
    /// The server's certificate and key, and the authority that client certificates must come from.
    ///
    /// Nil serves plain HTTP/1.1, which is for tests.
    public var tls: TLSMaterial?
    /// The largest request body in bytes; larger ones are answered with status 413.
    ///
    /// The default is 3 MiB.
    public var maximumBodySize = 3 * 1024 * 1024
    /// The largest request head (line and fields) in bytes; larger ones are answered with 431.
    ///
    /// The default is 64 KiB.
    public var maximumHeadSize = 64 * 1024
    /// Event-loop threads.
    ///
    /// The default is 2.
    public var threads = 2
    /// Connections served at once; further ones are closed as soon as they are accepted.
    ///
    /// The default is 4,096.
    public var maximumConnections = 4096
    /// How long clients may take.
    public var timeouts = HTTPTimeouts()

    /// Makes a configuration with the defaults.
    public init(tls: TLSMaterial?) {
        self.tls = tls
    }
}

/// How long a client may take before its connection is closed.
///
/// Each is checked about once in five seconds.
public struct HTTPTimeouts: Sendable {
    /// From the connection's acceptance to the end of the TLS handshake.
    ///
    /// The default is 10 seconds.
    public var handshake: Duration = .seconds(10)
    /// From the first byte of a request to the end of its header fields.
    ///
    /// The default is 15 seconds.
    public var head: Duration = .seconds(15)
    /// From there to the end of its body.
    ///
    /// The default is 60 seconds.
    public var body: Duration = .seconds(60)
    /// Without a request.
    ///
    /// The default is 90 seconds.
    public var idle: Duration = .seconds(90)
    /// Without the client taking any byte of an answer that waits to be sent.
    ///
    /// The default is 60 seconds.
    public var write: Duration = .seconds(60)

    /// The defaults.
    public init() {}
}

/// A server's key material, as PEM text.
public struct TLSMaterial: Sendable {
    /// The server's certificate chain, leaf first.
    public var certificateChain: String
    /// The leaf's private key.
    public var privateKey: String
    /// The certificates of the authorities that client certificates are verified against.
    public var clientAuthorities: String

    /// Makes the material from PEM texts.
    public init(certificateChain: String, privateKey: String, clientAuthorities: String) {
        self.certificateChain = certificateChain
        self.privateKey = privateKey
        self.clientAuthorities = clientAuthorities
    }
}
