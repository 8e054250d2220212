internal import PintleNetlink

/// The names and hardware addresses of everything that one instance makes.
///
/// All are derived: a link's from its attachment's id, the rest from the instance's. So nothing about names needs to be
/// remembered, and what belongs to whom can be told after a crash by looking.
struct InstanceNames: Sendable, Hashable {
    /// Eight hexadecimal digits.
    let instance: String

    /// The names of `instance`, or nil unless it is eight lower-case hexadecimal digits.
    init?(instance: String) {
        guard instance.utf8.count == 8, instance.utf8.allSatisfy({ Self.isHex($0) }) else { return nil }
        self.instance = instance
    }

    /// The bridge: 15 bytes, the longest name a link can have.
    var bridge: String { "pintle-\(instance)" }

    /// The nftables table, of the family `inet`.
    var table: String { "pintle-\(instance)" }

    /// The node's end of an attachment's veth pair: `v`, six characters of the id's hash, the instance.
    func link(of attachment: String) -> String {
        var rest = StableHash.of(attachment)
        var characters: [UInt8] = []
        for _ in 0..<6 {
            let digit = UInt8(rest % 36)
            characters.append(digit < 10 ? 48 + digit : 87 + digit)
            rest /= 36
        }
        return "v" + String(decoding: characters, as: UTF8.self) + instance
    }

    /// Whether ``link(of:)`` could have made `name` for some attachment of this instance.
    func isLink(_ name: String) -> Bool {
        let bytes = Array(name.utf8)
        return bytes.count == 15 && bytes[0] == UInt8(ascii: "v") && name.hasSuffix(instance)
            && bytes[1..<7].allSatisfy { (48...57).contains($0) || (97...122).contains($0) }
    }

    /// The bridge's hardware address, the same for ever.
    var bridgeMAC: MACAddress { Self.mac(first: 0x02, StableHash.of(bridge)) }

    /// The hardware address of the node's end of an attachment's veth pair.
    func linkMAC(of attachment: String) -> MACAddress { Self.mac(first: 0x06, StableHash.of(attachment + instance)) }

    /// The hardware address of a pod with the primary address `address`.
    ///
    /// The same address always has the same one, so nobody who remembers where an address was is wrong about it.
    static func podMAC(for address: IPAddress) -> MACAddress {
        MACAddress(0x0a58 << 32 | UInt64(UInt32(truncatingIfNeeded: address.value)))
    }

    /// `first` must be even, which makes it one link's, with bit 1 set, which makes it nobody's registered range.
    private static func mac(first: UInt64, _ hash: UInt64) -> MACAddress {
        MACAddress(first << 40 | hash & 0xff_ffff_ffff)
    }

    private static func isHex(_ byte: UInt8) -> Bool { (48...57).contains(byte) || (97...102).contains(byte) }
}

/// A hash that is the same in every process and version: FNV-1a of 64 bits, then mixed so that every bit counts.
enum StableHash {
    static func of(_ text: String) -> UInt64 {
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        for byte in text.utf8 {
            hash = (hash ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        }
        hash = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
        hash = (hash ^ (hash >> 33)) &* 0xc4ce_b9fe_1a85_ec53
        return hash ^ (hash >> 33)
    }
}
