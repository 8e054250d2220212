extension JSON {
    /// The value as a YAML document in block style, members in order, with a line break at the end.
    ///
    /// Reading it back gives an equal value.
    public func yaml() -> String {
        var out = ""
        switch self {
        case .object(let object) where object.isEmpty == false: JSON.emit(object, indent: 0, first: false, &out)
        case .array(let array) where array.isEmpty == false: JSON.emit(array, indent: 0, &out)
        default:
            emitScalar(indent: 0, &out)
            out += "\n"
        }
        return out
    }

    private static func emit(_ object: JSONObject, indent: Int, first: Bool, _ out: inout String) {
        var first = first
        for (key, value) in object.members {
            if first == false { out += spaces(indent) }
            first = false
            out += quotedIfNeeded(key) + ":"
            value.emitMember(indent: indent, &out)
        }
    }

    private static func emit(_ array: [JSON], indent: Int, _ out: inout String) {
        for value in array {
            out += spaces(indent) + "-"
            switch value {
            case .object(let object) where object.isEmpty == false:
                out += " "
                emit(object, indent: indent + 2, first: true, &out)
            default: value.emitMember(indent: indent, &out)
            }
        }
    }

    /// What follows a key's colon or an element's dash, with the line break.
    private func emitMember(indent: Int, _ out: inout String) {
        switch self {
        case .object(let object) where object.isEmpty == false:
            out += "\n"
            JSON.emit(object, indent: indent + 2, first: false, &out)
        case .array(let array) where array.isEmpty == false:
            out += "\n"
            JSON.emit(array, indent: indent + 2, &out)
        default:
            out += " "
            emitScalar(indent: indent + 2, &out)
            out += "\n"
        }
    }

    private func emitScalar(indent: Int, _ out: inout String) {
        guard case .string(let text) = self else {
            out += description
            return
        }
        if JSON.fitsLiteralBlock(text) {
            let body = text.hasSuffix("\n") ? text.dropLast() : text[...]
            out += text.hasSuffix("\n") ? "|" : "|-"
            for line in body.split(separator: "\n", omittingEmptySubsequences: false) {
                out += "\n"
                if line.isEmpty == false { out += JSON.spaces(max(indent, 2)) + line }
            }
        } else {
            out += JSON.quotedIfNeeded(text)
        }
    }

    /// Whether a text of several lines is the same after a way through a literal block.
    private static func fitsLiteralBlock(_ text: String) -> Bool {
        guard text.utf8.contains(UInt8(ascii: "\n")), text.hasSuffix("\n\n") == false, text != "\n" else {
            return false
        }
        guard let first = text.utf8.first, first != UInt8(ascii: " "), first != UInt8(ascii: "\n") else { return false }
        return text.unicodeScalars.allSatisfy { $0 == "\n" || isPlainPrintable($0) }
    }

    private static func quotedIfNeeded(_ text: String) -> String {
        let safeFirst =
            text.utf8.first.map { byte in
                switch byte {
                case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"), UInt8(ascii: "/"),
                    UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."), 0x80...:
                    true
                default: false
                }
            } ?? false
        if safeFirst, text.utf8.last != UInt8(ascii: " "), text.utf8.last != UInt8(ascii: ":"),
            text.contains(": ") == false, text.contains(" #") == false, plainYAML(text) == .string(text),
            text.unicodeScalars.allSatisfy(isPlainPrintable), looksLikeTimestamp(text) == false
        {
            return text
        }
        return JSON.string(text).quotedYAML
    }

    /// JSON's quotes, with what YAML does not print escaped as well.
    private var quotedYAML: String {
        var out = ""
        for scalar in description.unicodeScalars {
            if JSON.isPlainPrintable(scalar) {
                out.unicodeScalars.append(scalar)
            } else {
                let digits = String(scalar.value, radix: 16)
                out += "\\U" + String(repeating: "0", count: 8 - digits.count) + digits
            }
        }
        return out
    }

    private static func isPlainPrintable(_ scalar: UnicodeScalar) -> Bool {
        switch scalar.value {
        case 0x20..<0x7F, 0xA0..<0x2028, 0x202A..<0xD800, 0xE000..<0xFEFF, 0xFF00..<0xFFFE, 0x10000...0x10FFFF: true
        default: false
        }
    }

    /// `2001-…`: other readers make a date of it.
    private static func looksLikeTimestamp(_ text: String) -> Bool {
        let bytes = Array(text.utf8.prefix(5))
        return bytes.count == 5 && bytes[4] == UInt8(ascii: "-")
            && bytes[..<4].allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
    }

    private static func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }
}
