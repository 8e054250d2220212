/// Standard base64 (RFC 4648, with padding), as Go reads and writes the bytes of the API.
public enum Base64 {
    /// Where a text stops being base64; ``description`` has Go's words.
    public struct DecodeError: Error, Sendable, Hashable, CustomStringConvertible {
        /// The offset of the first byte that does not fit.
        public let offset: Int
        /// The text of Go's error.
        public var description: String { "illegal base64 data at input byte \(offset)" }
    }

    /// Decodes `text`; line breaks in it are skipped.
    public static func decode(_ text: String) throws(DecodeError) -> [UInt8] {
        var out: [UInt8] = []
        out.reserveCapacity(text.utf8.count / 4 * 3)
        var group: UInt32 = 0
        var filled = 0
        var padding = 0
        var offset = 0
        for byte in text.utf8 {
            defer { offset += 1 }
            if byte == UInt8(ascii: "\n") || byte == UInt8(ascii: "\r") { continue }
            if byte == UInt8(ascii: "=") {
                guard filled >= 2, filled + padding < 4 else { throw DecodeError(offset: offset) }
                padding += 1
                continue
            }
            guard padding == 0, let value = value(of: byte) else { throw DecodeError(offset: offset) }
            group = group << 6 | UInt32(value)
            filled += 1
            if filled == 4 {
                out.append(UInt8(truncatingIfNeeded: group >> 16))
                out.append(UInt8(truncatingIfNeeded: group >> 8))
                out.append(UInt8(truncatingIfNeeded: group))
                group = 0
                filled = 0
            }
        }
        if filled == 0 { return out }
        guard filled + padding == 4 else { throw DecodeError(offset: offset) }
        if filled == 3 {
            out.append(UInt8(truncatingIfNeeded: group >> 10))
            out.append(UInt8(truncatingIfNeeded: group >> 2))
        } else {
            out.append(UInt8(truncatingIfNeeded: group >> 4))
        }
        return out
    }

    /// Encodes `bytes` without line breaks.
    public static func encode(_ bytes: some Sequence<UInt8>) -> String {
        let digits: StaticString = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
        var out: [UInt8] = []
        out.reserveCapacity((bytes.underestimatedCount + 2) / 3 * 4)
        var group: UInt32 = 0
        var filled = 0
        func put(_ shift: UInt32) { out.append(digits.utf8Start[Int(group >> shift & 63)]) }
        for byte in bytes {
            group = group << 8 | UInt32(byte)
            filled += 1
            guard filled == 3 else { continue }
            put(18)
            put(12)
            put(6)
            put(0)
            group = 0
            filled = 0
        }
        if filled == 1 {
            group <<= 16
            put(18)
            put(12)
            out.append(contentsOf: [UInt8(ascii: "="), UInt8(ascii: "=")])
        } else if filled == 2 {
            group <<= 8
            put(18)
            put(12)
            put(6)
            out.append(UInt8(ascii: "="))
        }
        return String(decoding: out, as: UTF8.self)
    }

    private static func value(of byte: UInt8) -> UInt8? {
        switch byte {
        case UInt8(ascii: "A")...UInt8(ascii: "Z"): byte - UInt8(ascii: "A")
        case UInt8(ascii: "a")...UInt8(ascii: "z"): byte - UInt8(ascii: "a") + 26
        case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0") + 52
        case UInt8(ascii: "+"): 62
        case UInt8(ascii: "/"): 63
        default: nil
        }
    }
}
