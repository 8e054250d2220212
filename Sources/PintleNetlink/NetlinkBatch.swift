internal import CPintleNetlink
import Glibc

/// What the requests of a batch asked for, in order.
public struct NetlinkAnswers: Sendable {
    /// What ``NetlinkBatch/getLink(_:)`` asked for.
    public internal(set) var links: [Link] = []
    /// What ``NetlinkBatch/getRoute(to:)`` asked for.
    public internal(set) var routes: [Route] = []
}

/// Requests to the kernel that are sent together: one system call for all, one answer for each.
///
/// Belongs to one thread at a time. Adding a request copies what it names. A request the shim cannot build, such as one
/// with a name over 15 bytes, throws ``NetlinkError`` when it is added.
public struct NetlinkBatch: ~Copyable {
    /// What a request is about; put into words only when it fails.
    private struct Entry {
        let request: StaticString
        let subject: Subject
    }

    private enum Subject {
        case link(String)
        case address(IPAddress, Int, link: String)
        case neighbour(IPAddress, link: String)
        case route(Subnet, link: String)
    }

    private let raw: OpaquePointer
    private var entries: [Entry] = []

    /// An empty batch.
    public init() throws(NetlinkError) {
        guard let raw = pintle_nl_batch_new() else {
            throw NetlinkError(subject: "batch", request: "malloc", errno: ENOMEM, detail: "", index: nil)
        }
        self.raw = raw
    }

    deinit { pintle_nl_batch_free(raw) }

    /// How many requests it holds, which is the index of the next.
    public var count: Int { entries.count }

    /// Asks for a link, which `send` returns.
    ///
    /// The kernel first acts on a carrier that came lately, if it is Linux 6.8 or later; else it does within a second.
    public mutating func getLink(_ name: String) throws(NetlinkError) {
        try add("RTM_GETLINK", .link(name), pintle_nl_get_link(raw, name))
    }

    /// Asks which route a packet to `address` would take; `send` returns it.
    public mutating func getRoute(to address: IPAddress) throws(NetlinkError) {
        var value = address.raw(prefix: address.family.bits)
        try add("RTM_GETROUTE", .route(Subnet(only: address), link: "any"), pintle_nl_get_route(raw, &value))
    }

    /// Makes a bridge without spanning tree, down, with a hardware address that no port changes.
    ///
    /// `mtu` is in bytes, 0 for the kernel's default. `tolerating` is an errno that counts as done: `EEXIST` for a bridge
    /// that may be there.
    public mutating func createBridge(
        _ name: String, mac: MACAddress, mtu: UInt32, tolerating: Int32 = 0
    ) throws(NetlinkError) {
        try add("RTM_NEWLINK", .link(name), pintle_nl_add_bridge(raw, name, mac.bytes, mtu, tolerating))
    }

    /// One end of a veth pair.
    public struct End {
        /// The link's name; at most 15 bytes.
        public var name: String
        /// Its hardware address.
        public var mac: MACAddress

        /// An end called `name`.
        public init(name: String, mac: MACAddress) {
            self.name = name
            self.mac = mac
        }
    }

    /// Makes a veth pair, down: `port` here, as a port of the bridge `controller`, and `peer` in `namespace`.
    ///
    /// `namespace` is a descriptor of a network namespace, borrowed until the batch was sent. `mtu` is in bytes, of both
    /// ends, 0 for the kernel's default.
    public mutating func createVeth(
        port: End, controller: LinkID, peer: End, namespace: Int32, mtu: UInt32
    ) throws(NetlinkError) {
        let result = port.name.withCString { name in
            peer.name.withCString { peerName in
                port.mac.bytes.withUnsafeBufferPointer { mac in
                    peer.mac.bytes.withUnsafeBufferPointer { peerMAC in
                        var veth = pintle_nl_veth(
                            name: name, peer_name: peerName, mac: mac.baseAddress, peer_mac: peerMAC.baseAddress,
                            peer_netns: namespace, controller: controller.index, mtu: mtu)
                        return pintle_nl_add_veth(raw, &veth)
                    }
                }
            }
        }
        try add("RTM_NEWLINK", .link(port.name), result)
    }

    /// What ``NetlinkBatch/change(_:_:)`` changes; what is nil or false stays as it is.
    public struct Change {
        /// Brings the link up.
        public var up = false
        /// Whether it takes in every frame.
        public var promiscuous: Bool?
        /// Bytes.
        public var mtu: UInt32?
        /// Also when it is the one that the link has, the link's IPv4 addresses are announced, if it does that.
        public var mac: MACAddress?
        /// A bridge to become a port of.
        public var controller: LinkID?
        /// Of a port: whether frames may leave by the port they came in by.
        public var hairpin: Bool?
        /// The kernel gives the link no IPv6 address of its own making.
        ///
        /// Takes effect when the link next comes up.
        public var withoutLinkLocalAddress = false
        /// The link's IPv4 addresses are announced (gratuitous ARP) when it comes up.
        public var announcesAddresses = false
        /// Packets from and to 127.0.0.0/8 may take this link.
        public var routesLoopback = false

        /// Nothing changes.
        public init() {}
    }

    /// Which link a request is about.
    public enum Target {
        case name(String)
        case id(LinkID)
    }

