import PintleObjects

/// Random parts of objects' identities.
enum ObjectIdentity {
    /// A random UUID (version 4) in lower case.
    static func uid() -> String {
        var bytes = (0..<16).map { _ in UInt8.random(in: 0...255) }
        bytes[6] = bytes[6] & 0x0F | 0x40
        bytes[8] = bytes[8] & 0x3F | 0x80
        var text = ""
        for (index, byte) in bytes.enumerated() {
            if [4, 6, 8, 10].contains(index) { text += "-" }
            text += byte < 16 ? "0" + String(byte, radix: 16) : String(byte, radix: 16)
        }
        return text
    }

    /// `base` with five random letters, which spell no words; a long base is cut so that the name has 63 characters.
    static func generatedName(_ base: String) -> String {
        let letters = Array("bcdfghjklmnpqrstvwxz2456789")
        return base.prefix(58) + String((0..<5).map { _ in letters[Int.random(in: letters.indices)] })
    }
}
