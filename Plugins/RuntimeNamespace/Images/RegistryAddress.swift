/// An http or https address, taken apart as far as a registry client must.
struct RegistryAddress: Sendable, Hashable, CustomStringConvertible {
    var isSecure: Bool
    /// Host and port as written, for example `registry.example:5000` or `[::1]:5000`.
    var authority: String
    /// Path and query, empty or beginning with `/`.
    var path: String

    init(isSecure: Bool, authority: String, path: String = "") {
        self.isSecure = isSecure
        self.authority = authority
        self.path = path
    }

    /// Reads an absolute address; nil for other schemes, missing or malformed hosts, and user names in it.
    init?(url: String) {
        let lowered = url.lowercased()
        guard lowered.hasPrefix("http://") || lowered.hasPrefix("https://") else { return nil }
        isSecure = lowered.hasPrefix("https://")
        let rest = url.dropFirst(isSecure ? 8 : 7)
        let end = rest.firstIndex { $0 == "/" || $0 == "?" || $0 == "#" } ?? rest.endIndex
        authority = String(rest[..<end])
        let tail = rest[end...].prefix { $0 != "#" }
        path = tail.hasPrefix("?") ? "/" + tail : String(tail)
        guard ImageReferenceParser.isDomain(authority), path.utf8.allSatisfy({ $0 > 32 && $0 != 127 }) else {
            return nil
        }
    }

    /// The address that a `Location` header names, seen from this one.
    func resolving(_ location: String) -> RegistryAddress? {
        if location.hasPrefix("//") { return RegistryAddress(url: (isSecure ? "https:" : "http:") + location) }
        guard location.hasPrefix("/") else { return RegistryAddress(url: location) }
        return RegistryAddress(url: "\(isSecure ? "https" : "http")://\(authority)\(location)")
    }

    var host: String {
        if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
            return String(authority[authority.index(after: authority.startIndex)..<end]).lowercased()
        }
        return String(authority.prefix { $0 != ":" }).lowercased()
    }

    var port: Int {
        let digits = authority.split(separator: ":").last.map(String.init) ?? ""
        return authority.hasSuffix("]") || !authority.contains(":") ? (isSecure ? 443 : 80) : Int(digits) ?? 0
    }

    /// Whether the host can only be this machine.
    var isLoopback: Bool {
        if host == "localhost" || host.hasSuffix(".localhost") || host == "::1" { return true }
        let parts = host.split(separator: ".", omittingEmptySubsequences: false)
        return parts.count == 4 && parts[0] == "127" && parts.allSatisfy { UInt8($0) != nil }
    }

    /// Whether what may be sent to one may be sent to the other.
    func isSameOrigin(as other: RegistryAddress) -> Bool {
        isSecure == other.isSecure && host == other.host && port == other.port
    }

    func appending(_ more: String) -> RegistryAddress {
        var result = self
        result.path = (path.hasSuffix("/") ? String(path.dropLast()) : path) + more
        return result
    }

    var description: String { (isSecure ? "https://" : "http://") + authority + path }

    /// Text with everything but letters, digits and `-._~` as `%XX`, for queries and forms.
    static func escaped(_ text: String) -> String {
        let digits = Array("0123456789ABCDEF".unicodeScalars)
        var result = String.UnicodeScalarView()
        for byte in text.utf8 {
            let scalar = Unicode.Scalar(byte)
            let isPlain = byte < 128 && (scalar.properties.isAlphabetic || (48...57).contains(byte))
            if isPlain || "-._~".unicodeScalars.contains(scalar) {
                result.append(scalar)
            } else {
                result.append(contentsOf: ["%", digits[Int(byte >> 4)], digits[Int(byte & 15)]])
            }
        }
        return String(result)
    }
}

/// One place to pull a repository from.
struct RegistryEndpoint: Sendable, Hashable {
    var address: RegistryAddress
    /// The repository below it, for example `library/busybox`.
    var repository: String
    var auth: RegistryAuth

    func manifest(_ reference: String) -> RegistryAddress {
        address.appending("/v2/\(repository)/manifests/\(reference)")
    }

    func blob(_ digest: ImageDigest) -> RegistryAddress { address.appending("/v2/\(repository)/blobs/\(digest)") }
}

extension ImageStoreConfiguration {
    /// Where to look for an image, in this order: the mirrors of its registry, then the registry itself.
    ///
    /// - Parameters:
    ///   - reference: the image's name.
    ///   - auth: who asks the registry itself; mirrors never see it.
    /// - Returns: at least one place.
    func endpoints(for reference: ImageReference, auth: RegistryAuth?) -> [RegistryEndpoint] {
        let own = registry(reference.domain)
        var result: [RegistryEndpoint] = []
        for mirror in own?.mirrors ?? [] {
            guard let address = RegistryAddress(url: mirror) else { continue }
            let auth = registry(address.authority)?.auth ?? RegistryAuth()
            result.append(RegistryEndpoint(address: address, repository: reference.path, auth: auth))
        }
        let authority = reference.domain == "docker.io" ? "registry-1.docker.io" : reference.domain
        var address = RegistryAddress(isSecure: true, authority: authority)
        if own?.plainHTTP == true || (address.isLoopback && address.port != 443) || authority.hasSuffix(":80") {
            address.isSecure = false
        }
        if address.isLoopback, own?.caFile.isEmpty == false { address.isSecure = true }
        let chosen = auth ?? own?.auth ?? RegistryAuth()
        result.append(RegistryEndpoint(address: address, repository: reference.path, auth: chosen))
        return result
    }

    /// The authorities to trust for a host; nil means the system's.
    func caFile(for address: RegistryAddress) -> String? {
        let file = registry(address.authority)?.caFile ?? ""
        return file.isEmpty ? nil : file
    }

    private func registry(_ host: String) -> RegistryConfiguration? { registries.first { $0.host == host } }
}
