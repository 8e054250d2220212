/// Base64 as RFC 4648, section 4, says it.
enum Base64 {
    private static let alphabet = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    private static let values: [UInt8] = {
        var values = [UInt8](repeating: 0xFF, count: 256)
        for (value, character) in alphabet.enumerated() { values[Int(character)] = UInt8(value) }
        return values
    }()

    static func encode(_ bytes: some Sequence<UInt8>) -> String {
        String(decoding: Self.encodedBytes(bytes), as: UTF8.self)
    }

    static func encodedBytes(_ bytes: some Sequence<UInt8>) -> [UInt8] {
        var result: [UInt8] = []
        result.reserveCapacity((bytes.underestimatedCount + 2) / 3 * 4)
        var bits: UInt32 = 0
        var count = 0
        for byte in bytes {
            bits = bits << 8 | UInt32(byte)
            count += 1
            guard count == 3 else { continue }
            for shift in [18, 12, 6, 0] as [UInt32] { result.append(Self.alphabet[Int(bits >> shift & 63)]) }
            bits = 0
            count = 0
        }
        guard count > 0 else { return result }
        bits <<= UInt32(8 * (3 - count))
        for index in 0..<4 {
            let sextet = Int(bits >> UInt32(18 - 6 * index) & 63)
            result.append(index <= count ? Self.alphabet[sextet] : UInt8(ascii: "="))
        }
        return result
    }

    /// Nil when `text` is not base64.
    ///
    /// Padding may be missing, blanks and line ends may not be there.
    static func decode(_ text: some Sequence<UInt8>) -> [UInt8]? {
        var result: [UInt8] = []
        var bits: UInt32 = 0
        var count = 0
        var padding = 0
        for character in text {
            if character == UInt8(ascii: "=") {
                padding += 1
                continue
            }
            let value = Self.values[Int(character)]
            guard value != 0xFF, padding == 0 else { return nil }
            bits = bits << 6 | UInt32(value)
            count += 1
            guard count == 4 else { continue }
            result += [UInt8(truncatingIfNeeded: bits >> 16), UInt8(truncatingIfNeeded: bits >> 8), UInt8(bits & 0xFF)]
            bits = 0
            count = 0
        }
        switch (count, padding) {
        case (0, 0): return result
        case (2, 0), (2, 2): return result + [UInt8(truncatingIfNeeded: bits >> 4)]
        case (3, 0), (3, 1):
            return result + [UInt8(truncatingIfNeeded: bits >> 10), UInt8(truncatingIfNeeded: bits >> 2)]
        default: return nil
        }
    }
}
