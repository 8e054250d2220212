import Glibc

/// An IPv4 or IPv6 address.
///
/// Addresses of one family are ordered by their number; every IPv4 address comes before every IPv6 address.
public struct IPAddress: Hashable, Sendable {
    /// The family, which decides how ``IPAddress/value`` is read.
    public enum Family: UInt8, Sendable, Hashable {
        case ipv4
        case ipv6

        /// How many bits an address of this family has: 32 or 128.
        public var bits: Int { self == .ipv4 ? 32 : 128 }

        /// The system's number of the family: `AF_INET` or `AF_INET6`.
        public var number: Int32 { self == .ipv4 ? AF_INET : AF_INET6 }
    }

    /// Which kind of address it is.
    public let family: Family
    /// The address as a number.
    ///
    /// Only the low 32 bits of an IPv4 address can be set.
    public let value: UInt128

    /// The address `value` of `family`, or nil when the family has no such number.
    public init?(family: Family, value: UInt128) {
        guard family == .ipv6 || value <= UInt128(UInt32.max) else { return nil }
        self.family = family
        self.value = value
    }

    /// 0.0.0.0 or ::, which stands for every address of its family.
    public init(unspecifiedOf family: Family) {
        self.family = family
        value = 0
    }

    /// The address in network order: 4 or 16 bytes, or nil for another count.
    public init?(bytes: some Collection<UInt8>) {
        switch bytes.count {
        case 4: family = .ipv4
        case 16: family = .ipv6
        default: return nil
        }
        value = bytes.reduce(0) { $0 << 8 | UInt128($1) }
    }

    /// Reads `10.244.0.7` or `fd00::7`, nothing else: no prefix length, no zone, no leading zeros.
    public init?(_ text: String) {
        guard !text.utf8.contains(0) else { return nil }
        let family: Family = text.utf8.contains(UInt8(ascii: ":")) ? .ipv6 : .ipv4
        var bytes = [UInt8](repeating: 0, count: family.bits / 8)
        guard inet_pton(family.number, text, &bytes) == 1 else { return nil }
        self.init(bytes: bytes)
    }

    /// In network order: 4 or 16 bytes.
    public var bytes: [UInt8] {
        let count = family.bits / 8
        return (0..<count).map { UInt8(truncatingIfNeeded: value >> UInt128(8 * (count - 1 - $0))) }
    }

    /// The address `distance` further on, or nil beyond the end of the family.
    public func advanced(by distance: UInt128) -> IPAddress? {
        let (sum, overflow) = value.addingReportingOverflow(distance)
        return overflow ? nil : IPAddress(family: family, value: sum)
    }

    /// 127.0.0.0/8 or ::1.
    public var isLoopback: Bool { family == .ipv4 ? value >> 24 == 127 : value == 1 }

    /// 169.254.0.0/16 or fe80::/10: valid on one link only.
    public var isLinkLocal: Bool { family == .ipv4 ? value >> 16 == 0xa9fe : value >> 118 == 0x3fa }

    /// Whether it stands for every address of its family.
    public var isUnspecified: Bool { value == 0 }
}

extension IPAddress: CustomStringConvertible {
    /// As ``IPAddress/init(_:)`` reads it.
    public var description: String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        guard inet_ntop(family.number, bytes, &text, socklen_t(text.count)) != nil else { return "?" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}

extension IPAddress: Comparable {
    /// IPv4 before IPv6, then by number.
    public static func < (left: IPAddress, right: IPAddress) -> Bool {
        (left.family.rawValue, left.value) < (right.family.rawValue, right.value)
    }
}
