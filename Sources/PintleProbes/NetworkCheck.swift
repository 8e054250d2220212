/// A check that connects to something.
public enum NetworkCheck: Sendable, Hashable {
    /// A GET by HTTP or HTTPS succeeds with a status from 200 to 399.
    case http(HTTPCheck)
    /// A TCP connection can be opened.
    case tcp(host: String, port: Int)
    /// grpc.health.v1.Health says that `service` is served.
    case grpc(host: String, port: Int, service: String)
}

/// What to get by HTTP.
public struct HTTPCheck: Sendable, Hashable {
    /// Whether TLS is spoken; certificates are not verified, as by a kubelet.
    public var isSecure: Bool
    /// An address or a name.
    public var host: String
    /// 1 to 65535.
    public var port: Int
    /// Path and query as the pod's author wrote them.
    public var path: String
    /// Further fields in their order; `Host`, `User-Agent` and `Accept` replace the defaults.
    public var headers: [Header]
    /// What asks: `kube-probe/1.36`.
    public var userAgent: String

    /// A field of a request.
    public struct Header: Sendable, Hashable {
        /// The field's name.
        public var name: String
        /// Its value.
        public var value: String

        /// Makes a field.
        public init(_ name: String, _ value: String) {
            self.name = name
            self.value = value
        }
    }

    /// Describes a GET.
    public init(
        isSecure: Bool = false, host: String, port: Int, path: String = "/", headers: [Header] = [],
        userAgent: String = "kube-probe/1.36"
    ) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        self.path = path
        self.headers = headers
        self.userAgent = userAgent
    }
}
