/// What a YAML scalar without quotes means, by YAML 1.1 as Kubernetes' decoder has it.
///
/// Infinities and not-a-number come back as the numbers `inf`, `-inf` and `nan`, which JSON does not have.
func plainYAML(_ text: String) -> JSON {
    guard let first = text.utf8.first else { return .null }
    switch first {
    case UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "+"), UInt8(ascii: "-"), UInt8(ascii: "."):
        return plainNumber(text) ?? .string(text)
    default: break
    }
    switch text {
    case "~", "null", "Null", "NULL": return .null
    case "true", "True", "TRUE", "y", "Y", "yes", "Yes", "YES", "on", "On", "ON": return .bool(true)
    case "false", "False", "FALSE", "n", "N", "no", "No", "NO", "off", "Off", "OFF": return .bool(false)
    default: return .string(text)
    }
}

private func plainNumber(_ text: String) -> JSON? {
    switch text {
    case ".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF": return .number("inf")
    case "-.inf", "-.Inf", "-.INF": return .number("-inf")
    case ".nan", ".NaN", ".NAN": return .number("nan")
    default: break
    }
    let plain = text.utf8.contains(UInt8(ascii: "_")) ? text.filter { $0 != "_" } : text
    if let integer = plainInteger(plain) { return integer }
    guard isFloat(plain), let value = Double(plain), value.isFinite else { return nil }
    if value == value.rounded(), value.magnitude < 9_007_199_254_740_992 { return .integer(Int64(value)) }
    if let verbatim = try? JSON(parsing: plain), verbatim.double != nil { return verbatim }
    return .number("\(value)")
}

private func plainInteger(_ text: String) -> JSON? {
    var digits = text[...]
    let negative = digits.hasPrefix("-")
    if negative || digits.hasPrefix("+") { digits = digits.dropFirst() }
    var radix = 10
    for (prefix, base) in [("0x", 16), ("0X", 16), ("0o", 8), ("0O", 8), ("0b", 2), ("0B", 2)]
    where digits.hasPrefix(prefix) {
        radix = base
        digits = digits.dropFirst(2)
        break
    }
    if radix == 10, digits.count > 1, digits.hasPrefix("0") { radix = 8 }
    guard let first = digits.utf8.first, first != UInt8(ascii: "-"), first != UInt8(ascii: "+") else { return nil }
    guard let magnitude = UInt64(digits, radix: radix) else { return nil }
    if negative {
        if magnitude == 0 { return .integer(0) }
        guard magnitude <= 1 << 63 else { return nil }
        return .integer(Int64(truncatingIfNeeded: 0 &- magnitude))
    }
    return Int64(exactly: magnitude).map(JSON.integer) ?? .number(String(magnitude))
}

/// Whether `text` matches `^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$`.
private func isFloat(_ text: String) -> Bool {
    var bytes = Substring(text).utf8
    func isSign(_ byte: UInt8?) -> Bool { byte == UInt8(ascii: "-") || byte == UInt8(ascii: "+") }
    func dropDigits() -> Int {
        let before = bytes.count
        bytes = bytes.drop { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) }
        return before - bytes.count
    }
    if isSign(bytes.first) { bytes = bytes.dropFirst() }
    let whole = dropDigits()
    var fraction = 0
    if bytes.first == UInt8(ascii: ".") {
        bytes = bytes.dropFirst()
        fraction = dropDigits()
    }
    guard whole > 0 || fraction > 0 else { return false }
    if bytes.first == UInt8(ascii: "e") || bytes.first == UInt8(ascii: "E") {
        bytes = bytes.dropFirst()
        if isSign(bytes.first) { bytes = bytes.dropFirst() }
        guard dropDigits() > 0 else { return false }
    }
    return bytes.isEmpty
}
