internal import PintleNetlink

/// The packet rules of one instance, as text for libnftables.
///
/// A value without I/O.
///
/// All rules are fixed and look their decisions up in maps, so that attaching a pod adds elements and no rule:
/// translation of a new connection takes the same time for one host port and for a thousand.
struct PacketRules: Sendable {
    let names: InstanceNames
    let subnets: [Subnet]
    let ipMasq: Bool
    let noMasquerade: [Subnet]

    init(names: InstanceNames, configuration: BridgeConfiguration) {
        self.names = names
        subnets = configuration.subnets
        ipMasq = configuration.ipMasq
        noMasquerade = configuration.noMasquerade
    }

    private var table: String { "inet \(names.table)" }

    /// Replaces the instance's table, whatever it held, by one with `ports`.
    ///
    /// One transaction: there is no moment without.
    func install(_ ports: some Sequence<HostPort>) -> String {
        """
        add table \(table)
        delete table \(table)
        table \(table) {
        \(set("pods4", "ipv4_addr", of(.ipv4, subnets)))
        \(set("pods6", "ipv6_addr", of(.ipv6, subnets)))
        \(set("near4", "ipv4_addr", of(.ipv4, subnets + noMasquerade)))
        \(set("near6", "ipv6_addr", of(.ipv6, subnets + noMasquerade)))
        map ports4 { type inet_proto . inet_service : ipv4_addr . inet_service; }
        map ports4at { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
        map ports6 { type inet_proto . inet_service : ipv6_addr . inet_service; }
        map ports6at { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
        chain hostports {
        meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @ports4at
        meta nfproto ipv4 dnat ip to meta l4proto . th dport map @ports4
        meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @ports6at
        meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @ports6
        }
        chain prerouting { type nat hook prerouting priority dstnat; fib daddr type local jump hostports; }
        chain output { type nat hook output priority -100; fib daddr type local jump hostports; }
        \(guardChain)
        chain postrouting { type nat hook postrouting priority srcnat;
        \(hostPortSources)
        \(ipMasq ? masquerade : "")
        }
        }
        \(adding(ports))
        """
    }

    /// Connections to host ports that need another source: from the node's own 127.0.0.1, which a pod could not answer,
    /// and from a pod, whose answer would otherwise go past the node, straight over the bridge.
    private var hostPortSources: String {
        """
        oifname "\(names.bridge)" ct status dnat ip saddr 127.0.0.0/8 masquerade
        oifname "\(names.bridge)" ct status dnat ip saddr @pods4 masquerade
        oifname "\(names.bridge)" ct status dnat ip6 saddr @pods6 masquerade
        """
    }

    private var masquerade: String {
        """
        ip saddr @pods4 ip daddr != @near4 ip daddr != 224.0.0.0/4 masquerade
        ip6 saddr @pods6 ip6 daddr != @near6 ip6 daddr != ff00::/8 masquerade
        """
    }

    /// The bridge routes 127.0.0.0/8 (route_localnet), so that the node's own connections reach pods.
    ///
    /// Without this a pod could send to services that listen on the node's 127.0.0.1 (CVE-2020-8558).
    private var guardChain: String {
        """
        chain guard { type filter hook prerouting priority raw;
        iifname "\(names.bridge)" ip daddr 127.0.0.0/8 drop
        iifname "\(names.bridge)" ip saddr 127.0.0.0/8 drop
        }
        """
    }

    /// Removes the instance's table; a missing one is a success.
    var remove: String { "add table \(table)\ndelete table \(table)\n" }

    /// Fails when the instance's table does not exist.
    var probe: String { "list chain \(table) hostports\n" }

    /// Opens `ports`.
    ///
    /// One that is open already stays; one that leads elsewhere fails the transaction.
    func adding(_ ports: some Sequence<HostPort>) -> String {
        elements(ports) { "add element \(table) \($0) { \($1) }" }
    }

    /// Closes `ports`, whether they are open or not.
    func removing(_ ports: some Sequence<HostPort>) -> String {
        adding(ports) + elements(ports) { "delete element \(table) \($0) { \($1) }" }
    }

    /// Lists one element; fails when it is missing.
    ///
    /// The answer contains ``answer(for:)`` when it leads where it should.
    func query(_ port: HostPort) -> String { "get element \(table) \(map(port)) { \(key(port)) }\n" }

    /// How the target of `port` is written in nft's answers.
    func answer(for port: HostPort) -> String { "\(port.target) . \(port.targetPort)" }

    private func elements(_ ports: some Sequence<HostPort>, _ command: (String, String) -> String) -> String {
        var text = ""
        for port in ports { text += command(map(port), "\(key(port)) : \(answer(for: port))") + "\n" }
        return text
    }

    private func map(_ port: HostPort) -> String {
        (port.address.family == .ipv4 ? "ports4" : "ports6") + (port.address.isUnspecified ? "" : "at")
    }

    private func key(_ port: HostPort) -> String {
        let service = "\(port.transport.rawValue) . \(port.port)"
        return port.address.isUnspecified ? service : "\(port.address) . \(service)"
    }

    private func of(_ family: IPAddress.Family, _ subnets: [Subnet]) -> [Subnet] {
        subnets.filter { $0.family == family }
    }

    private func set(_ name: String, _ type: String, _ subnets: [Subnet]) -> String {
        let elements = subnets.map(\.description).joined(separator: ", ")
        let content = subnets.isEmpty ? "" : " elements = { \(elements) };"
        return "set \(name) { type \(type); flags interval; auto-merge;\(content) }"
    }
}
