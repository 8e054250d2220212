extension Timestamp {
    /// Reads an RFC 3339 time with any offset and any number of fraction digits (those after the ninth are cut off);
    /// `nil` when `text` is none or lies outside of what can be held.
    public init?(rfc3339 text: String) {
        var reader = Reader(text.utf8)
        guard let year = reader.number(4), reader.skip("-"), let month = reader.number(2), reader.skip("-"),
            let day = reader.number(2), reader.skip("T"), let hour = reader.number(2), reader.skip(":"),
            let minute = reader.number(2), reader.skip(":"), let second = reader.number(2),
            let nanos = reader.fraction(), let offset = reader.offset(), reader.isAtEnd,
            (1...12).contains(month), hour < 24, minute < 60, second < 60,
            day >= 1, day <= Self.days(year: year, month: month)
        else { return nil }
        let days = Self.day(year: year, month: month, day: day)
        let seconds = days * 86_400 + hour * 3600 + minute * 60 + second - offset
        let (scaled, tooLarge) = seconds.multipliedReportingOverflow(by: 1_000_000_000)
        let (sum, overflow) = scaled.addingReportingOverflow(nanos)
        if tooLarge || overflow { return nil }
        self.init(nanoseconds: sum)
    }

    /// Reads a JSON string; `nil` for anything else.
    public init?(_ json: JSON) {
        guard let text = json.string else { return nil }
        self.init(rfc3339: text)
    }

    private static func days(year: Int64, month: Int64) -> Int64 {
        switch month {
        case 2: year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) ? 29 : 28
        case 4, 6, 9, 11: 30
        default: 31
        }
    }

    private struct Reader {
        var rest: Substring.UTF8View

        init(_ text: String.UTF8View) { rest = text[...] }

        var isAtEnd: Bool { rest.isEmpty }

        mutating func number(_ digits: Int) -> Int64? {
            var value: Int64 = 0
            for _ in 0..<digits {
                guard let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") else { return nil }
                value = value * 10 + Int64(byte - UInt8(ascii: "0"))
                rest = rest.dropFirst()
            }
            return value
        }

        mutating func skip(_ character: Unicode.Scalar) -> Bool {
            guard let byte = rest.first, byte == UInt8(ascii: character) else { return false }
            rest = rest.dropFirst()
            return true
        }

        /// The fraction in nanoseconds, 0 when there is none.
        mutating func fraction() -> Int64? {
            guard skip(".") else { return 0 }
            var value: Int64 = 0
            var digits = 0
            while let byte = rest.first, byte >= UInt8(ascii: "0"), byte <= UInt8(ascii: "9") {
                if digits < 9 { value = value * 10 + Int64(byte - UInt8(ascii: "0")) }
                digits += 1
                rest = rest.dropFirst()
            }
            guard digits > 0 else { return nil }
            for _ in min(digits, 9)..<9 { value *= 10 }
            return value
        }

        /// The offset from UTC in seconds.
        mutating func offset() -> Int64? {
            if skip("Z") { return 0 }
            let negative = skip("-")
            guard negative || skip("+") else { return nil }
            guard let hours = number(2), skip(":"), let minutes = number(2), hours < 24, minutes < 60 else {
                return nil
            }
            let seconds = hours * 3600 + minutes * 60
            return negative ? -seconds : seconds
        }
    }
}
