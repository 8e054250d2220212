extension JSONParser {
    /// Reads a string whose opening quote is at `at`.
    mutating func string() throws(JSONError) -> String {
        at += 1
        let start = at
        var high: UInt64 = 0
        at = ByteScan.special(base, from: at, high: &high)
        guard at < count else { throw error("unexpected end of JSON input") }
        switch base[at] {
        case UInt8(ascii: "\""):
            let bytes = UnsafeBufferPointer(rebasing: base[start..<at])
            guard let text = makeString(bytes, ascii: high == 0) else { throw invalidUTF8(from: start) }
            at += 1
            return text
        case UInt8(ascii: "\\"): return try escapedString(from: start)
        default: throw unexpected("in string literal")
        }
    }

    private func makeString(_ bytes: UnsafeBufferPointer<UInt8>, ascii: Bool) -> String? {
        ascii ? String(decoding: bytes, as: UTF8.self) : String(validating: bytes, as: UTF8.self)
    }

    /// Reads on from a back slash at `at`; the string began at `start`.
    private mutating func escapedString(from start: Int) throws(JSONError) -> String {
        var bytes = Array(UnsafeBufferPointer(rebasing: base[start..<at]))
        while at < count {
            let byte = base[at]
            if byte == UInt8(ascii: "\"") {
                guard let text = String(validating: bytes, as: UTF8.self) else { throw invalidUTF8(from: start) }
                at += 1
                return text
            }
            if byte == UInt8(ascii: "\\") {
                try escape(into: &bytes)
            } else if byte < 0x20 {
                throw unexpected("in string literal")
            } else {
                bytes.append(byte)
                at += 1
            }
        }
        throw error("unexpected end of JSON input")
    }

    private mutating func escape(into bytes: inout [UInt8]) throws(JSONError) {
        at += 1
        guard at < count else { throw error("unexpected end of JSON input") }
        switch base[at] {
        case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"): bytes.append(base[at])
        case UInt8(ascii: "b"): bytes.append(0x08)
        case UInt8(ascii: "f"): bytes.append(0x0C)
        case UInt8(ascii: "n"): bytes.append(0x0A)
        case UInt8(ascii: "r"): bytes.append(0x0D)
        case UInt8(ascii: "t"): bytes.append(0x09)
        case UInt8(ascii: "u"):
            at += 1
            var code = try hexadecimal()
            if (0xD800..<0xDC00).contains(code), at + 1 < count, base[at] == UInt8(ascii: "\\"),
                base[at + 1] == UInt8(ascii: "u")
            {
                let pair = at
                at += 2
                let low = try hexadecimal()
                if (0xDC00..<0xE000).contains(low) {
                    code = 0x10000 + (code - 0xD800) << 10 + (low - 0xDC00)
                } else {
                    at = pair
                }
            }
            let scalar = UnicodeScalar(code) ?? "\u{FFFD}"
            bytes.append(contentsOf: UTF8.encode(scalar) ?? UTF8.encodedReplacementCharacter)
            return
        default: throw unexpected("in string escape code")
        }
        at += 1
    }

    private mutating func hexadecimal() throws(JSONError) -> UInt32 {
        var code: UInt32 = 0
        for _ in 0..<4 {
            guard at < count else { throw error("unexpected end of JSON input") }
            let byte = base[at]
            switch byte {
            case UInt8(ascii: "0")...UInt8(ascii: "9"): code = code << 4 | UInt32(byte - UInt8(ascii: "0"))
            case UInt8(ascii: "a")...UInt8(ascii: "f"): code = code << 4 | UInt32(byte - UInt8(ascii: "a") + 10)
            case UInt8(ascii: "A")...UInt8(ascii: "F"): code = code << 4 | UInt32(byte - UInt8(ascii: "A") + 10)
            default: throw unexpected("in \\u hexadecimal character escape")
            }
            at += 1
        }
        return code
    }

    /// Reads a number; one without fraction and exponent that fits 64 bits becomes an integer.
    mutating func number() throws(JSONError) -> JSON {
        let start = at
        let negative = base[at] == UInt8(ascii: "-")
        if negative { at += 1 }
        let digits = at
        var magnitude: UInt64 = 0
        while at < count, isDigit(base[at]) {
            // Nineteen digits always fit; the text is kept for anything longer.
            if at - digits < 19 { magnitude = magnitude &* 10 &+ UInt64(base[at] - UInt8(ascii: "0")) }
            at += 1
        }
        let length = at - digits
        guard length > 0 else {
            throw at < count ? unexpected("in numeric literal") : error("unexpected end of JSON input")
        }
        if length > 1, base[digits] == UInt8(ascii: "0") {
            at = digits + 1
            throw unexpected("after top-level value")
        }
        let whole = at
        try fraction()
        if at == whole, length <= 19, negative ? (magnitude > 0 && magnitude <= 1 << 63) : magnitude < 1 << 63 {
            return .integer(negative ? Int64(truncatingIfNeeded: 0 &- magnitude) : Int64(magnitude))
        }
        return .number(String(decoding: UnsafeBufferPointer(rebasing: base[start..<at]), as: UTF8.self))
    }

    private mutating func fraction() throws(JSONError) {
        if at < count, base[at] == UInt8(ascii: ".") {
            at += 1
            try digits("after decimal point in numeric literal")
        }
        if at < count, base[at] == UInt8(ascii: "e") || base[at] == UInt8(ascii: "E") {
            at += 1
            if at < count, base[at] == UInt8(ascii: "+") || base[at] == UInt8(ascii: "-") { at += 1 }
            try digits("in exponent of numeric literal")
        }
    }

    private mutating func digits(_ place: String) throws(JSONError) {
        guard at < count else { throw error("unexpected end of JSON input") }
        guard isDigit(base[at]) else { throw unexpected(place) }
        while at < count, isDigit(base[at]) { at += 1 }
    }

    private func isDigit(_ byte: UInt8) -> Bool { byte &- UInt8(ascii: "0") < 10 }

    // MARK: Errors

    /// The error for the byte at `at`.
    func unexpected(_ place: String) -> JSONError {
        guard at < count else { return error("unexpected end of JSON input") }
        let byte = base[at]
        let shown =
            switch byte {
            case UInt8(ascii: "'"): "'\\''"
            case UInt8(ascii: "\n"): "'\\n'"
            case UInt8(ascii: "\r"): "'\\r'"
            case UInt8(ascii: "\t"): "'\\t'"
            case 0x20..<0x7F: "'\(Character(UnicodeScalar(byte)))'"
            default: "'\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) + "'"
            }
        return error("invalid character \(shown) \(place)")
    }

    /// An error at `at`.
    func error(_ message: String) -> JSONError {
        let place = position(of: at)
        return JSONError(message: message, line: place.line, column: place.column)
    }

    private func invalidUTF8(from start: Int) -> JSONError {
        let place = position(of: start)
        return JSONError(message: "invalid UTF-8 in string literal", line: place.line, column: place.column)
    }

    private func position(of offset: Int) -> (line: Int, column: Int) {
        var line = 1
        var lineStart = 0
        for index in 0..<min(offset, count) where base[index] == UInt8(ascii: "\n") {
            line += 1
            lineStart = index + 1
        }
        return (line, offset - lineStart + 1)
    }
}
