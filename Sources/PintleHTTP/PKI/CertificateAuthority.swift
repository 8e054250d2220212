internal import Crypto
internal import FoundationEssentials
internal import SwiftASN1
internal import X509

/// The cluster's own authority: an ECDSA P-256 key and its self-signed certificate.
struct CertificateAuthority {
    let certificate: Certificate
    let key: Certificate.PrivateKey

    /// What a certificate is to say.
    struct Request {
        var commonName: String
        var organisation: String?
        var names: ServingNames?

        var isServing: Bool { self.names != nil }
    }

    static let authorityLife: TimeInterval = 10 * 365 * 86400
    static let leafLife: TimeInterval = 365 * 86400
    /// Certificates are backdated, for clients whose clock is behind.
    static let backdating: TimeInterval = 3600

    /// Makes a new authority with a key of its own.
    static func make(now: Date) throws -> CertificateAuthority {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let name = try DistinguishedName { CommonName("pintle-ca") }
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now - Self.backdating, notValidAfter: now + Self.authorityLife,
            issuer: name, subject: name, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.isCertificateAuthority(maxPathLength: 0))
                Critical(KeyUsage(digitalSignature: true, keyCertSign: true, cRLSign: true))
                SubjectKeyIdentifier(hash: key.publicKey)
            },
            issuerPrivateKey: key)
        return CertificateAuthority(certificate: certificate, key: key)
    }

    /// Makes a key and a certificate for it.
    func issue(_ request: Request, now: Date) throws -> KeyPair {
        let key = Certificate.PrivateKey(P256.Signing.PrivateKey())
        let subject = try DistinguishedName {
            if let organisation = request.organisation { OrganizationName(organisation) }
            CommonName(request.commonName)
        }
        let usage: ExtendedKeyUsage.Usage = request.isServing ? .serverAuth : .clientAuth
        let certificate = try Certificate(
            version: .v3, serialNumber: Certificate.SerialNumber(), publicKey: key.publicKey,
            notValidBefore: now - Self.backdating,
            notValidAfter: min(now + Self.leafLife, self.certificate.notValidAfter),
            issuer: self.certificate.subject, subject: subject, signatureAlgorithm: .ecdsaWithSHA256,
            extensions: Certificate.Extensions {
                Critical(BasicConstraints.notCertificateAuthority)
                Critical(KeyUsage(digitalSignature: true))
                try ExtendedKeyUsage([usage])
                AuthorityKeyIdentifier(
                    keyIdentifier: SubjectKeyIdentifier(hash: self.certificate.publicKey).keyIdentifier)
                if let names = request.names { SubjectAlternativeNames(names.generalNames) }
            },
            issuerPrivateKey: self.key)
        return KeyPair(
            certificate: try certificate.serializeAsPEM().pemString + "\n",
            privateKey: try key.serializeAsPEM().pemString + "\n")
    }

    /// Whether `pair` is what ``issue(_:now:)`` would make, and still good for a month.
    func stillGood(_ pair: KeyPair, for request: Request, now: Date) -> Bool {
        guard let leaf = try? Certificate(pemEncoded: pair.certificate),
            let key = try? Certificate.PrivateKey(pemEncoded: pair.privateKey), key.publicKey == leaf.publicKey,
            self.certificate.publicKey.isValidSignature(leaf.signature, for: leaf),
            leaf.notValidBefore <= now, leaf.notValidAfter > now + 30 * 86400
        else { return false }
        let subject = CertificateSubject(leaf)
        guard subject.commonName == request.commonName,
            subject.organisations == (request.organisation.map { [$0] } ?? [])
        else { return false }
        guard let names = request.names else { return true }
        let present = (try? leaf.extensions.subjectAlternativeNames).flatMap(\.self).map(Array.init) ?? []
        return Set(present) == Set(names.generalNames)
    }
}

extension ServingNames {
    fileprivate var generalNames: [GeneralName] {
        self.dns.map { .dnsName($0) }
            + self.addresses.compactMap { address in
                Self.addressBytes(address).map { .ipAddress(ASN1OctetString(contentBytes: $0[...])) }
            }
    }
}
