import Glibc

/// An instant as the API writes it (RFC 3339 in UTC), in nanoseconds since 1970.
///
/// Reaches from the year 1678 to 2262.
public struct Timestamp: Sendable, Hashable, Comparable {
    /// Nanoseconds since 1970-01-01T00:00:00Z.
    public var nanoseconds: Int64

    /// Makes the instant `nanoseconds` after 1970.
    public init(nanoseconds: Int64) { self.nanoseconds = nanoseconds }

    /// Makes the instant `seconds` after 1970.
    public init(seconds: Int64) { nanoseconds = seconds.multipliedReportingOverflow(by: 1_000_000_000).partialValue }

    /// The present, by the machine's clock (`clock_gettime`, `CLOCK_REALTIME`).
    public static var now: Timestamp {
        var time = timespec()
        clock_gettime(CLOCK_REALTIME, &time)
        return Timestamp(nanoseconds: Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec))
    }

    /// Whether `a` is earlier.
    public static func < (a: Timestamp, b: Timestamp) -> Bool { a.nanoseconds < b.nanoseconds }

    /// Whole seconds since 1970, rounded down.
    public var seconds: Int64 {
        let (quotient, remainder) = nanoseconds.quotientAndRemainder(dividingBy: 1_000_000_000)
        return remainder < 0 ? quotient - 1 : quotient
    }

    /// The instant moved by `nanoseconds`.
    public func advanced(nanoseconds delta: Int64) -> Timestamp { Timestamp(nanoseconds: nanoseconds &+ delta) }

    /// The instant moved by `seconds`.
    public func advanced(seconds delta: Int64) -> Timestamp { advanced(nanoseconds: delta &* 1_000_000_000) }
}

extension Timestamp {
    /// `2026-01-02T03:04:05Z`, the form of `metav1.Time`; fractions are cut off.
    public var rfc3339: String { format(fraction: 0) }

    /// `2026-01-02T03:04:05.678901Z`, the form of `metav1.MicroTime`.
    public var rfc3339Micro: String { format(fraction: 6) }

    /// `2026-01-02T03:04:05.678901234Z`, the form of container logs.
    public var rfc3339Nano: String { format(fraction: 9) }

    /// ``rfc3339`` as a JSON string.
    public var json: JSON { .string(rfc3339) }

    private func format(fraction digits: Int) -> String {
        let seconds = seconds
        let (day, second) = Self.split(seconds, by: 86_400)
        let date = Self.date(day: day)
        var out = Self.padded(date.year, 4) + "-" + Self.padded(date.month, 2) + "-" + Self.padded(date.day, 2) + "T"
        out +=
            Self.padded(second / 3600, 2) + ":" + Self.padded(second / 60 % 60, 2) + ":" + Self.padded(second % 60, 2)
        if digits > 0 {
            let nanos = nanoseconds - seconds * 1_000_000_000
            out += "." + Self.padded(nanos, 9).prefix(digits)
        }
        return out + "Z"
    }

    private static func padded(_ value: Int64, _ width: Int) -> String {
        let digits = String(value)
        return String(repeating: "0", count: max(0, width - digits.count)) + digits
    }

    private static func split(_ value: Int64, by unit: Int64) -> (Int64, Int64) {
        let (quotient, remainder) = value.quotientAndRemainder(dividingBy: unit)
        return remainder < 0 ? (quotient - 1, remainder + unit) : (quotient, remainder)
    }

    /// The date of a day since 1970 in the proleptic Gregorian calendar: years begin in March, so that the leap day
    /// comes last, and 400 years have 146,097 days.
    private static func date(day: Int64) -> (year: Int64, month: Int64, day: Int64) {
        let (era, ofEra) = split(day + 719_468, by: 146_097)
        let yearOfEra = (ofEra - ofEra / 1460 + ofEra / 36_524 - ofEra / 146_096) / 365
        let ofYear = ofEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
        let shifted = (5 * ofYear + 2) / 153
        let month = shifted < 10 ? shifted + 3 : shifted - 9
        return (yearOfEra + era * 400 + (month <= 2 ? 1 : 0), month, ofYear - (153 * shifted + 2) / 5 + 1)
    }

    /// The day since 1970 of a date.
    static func day(year: Int64, month: Int64, day: Int64) -> Int64 {
        let year = month <= 2 ? year - 1 : year
        let (era, ofEra) = split(year, by: 400)
        let ofYear = (153 * (month > 2 ? month - 3 : month + 9) + 2) / 5 + day - 1
        return era * 146_097 + ofEra * 365 + ofEra / 4 - ofEra / 100 + ofYear - 719_468
    }
}