    /// Changes a link that exists.
    public mutating func change(_ target: Target, _ edit: (inout Change) -> Void) throws(NetlinkError) {
        var change = Change()
        edit(&change)
        var request = pintle_nl_change()
        request.flags_set = change.up ? UInt32(IFF_UP) : 0
        switch change.promiscuous {
        case true?: request.flags_set |= UInt32(IFF_PROMISC)
        case false?: request.flags_clear |= UInt32(IFF_PROMISC)
        case nil: break
        }
        request.mtu = change.mtu ?? 0
        request.controller = change.controller?.index ?? 0
        request.hairpin = change.hairpin.map { $0 ? 1 : -1 } ?? 0
        request.no_ipv6_link_address = change.withoutLinkLocalAddress ? 1 : 0
        request.announce_ipv4 = change.announcesAddresses ? 1 : 0
        request.route_localnet = change.routesLoopback ? 1 : 0
        let name: String
        switch target {
        case .id(let link): (name, request.index) = (link.name, link.index)
        case .name(let text): name = text
        }
        let result = name.withCString { text in
            (change.mac?.bytes ?? []).withUnsafeBufferPointer { mac in
                if request.index == 0 { request.name = text }
                request.mac = mac.isEmpty ? nil : mac.baseAddress
                return pintle_nl_change_link(raw, &request)
            }
        }
        try add("RTM_NEWLINK", .link(name), result)
    }

    /// Deletes a link, a veth's other end too.
    ///
    /// The kernel takes tens of milliseconds.
    public mutating func deleteLink(_ name: String, tolerating: Int32 = 0) throws(NetlinkError) {
        try add("RTM_DELLINK", .link(name), pintle_nl_delete_link(raw, name, tolerating))
    }

    /// Gives a link an address, usable at once: IPv6 looks for no duplicate.
    public mutating func addAddress(
        _ address: IPAddress, prefix: Int, to link: LinkID, tolerating: Int32 = 0
    ) throws(NetlinkError) {
        var value = address.raw(prefix: prefix)
        try add(
            "RTM_NEWADDR", .address(address, prefix, link: link.name),
            pintle_nl_add_address(raw, link.index, &value, 1, tolerating))
    }

    /// Takes an address from a link.
    public mutating func deleteAddress(
        _ address: IPAddress, prefix: Int, from link: LinkID, tolerating: Int32 = 0
    ) throws(NetlinkError) {
        var value = address.raw(prefix: prefix)
        try add(
            "RTM_DELADDR", .address(address, prefix, link: link.name),
            pintle_nl_delete_address(raw, link.index, &value, tolerating))
    }

    /// Says where `address` is on a link, so that nobody has to ask and nobody remembers who had it before.
    public mutating func setNeighbour(_ address: IPAddress, mac: MACAddress, on link: LinkID) throws(NetlinkError) {
        var value = address.raw(prefix: address.family.bits)
        try add(
            "RTM_NEWNEIGH", .neighbour(address, link: link.name),
            pintle_nl_replace_neighbour(raw, link.index, &value, mac.bytes))
    }

    /// Adds a route through a link to the main table, in place of one to the same destination.
    public mutating func setRoute(
        to destination: Subnet, through gateway: IPAddress?, link: LinkID
    ) throws(NetlinkError) {
        var target = destination.address.raw(prefix: destination.prefix)
        let result: Int32
        if let gateway {
            var hop = gateway.raw(prefix: gateway.family.bits)
            result = pintle_nl_replace_route(raw, link.index, &target, &hop)
        } else {
            result = pintle_nl_replace_route(raw, link.index, &target, nil)
        }
        try add("RTM_NEWROUTE", .route(destination, link: link.name), result)
    }

    private mutating func add(_ request: StaticString, _ subject: Subject, _ result: Int32) throws(NetlinkError) {
        let entry = Entry(request: request, subject: subject)
        guard result == 0 else { throw Self.failure(entry, errno: -result, detail: "", index: nil) }
        entries.append(entry)
    }

    mutating func send(over socket: OpaquePointer) throws(NetlinkError) -> NetlinkAnswers {
        defer { entries.removeAll(keepingCapacity: true) }
        var found = NetlinkAnswers()
        var failure = pintle_nl_failure()
        let result = withUnsafeMutablePointer(to: &found) { found in
            var answers = pintle_nl_answers(
                on_link: { context, link in
                    context?.assumingMemoryBound(to: NetlinkAnswers.self).pointee.links.append(Link(link.pointee))
                },
                on_route: { context, raw in
                    guard let route = Route(raw.pointee) else { return }
                    context?.assumingMemoryBound(to: NetlinkAnswers.self).pointee.routes.append(route)
                }, context: found)
            return pintle_nl_batch_send(raw, socket, &answers, &failure)
        }
        guard result != 0 else { return found }
        let detail = withUnsafeBytes(of: failure.message) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        let index = Int(failure.request)
        guard entries.indices.contains(index) else {
            throw NetlinkError(subject: "rtnetlink", request: "send", errno: failure.error, detail: detail, index: nil)
        }
        throw Self.failure(entries[index], errno: failure.error, detail: detail, index: index)
    }

    private static func failure(_ entry: Entry, errno: Int32, detail: String, index: Int?) -> NetlinkError {
        let subject =
            switch entry.subject {
            case .link(let name): "link \(name)"
            case .address(let address, let prefix, let link): "address \(address)/\(prefix) of link \(link)"
            case .neighbour(let address, let link): "neighbour \(address) on link \(link)"
            case .route(let destination, let link): "route to \(destination) through link \(link)"
            }
        return NetlinkError(
            subject: subject, request: "\(entry.request)", errno: errno, detail: detail, index: index)
    }
}
