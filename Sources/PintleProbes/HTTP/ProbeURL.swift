internal import NIOCore

/// Where a check asks by HTTP.
struct ProbeURL: Sendable, Hashable, CustomStringConvertible {
    var isSecure: Bool
    /// An address, without brackets, or a name.
    var host: String
    /// nil means the scheme's own.
    var port: Int?
    /// Path and query as they are sent.
    var target: String

    /// Makes one from a path as a pod's author wrote it.
    init(isSecure: Bool, host: String, port: Int?, path: String) {
        self.isSecure = isSecure
        self.host = host
        self.port = port
        target = Self.escaped(path.hasPrefix("/") || path.hasPrefix("?") ? path : "/\(path)")
        if target.hasPrefix("?") { target = "/\(target)" }
    }

    /// As it is written.
    var description: String { "\(isSecure ? "https" : "http")://\(authority)\(target)" }

    /// Host and port as the field `Host` has them.
    var authority: String {
        let name = host.contains(":") ? "[\(host)]" : host
        return port.map { "\(name):\($0)" } ?? name
    }

    /// The port that is connected to.
    var realPort: Int { port ?? (isSecure ? 443 : 80) }

    /// Where a redirection leads; nil when it can't be read or leads to another scheme.
    func following(_ location: String) -> ProbeURL? {
        let location = location.prefix { $0 != "#" }
        if let rest = Self.dropping("http:", location) { return absolute(rest, isSecure: false) }
        if let rest = Self.dropping("https:", location) { return absolute(rest, isSecure: true) }
        if location.hasPrefix("//") { return absolute(location, isSecure: isSecure) }
        if let colon = location.firstIndex(of: ":"), location[..<colon].allSatisfy({ $0.isLetter }) { return nil }
        var url = self
        let path = String(target.prefix { $0 != "?" })
        if location.isEmpty { return self }
        if location.hasPrefix("?") {
            url.target = Self.escaped(path + location)
        } else {
            let base = location.hasPrefix("/") ? "" : String(path[...(path.lastIndex(of: "/") ?? path.startIndex)])
            url.target = Self.escaped(Self.tidied(base + location))
        }
        return url
    }

    private static func dropping(_ scheme: String, _ text: Substring) -> Substring? {
        text.prefix(scheme.count).lowercased() == scheme ? text.dropFirst(scheme.count) : nil
    }

    private func absolute(_ text: Substring, isSecure: Bool) -> ProbeURL? {
        guard text.hasPrefix("//") else { return nil }
        let rest = text.dropFirst(2)
        let whole = rest.prefix { $0 != "/" && $0 != "?" }
        var authority = whole
        let path = rest[authority.endIndex...]
        if let at = authority.lastIndex(of: "@") { authority = authority[authority.index(after: at)...] }
        var host = authority, port: Int?
        if authority.hasPrefix("["), let bracket = authority.firstIndex(of: "]") {
            host = authority[authority.index(after: authority.startIndex)..<bracket]
            let rest = authority[authority.index(after: bracket)...]
            guard rest.isEmpty || rest.hasPrefix(":") else { return nil }
            if rest.count > 1 {
                guard let number = Int(rest.dropFirst()) else { return nil }
                port = number
            }
        } else if let colon = authority.lastIndex(of: ":") {
            host = authority[..<colon]
            let digits = authority[authority.index(after: colon)...]
            if !digits.isEmpty {
                guard let number = Int(digits) else { return nil }
                port = number
            }
        }
        guard !host.isEmpty, port.map({ (1...65535).contains($0) }) ?? true else { return nil }
        return ProbeURL(isSecure: isSecure, host: String(host), port: port, path: path.isEmpty ? "/" : String(path))
    }

    /// Without `.` and `..`, RFC 3986, section 5.2.4.
    private static func tidied(_ text: String) -> String {
        let path = text.prefix { $0 != "?" }
        guard path.contains("/.") else { return text }
        var out: [Substring] = []
        let parts = path.split(separator: "/", omittingEmptySubsequences: false).dropFirst()
        for (index, part) in zip(parts.indices, parts) {
            let isLast = index == parts.indices.last
            if part == ".." { out = out.dropLast() } else if part != "." { out.append(part) }
            if isLast, part == "." || part == ".." { out.append("") }
        }
        return "/" + out.joined(separator: "/") + text[path.endIndex...]
    }

    /// With every byte that may not stand in a request line percent-encoded, and without a fragment.
    private static func escaped(_ text: String) -> String {
        var out: [UInt8] = []
        let bytes = Array(text.utf8)
        for (index, byte) in bytes.enumerated() {
            switch byte {
            case UInt8(ascii: "#"): return String(decoding: out, as: UTF8.self)
            case UInt8(ascii: "%")
            where !bytes[(index + 1)...].prefix(2).allSatisfy({ Self.isHex($0) }) || bytes.count < index + 3:
                out += Array("%25".utf8)
            case 0...0x20, 0x7f..., UInt8(ascii: "\""), UInt8(ascii: "<"), UInt8(ascii: ">"), UInt8(ascii: "\\"),
                UInt8(ascii: "^"), UInt8(ascii: "`"), UInt8(ascii: "{"), UInt8(ascii: "|"), UInt8(ascii: "}"):
                let digits = Array("0123456789ABCDEF".utf8)
                out += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
            default: out.append(byte)
            }
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func isHex(_ byte: UInt8) -> Bool {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "a")...UInt8(ascii: "f"),
            UInt8(ascii: "A")...UInt8(ascii: "F"):
            true
        default: false
        }
    }
}
