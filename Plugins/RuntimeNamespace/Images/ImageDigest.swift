import CPintleImages

/// A SHA-256 digest as the OCI specification writes it: `sha256:` and 64 lower-case hexadecimal digits.
struct ImageDigest: Sendable, Hashable, CustomStringConvertible {
    /// The 64 digits without the algorithm's name.
    let hex: String

    /// Reads `sha256:HEX`; nil for other algorithms and malformed text.
    init?(_ text: String) {
        guard text.hasPrefix("sha256:") else { return nil }
        self.init(hex: String(text.dropFirst(7)))
    }

    init?(hex: String) {
        guard hex.utf8.count == 64, hex.utf8.allSatisfy(Self.isLowerHex) else { return nil }
        self.hex = hex
    }

    init(of bytes: [UInt8]) {
        var hasher = ImageHasher()
        bytes.withUnsafeBytes { hasher.update($0) }
        self = hasher.finish()
    }

    fileprivate init(raw: [UInt8]) {
        let digits = Array("0123456789abcdef".utf8)
        hex = String(decoding: raw.flatMap { [digits[Int($0 >> 4)], digits[Int($0 & 15)]] }, as: UTF8.self)
    }

    var description: String { "sha256:" + hex }

    static func isLowerHex(_ byte: UInt8) -> Bool {
        (UInt8(ascii: "0")...UInt8(ascii: "9")).contains(byte) || (UInt8(ascii: "a")...UInt8(ascii: "f")).contains(byte)
    }

    /// Whether `text` could be an image id or the beginning of one, rather than a name.
    static func looksLikeID(_ text: String) -> Bool {
        let digits = text.hasPrefix("sha256:") ? text.utf8.dropFirst(7) : text.utf8[...]
        return (6...64).contains(digits.count) && digits.allSatisfy(isLowerHex)
    }
}

/// Computes a SHA-256 digest piece by piece.
struct ImageHasher: ~Copyable {
    private var context = pintle_images_sha256()

    init() { pintle_images_sha256_init(&context) }

    mutating func update(_ bytes: UnsafeRawBufferPointer) {
        guard let base = bytes.baseAddress else { return }
        pintle_images_sha256_update(&context, base, bytes.count)
    }

    /// The digest of everything so far; starts over.
    mutating func finish() -> ImageDigest {
        var raw = [UInt8](repeating: 0, count: 32)
        raw.withUnsafeMutableBufferPointer { pintle_images_sha256_finish(&context, $0.baseAddress) }
        return ImageDigest(raw: raw)
    }
}
