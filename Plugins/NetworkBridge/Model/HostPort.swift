internal import PintleNetlink

/// A transport protocol that host ports exist for.
enum Transport: String, Sendable, Hashable, CaseIterable {
    case tcp
    case udp
    case sctp

    /// The protocol of that name in either case, or nil.
    init?(name: String) { self.init(rawValue: name.lowercased()) }

    /// Its number in an IP header.
    var number: UInt8 {
        switch self {
        case .tcp: 6
        case .udp: 17
        case .sctp: 132
        }
    }
}

/// A port of the node whose traffic goes to a pod.
///
/// One family of addresses only.
struct HostPort: Sendable, Hashable {
    let transport: Transport
    /// The node's address; the unspecified one of the family stands for all of them.
    let address: IPAddress
    let port: UInt16
    /// The pod's address, of the same family.
    let target: IPAddress
    let targetPort: UInt16

    /// Whether both claim some traffic.
    func collides(with other: HostPort) -> Bool {
        transport == other.transport && port == other.port && address.family == other.address.family
            && (address == other.address || address.isUnspecified || other.address.isUnspecified)
    }

    /// As an operator would say it: `tcp port 8080 of 192.0.2.1`.
    var description: String {
        "\(transport.rawValue) port \(port)" + (address.isUnspecified ? "" : " of \(address)")
    }
}

extension HostPort {
    /// The key of its entry in the ledger: all of it, such as `tcp/0.0.0.0/8080/10.244.0.7/80`.
    var key: String { "\(transport.rawValue)/\(address)/\(port)/\(target)/\(targetPort)" }

    /// Reads a ``key``.
    init?(key: String) {
        let parts = key.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        guard parts.count == 5, let transport = Transport(rawValue: parts[0]), let address = IPAddress(parts[1]),
            let port = UInt16(parts[2]), let target = IPAddress(parts[3]), let targetPort = UInt16(parts[4]),
            target.family == address.family
        else { return nil }
        self.init(transport: transport, address: address, port: port, target: target, targetPort: targetPort)
    }
}
