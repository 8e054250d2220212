internal import CPintleNetlink
import Glibc

/// Which link of a namespace: the kernel goes by its index, people by its name.
public struct LinkID: Sendable, Hashable {
    /// What the kernel goes by.
    public let index: Int32
    /// For messages.
    public let name: String

    /// The link `index`, called `name`.
    public init(index: Int32, name: String) {
        self.index = index
        self.name = name
    }
}

/// A link as the kernel reported it at one moment.
public struct Link: Sendable, Hashable {
    /// What the kernel goes by.
    public let index: Int32
    /// What people go by.
    public let name: String
    /// `bridge`, `veth` …; empty for a device of no special kind.
    public let kind: String
    /// Whether it was brought up; a carrier is another matter.
    public let isUp: Bool
    /// Whether it was told to take in every frame.
    public let isPromiscuous: Bool
    /// Bytes.
    public let mtu: UInt32
    /// Its hardware address.
    public let mac: MACAddress?
    /// The index of the bridge that it is a port of; nil when it is none.
    public let controller: Int32?
    /// Of a veth: the index of the other end, in that end's namespace.
    public let peer: Int32?
    /// Of a bridge's port: frames may leave by the port they came in by.
    public let isHairpin: Bool

    init(_ raw: pintle_nl_link) {
        index = raw.index
        name = Self.text(raw.name)
        kind = Self.text(raw.kind)
        isUp = raw.flags & UInt32(IFF_UP) != 0
        isPromiscuous = raw.flags & UInt32(IFF_PROMISC) != 0
        mtu = raw.mtu
        mac = raw.has_mac == 0 ? nil : withUnsafeBytes(of: raw.mac) { MACAddress(bytes: $0) }
        controller = raw.controller == 0 ? nil : raw.controller
        peer = raw.peer == 0 ? nil : raw.peer
        isHairpin = raw.hairpin != 0
    }

    /// Which link it is.
    public var id: LinkID { LinkID(index: index, name: name) }

    private static func text(_ characters: some Any) -> String {
        withUnsafeBytes(of: characters) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
    }
}

/// A route as the kernel reported it at one moment.
public struct Route: Sendable, Hashable {
    /// Where it leads.
    public let destination: Subnet
    /// The next hop; nil when the destination is on the link.
    public let gateway: IPAddress?
    /// The outgoing link; nil for several next hops or none.
    public let link: Int32?
    /// Whether it stands in the main table.
    public let isMain: Bool
    /// Whether it leads to one of this namespace's own addresses, to a broadcast address or to a group.
    public let isLocal: Bool
    /// The lower one wins.
    public let metric: Int32

    init?(_ raw: pintle_nl_route) {
        guard let address = IPAddress(raw.destination),
            let destination = Subnet(containing: address, prefix: Int(raw.destination.prefix))
        else { return nil }
        self.destination = destination
        gateway = raw.gateway.family == 0 ? nil : IPAddress(raw.gateway)
        link = raw.index == 0 ? nil : raw.index
        isMain = raw.is_main != 0
        isLocal = raw.is_local != 0
        metric = raw.metric
    }
}

extension IPAddress {
    init?(_ raw: pintle_nl_address) {
        let count = raw.family == AF_INET ? 4 : raw.family == AF_INET6 ? 16 : 0
        let bytes = withUnsafeBytes(of: raw.bytes) { Array($0.prefix(count)) }
        self.init(bytes: bytes)
    }

    /// As the shim wants it, with `prefix` bits of network.
    func raw(prefix: Int) -> pintle_nl_address {
        var result = pintle_nl_address()
        result.family = family.number
        result.prefix = Int32(prefix)
        withUnsafeMutableBytes(of: &result.bytes) { $0.copyBytes(from: bytes) }
        return result
    }
}
