/// What the API server says about itself and gives to namespaces.
public struct APIServerConfiguration: Sendable {
    /// Where clients reach it, for example `127.0.0.1:6443`; discovery tells it.
    public var advertisedAddress: String
    /// The certificate of the authority that signed the server's, as PEM text; every namespace gets it in the ConfigMap
    /// `kube-root-ca.crt`.
    public var certificateAuthority: String

    /// Describes a server.
    public init(advertisedAddress: String, certificateAuthority: String) {
        self.advertisedAddress = advertisedAddress
        self.certificateAuthority = certificateAuthority
    }
}
