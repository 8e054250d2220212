extension ServingNames {
    /// The names of one node's own API: nothing that would let it pass for the API server.
    ///
    /// - Parameters:
    ///   - node: The node's name.
    ///   - addresses: The machine's addresses; loopback is added.
    public init(node: String, addresses: [String]) {
        self.init(exactly: [node, "localhost", "127.0.0.1", "::1"] + addresses)
    }
}

extension ClusterPKI {
    /// What ``HTTPServerConfiguration`` takes for the node's own API; nil when no such certificate was asked for.
    public var kubeletTLS: TLSMaterial? {
        self.kubelet.map {
            TLSMaterial(
                certificateChain: $0.certificate, privateKey: $0.privateKey, clientAuthorities: self.authority)
        }
    }
}
