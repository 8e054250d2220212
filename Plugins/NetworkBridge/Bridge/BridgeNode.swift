import Glibc
internal import PintleNetlink
internal import PintleSDK
import Synchronization

/// What the node needs before any pod can be attached: the bridge with the ranges' gateways, forwarding, packet rules.
///
/// Made on first need and kept. Threads: any; whoever comes while it is being made waits.
final class BridgeNode: Sendable {
    /// The bridge, as attach needs it.
    struct Bridge: Sendable, Hashable {
        let id: LinkID
        /// Bytes.
        let mtu: UInt32
    }

    private struct State {
        var bridge: Bridge?
        /// Operations that rely on the bridge and are not done.
        var users = 0
    }

    private let state = Mutex(State())
    private let names: InstanceNames
    private let configuration: BridgeConfiguration
    private let rules: PacketRules
    private let filter: PacketFilter
    private let leases: Leases

    init(
        names: InstanceNames, configuration: BridgeConfiguration, rules: PacketRules, filter: PacketFilter,
        leases: Leases
    ) {
        self.names = names
        self.configuration = configuration
        self.rules = rules
        self.filter = filter
        self.leases = leases
    }

    /// The bridge, if it has been made and not been found missing.
    var bridge: Bridge? { state.withLock { $0.bridge } }

    /// Runs `body` with the bridge, which is made first if need be and is not removed meanwhile.
    func use<R>(_ body: (Bridge) throws -> R) throws -> R {
        let bridge = try state.withLock { state in
            let bridge = try state.bridge ?? make()
            state.bridge = bridge
            state.users += 1
            return bridge
        }
        defer { state.withLock { $0.users -= 1 } }
        return try body(bridge)
    }

    /// Makes everything again on the next use: somebody else has removed it.
    func invalidate() { state.withLock { $0.bridge = nil } }

    /// Makes again, now, whatever is missing.
    func repair() throws {
        try state.withLock { $0.bridge = try make() }
    }

    /// Removes the bridge and the rules, unless an attachment has something or is being made.
    ///
    /// - Returns: The bridge was there.
    func removeWhenUnused() throws -> Bool {
        try state.withLock { state in
            guard state.users == 0, leases.isEmpty else { return false }
            state.bridge = nil
            let session = try NetlinkSession()
            guard try session.link(named: names.bridge) != nil else { return false }
            try filter.run(rules.remove, about: "table inet \(names.table)")
            var batch = try NetlinkBatch()
            try batch.deleteLink(names.bridge, tolerating: ENODEV)
            try session.send(&batch)
            return true
        }
    }

    // MARK: Making it

    private func make() throws -> Bridge {
        if configuration.subnets.contains(where: { $0.family == .ipv4 }) { try Sysctl.forwardIPv4() }
        if configuration.subnets.contains(where: { $0.family == .ipv6 }) { try Sysctl.forwardIPv6() }
        let session = try NetlinkSession()
        let mtu = try configuration.mtu != 0 ? configuration.mtu : Self.uplinkMTU(session)
        let link = try makeLink(session, mtu: mtu)
        try setAddresses(session, of: link)
        try filter.run(rules.install(leases.ports), about: "table inet \(names.table)")
        return Bridge(id: link.id, mtu: mtu)
    }

    private func makeLink(_ session: borrowing NetlinkSession, mtu: UInt32) throws -> Link {
        var batch = try NetlinkBatch()
        try batch.createBridge(names.bridge, mac: names.bridgeMAC, mtu: mtu, tolerating: EEXIST)
        try batch.change(.name(names.bridge)) { change in
            change.mtu = mtu
            change.routesLoopback = true
            change.promiscuous = configuration.promiscMode
        }
        try batch.getLink(names.bridge)
        guard let link = try session.send(&batch).links.first else {
            throw DriverFailure(
                .internal, reason: "LinkNotFound", "link \(names.bridge): the kernel made it and lost it")
        }
        guard link.kind == "bridge" else {
            throw DriverFailure(
                .conflict, reason: "LinkTaken", "link \(names.bridge) exists and is no bridge but a \(link.kind) link")
        }
        return link
    }

    /// Gives the bridge the gateways' addresses and takes away those of ranges that the configuration no longer has.
    private func setAddresses(_ session: borrowing NetlinkSession, of link: Link) throws {
        let wanted = configuration.subnets.compactMap { subnet in
            AddressPool(subnet).map { ($0.gateway, subnet.prefix) }
        }
        let present = try session.addresses(of: link.id)
        var batch = try NetlinkBatch()
        for (address, prefix) in present where !wanted.contains(where: { $0 == (address, prefix) }) {
            guard !address.isLinkLocal else { continue }
            try batch.deleteAddress(address, prefix: prefix, from: link.id, tolerating: EADDRNOTAVAIL)
        }
        for (address, prefix) in wanted {
            try batch.addAddress(address, prefix: prefix, to: link.id, tolerating: EEXIST)
        }
        try batch.change(.id(link.id)) { $0.up = true }
        try session.send(&batch)
        try session.awaitIPv6(wanted.map(\.0))
    }

    /// The MTU of the link with the default route, so that pods' packets leave the node in one piece.
    private static func uplinkMTU(_ session: borrowing NetlinkSession) throws -> UInt32 {
        let route = try session.routes()
            .filter { $0.destination.prefix == 0 && $0.link != nil && $0.isMain && !$0.isLocal }
            .min { $0.metric < $1.metric }
        guard let index = route?.link, let link = try session.links().first(where: { $0.index == index }),
            link.mtu >= 1280
        else { return 1500 }
        return min(link.mtu, 65535)
    }
}
