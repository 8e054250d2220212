import CPintleNetlink
import Glibc
import PintleInterfaces
import PintleNetlink
import PintleSDK

@testable import NetworkBridgeCore

/// A node of a test's own: a network namespace with nothing in it.
///
/// It ends with this object, and all in it with it.
final class Lab: Sendable {
    private let namespace: Namespace

    /// Makes the node; its loopback link is up.
    init() throws {
        namespace = try Namespace()
        try run {
            let session = try NetlinkSession()
            var batch = try NetlinkBatch()
            try batch.change(.name("lo")) { $0.up = true }
            try session.send(&batch)
        }
    }

    var descriptor: Int32 { namespace.descriptor }

    /// Runs `body` on a thread of the node.
    func run<R>(_ body: () throws -> R) throws -> R { try namespace.run(body) }

    /// The names of the node's links but its loopback.
    func links() throws -> [String] {
        try run { try NetlinkSession().links().map(\.name).filter { $0 != "lo" }.sorted() }
    }

    /// Every packet rule of the node.
    func ruleset() throws -> String { try run { try PacketFilter().run("list ruleset", about: "ruleset") } }

    /// Carries out nftables commands on the node.
    func nft(_ commands: String) throws { try run { _ = try PacketFilter().run(commands, about: "test") } }

    /// Sends what `fill` puts into a batch on the node.
    func netlink(_ fill: (inout NetlinkBatch) throws -> Void) throws {
        try namespace.netlink(fill)
    }

    /// Which link `name` is on the node.
    func link(_ name: String) throws -> LinkID { try namespace.link(name) }

    /// Joins the node to another machine by a link of its own: `address`.1 here, `address`.2 and fd99::2 there.
    func neighbour(mtu: UInt32 = 1500) throws -> Namespace {
        let other = try Namespace()
        try run {
            let session = try NetlinkSession()
            var batch = try NetlinkBatch()
            let (mac, otherMAC) = (MACAddress(0x0200_0000_0001), MACAddress(0x0200_0000_0002))
            // A veth pair wants a controller; a bridge of one port serves.
            try batch.createBridge("uplink", mac: mac, mtu: mtu)
            try batch.getLink("uplink")
            guard let bridge = try session.send(&batch).links.first else { return }
            try batch.createVeth(
                port: .init(name: "port", mac: mac), controller: bridge.id, peer: .init(name: "eth0", mac: otherMAC),
                namespace: other.descriptor, mtu: mtu)
            try batch.change(.name("port")) { $0.up = true }
            try batch.addAddress(Self.nodeAddress, prefix: 24, to: bridge.id)
            try batch.addAddress(Self.nodeAddress6, prefix: 64, to: bridge.id)
            try batch.change(.name("uplink")) { $0.up = true }
            try session.send(&batch)
        }
        let session = try NetlinkSession(namespace: other.descriptor)
        guard let link = try session.link(named: "eth0")?.id else { throw LabError("the neighbour has no link") }
        var batch = try NetlinkBatch()
        try batch.addAddress(Self.neighbourAddress, prefix: 24, to: link)
        try batch.addAddress(Self.neighbourAddress6, prefix: 64, to: link)
        try batch.change(.name("lo")) { $0.up = true }
        try batch.change(.name("eth0")) { $0.up = true }
        try batch.setRoute(to: Subnet(everythingOf: .ipv4), through: Self.nodeAddress, link: link)
        try batch.setRoute(to: Subnet(everythingOf: .ipv6), through: Self.nodeAddress6, link: link)
        try session.send(&batch)
        // Asking for a link has the kernel act on its carrier now instead of within a second.
        try netlink { batch in
            try batch.getLink("port")
            try batch.getLink("uplink")
        }
        return other
    }

    static let nodeAddress = ip("192.0.2.1")
    static let nodeAddress6 = ip("fd99::1")
    static let neighbourAddress = ip("192.0.2.2")
    static let neighbourAddress6 = ip("fd99::2")
}

/// Why a lab could not be set up.
struct LabError: Error {
    let message: String
    init(_ message: String) { self.message = message }
}

/// A network namespace: a pod's, a node's, a neighbour's.
final class Namespace: Sendable {
    let descriptor: Int32

    init() throws {
        let result = pintle_netns_new()
        guard result >= 0 else { throw LabError("a network namespace needs root: errno \(-result)") }
        descriptor = result
    }

    deinit { close(descriptor) }

    func run<R>(_ body: () throws -> R) throws -> R {
        try NetlinkSession.run(inNamespace: descriptor, body).get()
    }

    /// Sends what `fill` puts into a batch inside the namespace.
    func netlink(_ fill: (inout NetlinkBatch) throws -> Void) throws {
        let session = try NetlinkSession(namespace: descriptor)
        var batch = try NetlinkBatch()
        try fill(&batch)
        try session.send(&batch)
    }

    /// Which link `name` is inside.
    func link(_ name: String) throws -> LinkID {
        guard let link = try NetlinkSession(namespace: descriptor).link(named: name) else {
            throw LabError("there is no link \(name)")
        }
        return link.id
    }

    /// The addresses of a link inside, with prefix lengths, but for link-local ones; sorted.
    func addresses(of link: String) throws -> [String] {
        let session = try NetlinkSession(namespace: descriptor)
        guard let id = try session.link(named: link)?.id else { return [] }
        return try session.addresses(of: id).filter { !$0.address.isLinkLocal }
            .map { "\($0.address)/\($0.prefix)" }.sorted()
    }
}

/// An address a test is sure of.
func ip(_ text: String) -> IPAddress {
    guard let address = IPAddress(text) else { preconditionFailure("\(text) is an address") }
    return address
}

/// A network a test is sure of.
func net(_ text: String) -> Subnet {
    guard let subnet = Subnet(text) else { preconditionFailure("\(text) is a network") }
    return subnet
}
