extension Quantity {
    /// Why a text is no quantity; ``description`` has Kubernetes' words.
    public enum ParseError: Error, Sendable, Hashable, CustomStringConvertible {
        /// Not of the form number and suffix.
        case format
        /// The suffix is none of those that exist.
        case suffix
        /// Too large to be held.
        case range

        /// The text of Kubernetes' error.
        public var description: String {
            switch self {
            case .format:
                #"quantities must match the regular expression '^([+-]?[0-9.]+)([eEinumkKMGTP]*[-+]?[0-9]*)$'"#
            case .suffix: "unable to parse quantity's suffix"
            case .range: "unable to parse numeric part of quantity"
            }
        }
    }

    /// Reads `100m`, `1.5Gi`, `-1e3` and so on; `nil` when `text` is no quantity.
    public init?(_ text: String) {
        do { try self.init(parsing: text) } catch { return nil }
    }

    /// Reads a JSON string or number; `nil` for anything else and for what is no quantity.
    public init?(_ json: JSON) {
        switch json {
        case .string(let text): self.init(text)
        case .integer(let value): self.init(value)
        case .number(let text): self.init(text)
        default: return nil
        }
    }

    /// Reads `100m`, `1.5Gi`, `-1e3` and so on.
    ///
    /// Amounts finer than 10⁻⁹ are rounded away from zero; amounts whose magnitude is above 2⁶³−1 become that, as in
    /// Kubernetes.
    public init(parsing text: String) throws(ParseError) {
        var digits = Digits(Substring(text).utf8)
        guard digits.read() else { throw .format }
        let (unit, format) = try Self.unit(String(Substring(digits.rest)))
        nanos = try digits.nanos(unit)
        self.format = format
    }

    /// A suffix as power of two and power of ten.
    private static func unit(_ suffix: String) throws(ParseError) -> ((binary: Int, decimal: Int), Format) {
        switch suffix {
        case "": return ((0, 0), .decimal)
        case "n": return ((0, -9), .decimal)
        case "u": return ((0, -6), .decimal)
        case "m": return ((0, -3), .decimal)
        case "k": return ((0, 3), .decimal)
        case "M": return ((0, 6), .decimal)
        case "G": return ((0, 9), .decimal)
        case "T": return ((0, 12), .decimal)
        case "P": return ((0, 15), .decimal)
        case "E": return ((0, 18), .decimal)
        case "Ki": return ((10, 0), .binary)
        case "Mi": return ((20, 0), .binary)
        case "Gi": return ((30, 0), .binary)
        case "Ti": return ((40, 0), .binary)
        case "Pi": return ((50, 0), .binary)
        case "Ei": return ((60, 0), .binary)
        default: break
        }
        guard let letter = suffix.first, "eEinumkKMGTP".contains(letter) else { throw .format }
        if letter == "e" || letter == "E" {
            let exponent = suffix.dropFirst()
            guard let value = Int(exponent), abs(value) < 1_000 else {
                throw exponent.allSatisfy { "eEinumkKMGTP+-0123456789".contains($0) } ? .suffix : .format
            }
            return ((0, value), .exponent)
        }
        throw suffix.allSatisfy { "eEinumkKMGTP+-0123456789".contains($0) } ? .suffix : .format
    }

    /// The canonical text.
    public var text: String {
        if nanos == 0 { return "0" }
        let one: Int128 = 1_000_000_000
        if format == .binary, nanos.magnitude >= 1024 * one.magnitude, nanos % one == 0 {
            var value = nanos / one
            var index = 0
            while value % 1024 == 0, index < 6 {
                value /= 1024
                index += 1
            }
            return "\(value)" + ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"][index]
        }
        // A binary amount below 1Ki or with a fraction is printed in decimals, as Kubernetes does.
        var value = nanos
        var exponent = -9
        while value % 1000 == 0, exponent < 18 {
            value /= 1000
            exponent += 3
        }
        if format == .exponent { return exponent == 0 ? "\(value)" : "\(value)e\(exponent)" }
        return "\(value)" + ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"][exponent / 3 + 3]
    }
}

extension Quantity: CustomStringConvertible {
    /// The canonical text.
    public var description: String { text }
}

/// The number before the suffix, read digit by digit.
private struct Digits {
    var rest: Substring.UTF8View
    private var negative = false
    private var digits: [UInt8] = []
    private var fractionDigits = 0

    init(_ text: Substring.UTF8View) { rest = text }

    /// Reads sign, digits and at most one point; `false` when there is no digit.
    mutating func read() -> Bool {
        if let sign = rest.first, sign == UInt8(ascii: "+") || sign == UInt8(ascii: "-") {
            negative = sign == UInt8(ascii: "-")
            rest = rest.dropFirst()
        }
        var sawPoint = false
        while let byte = rest.first {
            if byte == UInt8(ascii: "."), sawPoint == false {
                sawPoint = true
            } else if byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                digits.append(byte - UInt8(ascii: "0"))
                if sawPoint { fractionDigits += 1 }
            } else {
                break
            }
            rest = rest.dropFirst()
        }
        return digits.isEmpty == false
    }

    /// The amount in nanos: digits × 10^decimal × 2^binary.
    func nanos(_ unit: (binary: Int, decimal: Int)) throws(Quantity.ParseError) -> Int128 {
        // Kubernetes holds no more than this in a quantity that is not whole bytes of memory.
        let most = Int128(Int64.max) * 1_000_000_000
        var mantissa: Int128 = 0
        var exponent = unit.decimal - fractionDigits + 9
        var inexact = false
        for digit in digits {
            if mantissa < 1_000_000_000_000_000_000_000_000_000 {
                mantissa = mantissa * 10 + Int128(digit)
            } else {
                // Far more digits than can count: what is left out only decides about rounding up.
                inexact = inexact || digit != 0
                exponent += 1
            }
        }
        if mantissa == 0 { return 0 }
        for _ in 0..<unit.binary {
            let (doubled, overflow) = mantissa.multipliedReportingOverflow(by: 2)
            if overflow {
                inexact = inexact || mantissa % 5 != 0
                mantissa /= 5
                exponent += 1
            } else {
                mantissa = doubled
            }
        }
        while exponent > 0 {
            if mantissa > most { return negative ? -most : most }
            mantissa *= 10
            exponent -= 1
        }
        while exponent < 0, mantissa > 0 {
            inexact = inexact || mantissa % 10 != 0
            mantissa /= 10
            exponent += 1
        }
        if inexact { mantissa += 1 }
        mantissa = min(mantissa, most)
        return negative ? -mantissa : mantissa
    }
}
