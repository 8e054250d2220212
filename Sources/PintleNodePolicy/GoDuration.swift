/// Durations as Go writes them, such as `1h30m` or `500ms`.
public enum GoDuration {
    private static let units: [(suffix: String, seconds: Double)] = [
        ("ms", 0.001), ("us", 0.000_001), ("µs", 0.000_001), ("ns", 0.000_000_001), ("h", 3600), ("m", 60), ("s", 1),
    ]

    /// Reads a duration that is not negative, in seconds; nil for anything else, and for more than ten years.
    public static func seconds(_ text: String) -> Double? {
        if text == "0" { return 0 }
        var rest = text[...]
        var sum = 0.0
        guard !rest.isEmpty else { return nil }
        while !rest.isEmpty {
            let digits = rest.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
            guard let number = Double(digits) else { return nil }
            rest = rest.dropFirst(digits.count)
            guard let unit = units.first(where: { rest.hasPrefix($0.suffix) }) else { return nil }
            rest = rest.dropFirst(unit.suffix.count)
            sum += number * unit.seconds
        }
        return sum <= 315_360_000 ? sum : nil
    }

    /// The duration as Go prints it: `1h30m0s`, `1.5s`, `500ms`.
    public static func text(_ seconds: Double) -> String {
        if seconds <= 0 { return "0s" }
        if seconds < 1 {
            let milli = (seconds * 1_000_000).rounded() / 1000
            return "\(trimmed(milli))ms"
        }
        let whole = Int64(seconds)
        let rest = trimmed(((seconds - Double(whole / 60 * 60)) * 1000).rounded() / 1000)
        if whole < 60 { return "\(rest)s" }
        return whole < 3600 ? "\(whole / 60)m\(rest)s" : "\(whole / 3600)h\(whole / 60 % 60)m\(rest)s"
    }

    private static func trimmed(_ number: Double) -> String {
        number == number.rounded() ? "\(Int64(number))" : "\(number)"
    }
}
