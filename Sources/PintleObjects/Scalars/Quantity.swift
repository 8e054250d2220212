/// An exact amount of a resource, as Kubernetes writes it: `100m`, `1.5Gi`, `1e3`, `12`.
///
/// Held as a whole number of nanos (10⁻⁹), like Kubernetes, which rounds anything finer up; so every amount between
/// ±1.7·10²⁹ is exact and adding is integer addition. Printing is canonical: no fraction, the largest suffix that
/// leaves a whole number, in the family (binary, decimal or exponent) it was written in.
public struct Quantity: Sendable {
    /// How an amount is printed.
    public enum Format: Sendable, Hashable {
        /// `Ki`, `Mi`, `Gi` …
        case binary
        /// `m`, `k`, `M` …
        case decimal
        /// `e3`, `e6` …
        case exponent
    }

    /// Billionths of one.
    public let nanos: Int128
    /// The family of suffixes.
    public let format: Format

    /// Makes an amount of `nanos` billionths.
    public init(nanos: Int128, format: Format = .decimal) {
        self.nanos = nanos
        self.format = format
    }

    /// Makes a whole amount.
    public init(_ value: Int64, format: Format = .decimal) {
        nanos = Int128(value) * 1_000_000_000
        self.format = format
    }

    /// Makes an amount of thousandths.
    public init(milli: Int64, format: Format = .decimal) {
        nanos = Int128(milli) * 1_000_000
        self.format = format
    }

    /// The amount rounded up to a whole number, as Kubernetes' `Value()`; the nearest `Int64` when it does not fit.
    public var value: Int64 { scaled(1_000_000_000) }

    /// The amount in thousandths, rounded up, as Kubernetes' `MilliValue()`; the nearest `Int64` when it does not fit.
    public var milliValue: Int64 { scaled(1_000_000) }

    /// Whether the amount is zero.
    public var isZero: Bool { nanos == 0 }

    private func scaled(_ unit: Int128) -> Int64 {
        let (quotient, remainder) = nanos.quotientAndRemainder(dividingBy: unit)
        return Int64(clamping: quotient + (remainder > 0 ? 1 : remainder < 0 ? -1 : 0))
    }

    /// The sum, in the format of `a` unless `a` is zero; the largest amount when it does not fit.
    public static func + (a: Quantity, b: Quantity) -> Quantity {
        let (sum, overflow) = a.nanos.addingReportingOverflow(b.nanos)
        return Quantity(
            nanos: overflow ? (a.nanos > 0 ? .max : .min) : sum, format: a.isZero ? b.format : a.format)
    }

    /// The difference, in the format of `a` unless `a` is zero.
    public static func - (a: Quantity, b: Quantity) -> Quantity {
        a + Quantity(nanos: b.nanos == .min ? .max : -b.nanos, format: b.format)
    }
}

extension Quantity: Comparable, Hashable {
    /// Whether both are the same amount, however written.
    public static func == (a: Quantity, b: Quantity) -> Bool { a.nanos == b.nanos }
    /// Whether `a` is the smaller amount.
    public static func < (a: Quantity, b: Quantity) -> Bool { a.nanos < b.nanos }
    /// Feeds the amount to `hasher`.
    public func hash(into hasher: inout Hasher) { hasher.combine(nanos) }
}
