internal import SwiftASN1
internal import X509

/// The parts of a certificate's subject that say who its holder is.
struct CertificateSubject {
    private(set) var commonName: String?
    private(set) var organisations: [String] = []

    init(_ certificate: Certificate) {
        for relative in certificate.subject {
            for attribute in relative {
                guard let value = String(attribute.value) else { continue }
                if attribute.type == .RDNAttributeType.commonName {
                    self.commonName = value
                } else if attribute.type == .RDNAttributeType.organizationName {
                    self.organisations.append(value)
                }
            }
        }
    }

    /// Who the holder of a verified certificate is; nil when it names nobody or cannot be read.
    static func identity(der: [UInt8]) -> Identity? {
        guard let certificate = try? Certificate(derEncoded: der) else { return nil }
        let subject = CertificateSubject(certificate)
        guard let user = subject.commonName, !user.isEmpty else { return nil }
        return Identity(user: user, groups: subject.organisations)
    }
}
