/// Looks for the bytes that end or interrupt a JSON string, eight at a time.
enum ByteScan {
    private static let ones: UInt64 = 0x0101_0101_0101_0101
    private static let highs: UInt64 = 0x8080_8080_8080_8080

    /// The first place from `start` on with a quote, a back slash or a control character; `bytes.count` when there is none.
    ///
    /// `high` gets a bit set when there is a byte outside of ASCII before that place.
    @inline(__always)
    static func special(_ bytes: UnsafeBufferPointer<UInt8>, from start: Int, high: inout UInt64) -> Int {
        var at = start
        let raw = UnsafeRawBufferPointer(bytes)
        while at + 8 <= bytes.count {
            let word = UInt64(littleEndian: raw.loadUnaligned(fromByteOffset: at, as: UInt64.self))
            let quote = word ^ (ones &* 0x22)
            let slash = word ^ (ones &* 0x5C)
            // The classic test for a zero byte, and for a byte below 0x20; the lowest bit that is set is exact.
            let found =
                ((quote &- ones) & ~quote | (slash &- ones) & ~slash | (word &- ones &* 0x20) & ~word) & highs
            if found != 0 {
                let offset = found.trailingZeroBitCount >> 3
                high |= word & ((1 << UInt64(offset * 8)) &- 1) & highs
                return at + offset
            }
            high |= word & highs
            at += 8
        }
        while at < bytes.count {
            let byte = bytes[at]
            if byte < 0x20 || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\") { return at }
            high |= UInt64(byte) & 0x80
            at += 1
        }
        return at
    }
}
