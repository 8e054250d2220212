/// A network: every address that begins with the same bits.
public struct Subnet: Hashable, Sendable {
    /// The network's own address: all bits beyond the prefix are zero.
    public let address: IPAddress
    /// How many leading bits its addresses share.
    public let prefix: Int

    /// The network of `prefix` bits that `address` lies in, or nil when the family has not that many.
    public init?(containing address: IPAddress, prefix: Int) {
        guard (0...address.family.bits).contains(prefix),
            let network = IPAddress(family: address.family, value: address.value & ~Self.hostMask(address, prefix))
        else { return nil }
        self.address = network
        self.prefix = prefix
    }

    /// The network of one address.
    public init(only address: IPAddress) {
        self.address = address
        prefix = address.family.bits
    }

    /// Every address of `family`: the destination of a default route.
    public init(everythingOf family: IPAddress.Family) {
        address = IPAddress(unspecifiedOf: family)
        prefix = 0
    }

    /// Reads `10.244.0.0/24`.
    ///
    /// Bits beyond the prefix must be zero.
    public init?(_ text: String) {
        guard let (address, prefix) = Self.parse(text), let subnet = Subnet(containing: address, prefix: prefix),
            subnet.address == address
        else { return nil }
        self = subnet
    }

    /// Reads an address with a prefix length, such as `10.244.0.7/24`, without asking that the rest be zero.
    public static func parse(_ text: String) -> (address: IPAddress, prefix: Int)? {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])),
            (1...3).contains(parts[1].utf8.count), parts[1].utf8.allSatisfy({ (48...57).contains($0) }),
            let prefix = Int(parts[1]), prefix <= address.family.bits
        else { return nil }
        return (address, prefix)
    }

    /// The family of its addresses.
    public var family: IPAddress.Family { address.family }

    /// The number of the last address, counted from the network's own.
    public var lastOffset: UInt128 { Self.hostMask(address, prefix) }

    /// Whether `other` lies in the network.
    public func contains(_ other: IPAddress) -> Bool {
        other.family == family && other.value & ~Self.hostMask(address, prefix) == address.value
    }

    /// Whether any address lies in both networks.
    public func overlaps(_ other: Subnet) -> Bool {
        contains(other.address) || other.contains(address)
    }

    private static func hostMask(_ address: IPAddress, _ prefix: Int) -> UInt128 {
        let host = address.family.bits - prefix
        return host == 128 ? UInt128.max : (UInt128(1) << UInt128(host)) - 1
    }
}

extension Subnet: CustomStringConvertible {
    /// As ``Subnet/init(_:)`` reads it.
    public var description: String { "\(address)/\(prefix)" }
}
