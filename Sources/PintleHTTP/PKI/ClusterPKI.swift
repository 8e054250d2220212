internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// A certificate and its private key, as PEM text.
public struct KeyPair: Sendable, Hashable {
    /// The certificate.
    public let certificate: String
    /// The private key, PKCS #8.
    public let privateKey: String
}

/// The cluster's key material: its own authority, and what that authority issued.
///
/// Files: `ca.crt`, `ca.key`, `apiserver.crt`, `apiserver.key` (serving), `admin.crt`, `admin.key`
/// (`O=system:masters`, `CN=kubernetes-admin`), `apiserver-kubelet-client.crt` and `.key`,
/// `kubelet.crt` and `.key` (serving, `O=system:nodes`).
public struct ClusterPKI: Sendable {
    /// The authority's certificate, as PEM text.
    public let authority: String
    /// The API server's certificate.
    public let serving: KeyPair
    /// The administrator's client certificate, which the kubeconfig carries.
    public let admin: KeyPair
    /// The API server's client certificate towards node agents.
    public let kubeletClient: KeyPair
    /// The certificate of the node's own API; nil when it was not asked for.
    public let kubelet: KeyPair?

    /// Loads the material of `directory`, making what is missing and renewing what no longer fits.
    ///
    /// A leaf is renewed when it ends within 30 days, does not come from this authority, or (serving) names other
    /// `names`. The authority itself is made once and never replaced: a damaged one is an error.
    ///
    /// Blocks for file access, up to a few synced writes. Only one process may do this to a directory at a time.
    ///
    /// - Parameters:
    ///   - directory: Made with mode 0700 if its parent exists. Files have mode 0600 and are replaced atomically.
    ///   - names: The API server's names.
    ///   - node: The name and the names of the node whose own API gets a certificate (`kubelet.crt`, `.key`).
    /// - Returns: All of the material.
    /// - Throws: ``PKIError``, which names the file; files written before it are whole.
    public static func loadOrCreate(
        directory: String, names: ServingNames, node: (name: String, names: ServingNames)? = nil
    ) throws(PKIError) -> ClusterPKI {
        try Self.loadOrCreate(directory: directory, names: names, node: node, now: Date())
    }

    static func loadOrCreate(
        directory: String, names: ServingNames, node: (name: String, names: ServingNames)? = nil, now: Date
    ) throws(PKIError) -> ClusterPKI {
        let files = PKIFiles(directory: directory)
        try files.prepare()
        let authority = try Self.authority(files, now: now)
        func leaf(_ name: String, _ request: CertificateAuthority.Request) throws(PKIError) -> KeyPair {
            try Self.leaf(files, name, request, authority: authority, now: now)
        }
        var kubelet: KeyPair?
        if let node {
            kubelet = try leaf(
                "kubelet",
                .init(commonName: "system:node:\(node.name)", organisation: "system:nodes", names: node.names))
        }
        let pki = ClusterPKI(
            authority: try Self.wrapped(files.path("ca.crt")) {
                try authority.certificate.serializeAsPEM().pemString + "\n"
            },
            serving: try leaf("apiserver", .init(commonName: "kube-apiserver", names: names)),
            admin: try leaf("admin", .init(commonName: "kubernetes-admin", organisation: "system:masters")),
            kubeletClient: try leaf(
                "apiserver-kubelet-client",
                .init(commonName: "kube-apiserver-kubelet-client", organisation: "system:masters")),
            kubelet: kubelet)
        try files.sync()
        return pki
    }

    /// What ``HTTPServerConfiguration`` takes.
    public var tls: TLSMaterial {
        TLSMaterial(
            certificateChain: self.serving.certificate, privateKey: self.serving.privateKey,
            clientAuthorities: self.authority)
    }

    private static func authority(_ files: PKIFiles, now: Date) throws(PKIError) -> CertificateAuthority {
        let certificate = try files.read("ca.crt")
        let key = try files.read("ca.key")
        // The key is written first: one without a certificate never issued anything.
        guard let certificate else {
            let path = files.path("ca.crt")
            let made = try Self.wrapped(path) { try CertificateAuthority.make(now: now) }
            try files.write("ca.key", try Self.wrapped(path) { try made.key.serializeAsPEM().pemString + "\n" })
            try files.write("ca.crt", try Self.wrapped(path) { try made.certificate.serializeAsPEM().pemString + "\n" })
            return made
        }
        let advice = "Restore it from a backup, or move the directory away to start with a new authority."
        guard let key else {
            throw PKIError(
                path: files.path("ca.key"),
                message: "\(files.path("ca.crt")) is there but its key \(files.path("ca.key")) is missing. \(advice)",
                errno: nil)
        }
        guard let parsed = try? Certificate(pemEncoded: certificate),
            let parsedKey = try? Certificate.PrivateKey(pemEncoded: key), parsedKey.publicKey == parsed.publicKey
        else {
            throw PKIError(
                path: files.path("ca.crt"),
                message: "\(files.path("ca.crt")) and ca.key are damaged or do not belong together. \(advice)",
                errno: nil)
        }
        guard parsed.notValidAfter > now else {
            throw PKIError(
                path: files.path("ca.crt"), message: "The authority in \(files.path("ca.crt")) has expired. \(advice)",
                errno: nil)
        }
        return CertificateAuthority(certificate: parsed, key: parsedKey)
    }

    private static func leaf(
        _ files: PKIFiles, _ name: String, _ request: CertificateAuthority.Request,
        authority: CertificateAuthority, now: Date
    ) throws(PKIError) -> KeyPair {
        if let certificate = try files.read("\(name).crt"), let key = try files.read("\(name).key") {
            let pair = KeyPair(certificate: certificate, privateKey: key)
            if authority.stillGood(pair, for: request, now: now) { return pair }
        }
        let pair = try Self.wrapped(files.path("\(name).crt")) { try authority.issue(request, now: now) }
        try files.write("\(name).key", pair.privateKey)
        try files.write("\(name).crt", pair.certificate)
        return pair
    }

    private static func wrapped<R>(_ path: String, _ body: () throws -> R) throws(PKIError) -> R {
        do { return try body() } catch {
            throw PKIError(path: path, message: "cannot make \(path): \(error)", errno: nil)
        }
    }
}
