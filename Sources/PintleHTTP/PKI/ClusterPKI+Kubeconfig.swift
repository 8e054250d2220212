extension ClusterPKI {
    /// The text of a kubeconfig that makes its reader the cluster's administrator: write it with mode 0600.
    ///
    /// - Parameters:
    ///   - server: The API server's URL, for example `https://127.0.0.1:6443`.
    ///   - name: The name of cluster, user and context, for example `pintle-0a1b2c3d`: letters, digits and `-`.
    /// - Returns: The YAML text.
    public func kubeconfig(server: String, name: String) -> String {
        """
        apiVersion: v1
        kind: Config
        clusters:
        - name: \(name)
          cluster:
            server: \(server)
            certificate-authority-data: \(Base64.encode(self.authority.utf8))
        users:
        - name: \(name)
          user:
            client-certificate-data: \(Base64.encode(self.admin.certificate.utf8))
            client-key-data: \(Base64.encode(self.admin.privateKey.utf8))
        contexts:
        - name: \(name)
          context:
            cluster: \(name)
            user: \(name)
        current-context: \(name)

        """
    }
}
