/// What stands between method and version in a request line, taken apart.
struct RequestTarget {
    let path: String
    let query: [(name: String, value: String)]

    /// Nil when `text` is no target that a server is asked for: origin form, absolute form, or `*`.
    init?(_ text: String) {
        var text = Substring(text)
        if text.utf8.first != UInt8(ascii: "/"), text != "*" {
            // Absolute form, for proxies: RFC 9112, section 3.2.2, demands that servers accept it.
            guard let scheme = text.prefixMatch(of: ["http://", "https://"]) else { return nil }
            text = text.dropFirst(scheme)
            text = text.firstIndex { $0 == "/" || $0 == "?" }.map { text[$0...] } ?? "/"
        }
        guard let mark = text.utf8.firstIndex(of: UInt8(ascii: "?")) else {
            self.path = String(text)
            self.query = []
            return
        }
        let path = text[..<mark]
        self.path = path.isEmpty ? "/" : String(path)
        self.query = Self.parameters(text[text.utf8.index(after: mark)...])
    }

    /// `a=b&c` with `%XX` and `+`; a bad escape stands for itself, as Go's servers don't refuse it either.
    static func parameters(_ text: Substring) -> [(name: String, value: String)] {
        text.split(separator: "&").map { part in
            guard let equals = part.utf8.firstIndex(of: UInt8(ascii: "=")) else { return (Self.decoded(part), "") }
            return (Self.decoded(part[..<equals]), Self.decoded(part[part.utf8.index(after: equals)...]))
        }
    }

    private static func decoded(_ text: Substring) -> String {
        guard text.utf8.contains(where: { $0 == UInt8(ascii: "%") || $0 == UInt8(ascii: "+") }) else {
            return String(text)
        }
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "+") {
                bytes.append(0x20)
            } else if byte == UInt8(ascii: "%"), let high = rest.first?.hexValue,
                let low = rest.dropFirst().first?.hexValue
            {
                bytes.append(high << 4 | low)
                rest = rest.dropFirst(2)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }
}

extension Substring {
    /// The length of the first of `prefixes` that the text begins with, whatever its case.
    fileprivate func prefixMatch(of prefixes: [String]) -> Int? {
        prefixes.first { self.prefix($0.count).lowercased() == $0 }?.count
    }
}

extension UInt8 {
    /// The value of a hexadecimal digit.
    fileprivate var hexValue: UInt8? {
        switch self {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): self - UInt8(ascii: "0")
        case UInt8(ascii: "a")...UInt8(ascii: "f"): self - UInt8(ascii: "a") + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): self - UInt8(ascii: "A") + 10
        default: nil
        }
    }
}
