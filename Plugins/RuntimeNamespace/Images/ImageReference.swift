/// The name of an image, completed as Docker and Kubernetes do.
///
/// `busybox` is `docker.io/library/busybox:latest`. A reference with a digest has no default tag.
package struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// The registry's host and port, for example `docker.io` or `localhost:5000`.
    package let domain: String
    /// The repository below it, for example `library/busybox`.
    package let path: String
    package let tag: String?
    /// `sha256:` and 64 digits.
    package let digest: String?

    /// Reads a reference.
    ///
    /// - Throws: `InvalidImageName`, with the sentence that Kubernetes' node agent shows.
    package init(parsing text: String) throws(ImageError) {
        var parser = ImageReferenceParser(text: text)
        try parser.parse()
        domain = parser.domain
        path = parser.path
        digest = parser.digest
        tag = parser.tag ?? (parser.digest == nil ? "latest" : nil)
    }

    /// Domain and path, for example `docker.io/library/busybox`.
    package var repository: String { domain + "/" + path }

    /// The full name: with the digest if there is one, else with the tag.
    package var description: String {
        if let digest { return repository + "@" + digest }
        return repository + ":" + (tag ?? "latest")
    }

    /// The full name with the tag, if it has one.
    var taggedName: String? { tag.map { repository + ":" + $0 } }
}

/// Takes an image reference apart.
///
/// The grammar is that of the distribution project's `reference` document: `[domain/]path[:tag][@digest]`.
struct ImageReferenceParser {
    let text: String
    var domain = ""
    var path = ""
    var tag: String?
    var digest: String?

    init(text: String) { self.text = text }

    mutating func parse() throws(ImageError) {
        var rest = text[...]
        guard !rest.isEmpty, rest.utf8.count <= 512 else { throw invalid("invalid reference format") }
        if let at = rest.firstIndex(of: "@") {
            digest = try digest(rest[rest.index(after: at)...])
            rest = rest[..<at]
        }
        if let colon = rest.lastIndex(of: ":"), !rest[colon...].contains("/") {
            let text = rest[rest.index(after: colon)...]
            guard Self.isTag(text) else { throw invalid("invalid reference format") }
            tag = String(text)
            rest = rest[..<colon]
        }
        if ImageDigest(hex: String(rest)) != nil {
            throw invalid("invalid repository name (\(rest)), cannot specify 64-byte hexadecimal strings")
        }
        splitDomain(String(rest))
        try checkName()
    }

    /// The first segment is a domain if it can't be the first part of a repository on Docker Hub.
    private mutating func splitDomain(_ name: String) {
        let parts = name.split(separator: "/", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let first = parts[0]
        let isDomain =
            parts.count == 2
            && (first.contains(".") || first.contains(":") || first == "localhost" || first != first.lowercased())
        domain = isDomain ? first : "docker.io"
        path = isDomain ? parts[1] : name
        if domain == "index.docker.io" { domain = "docker.io" }
        if domain == "docker.io", !path.contains("/") { path = "library/" + path }
    }

    private func checkName() throws(ImageError) {
        guard Self.isDomain(domain) else { throw invalid("invalid reference format") }
        guard path == path.lowercased() else {
            throw invalid("invalid reference format: repository name (\(path)) must be lowercase")
        }
        guard path.split(separator: "/", omittingEmptySubsequences: false).allSatisfy(Self.isPathComponent) else {
            throw invalid("invalid reference format")
        }
        guard domain.utf8.count + 1 + path.utf8.count <= 255 else {
            throw invalid("repository name must not be more than 255 characters")
        }
    }

    private func digest(_ text: Substring) throws(ImageError) -> String {
        if let digest = ImageDigest(String(text)) { return digest.description }
        let isOther = text.hasPrefix("sha512:") || text.hasPrefix("sha384:")
        throw invalid(isOther ? "unsupported digest algorithm, only sha256 is" : "invalid reference format")
    }

    private func invalid(_ problem: String) -> ImageError {
        ImageError(.invalid, .invalidImageName, "couldn't parse image name \"\(text.prefix(300))\": \(problem)")
    }
}

extension ImageReferenceParser {
    /// A host name, IPv4 address or bracketed IPv6 address, with an optional port.
    static func isDomain(_ text: String) -> Bool {
        var host = text[...]
        if let colon = text.lastIndex(of: ":"), !text[colon...].contains("]") {
            let port = text[text.index(after: colon)...]
            guard !port.isEmpty, port.utf8.count <= 5, port.utf8.allSatisfy(isDigit) else { return false }
            host = text[..<colon]
        }
        if host.hasPrefix("[") {
            let inside = host.dropFirst().dropLast()
            return host.hasSuffix("]") && inside.contains(":")
                && inside.utf8.allSatisfy { isHex($0) || $0 == UInt8(ascii: ":") || $0 == UInt8(ascii: ".") }
        }
        return host.split(separator: ".", omittingEmptySubsequences: false).allSatisfy { label in
            guard let first = label.utf8.first, let last = label.utf8.last else { return false }
            return isAlphanumeric(first) && isAlphanumeric(last)
                && label.utf8.allSatisfy { isAlphanumeric($0) || $0 == UInt8(ascii: "-") }
        }
    }

    /// Letters and digits, joined by one `.`, one or two `_`, or any number of `-`.
    static func isPathComponent(_ text: Substring) -> Bool {
        var separator: [UInt8] = []
        var hasBegun = false
        for byte in text.utf8 {
            if isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte) {
                guard isSeparator(separator), hasBegun || separator.isEmpty else { return false }
                separator = []
                hasBegun = true
            } else {
                separator.append(byte)
            }
        }
        return hasBegun && separator.isEmpty
    }

    private static func isSeparator(_ bytes: [UInt8]) -> Bool {
        switch bytes {
        case [], Array(".".utf8), Array("_".utf8), Array("__".utf8): true
        default: bytes.allSatisfy { $0 == UInt8(ascii: "-") }
        }
    }

    static func isTag(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        let underscore = UInt8(ascii: "_")
        return (isAlphanumeric(first) || first == underscore)
            && text.utf8.allSatisfy {
                isAlphanumeric($0) || $0 == underscore || $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "-")
            }
    }

    private static func isDigit(_ byte: UInt8) -> Bool { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "z")).contains(byte | 0x20)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        isDigit(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte | 0x20)
    }
}
