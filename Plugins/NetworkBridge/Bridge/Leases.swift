internal import PintleNetlink
internal import PintleSDK
import Synchronization

/// Which addresses and host ports each attachment holds: in memory, and in the host's ledger for after a restart.
///
/// An entry is in the ledger before the kernel knows of what it names, and leaves it after the kernel forgot. Threads:
/// any; the lock is never held while the host is called.
final class Leases: Sendable {
    /// An address of an attachment, with its range.
    struct Address: Sendable, Hashable {
        let address: IPAddress
        let subnet: Subnet
        let gateway: IPAddress
    }

    /// What one attachment holds.
    struct Holding: Sendable {
        var addresses: [IPAddress] = []
        var ports: [HostPort] = []
    }

    private struct State {
        var pools: [AddressPool]
        var holdings: [String: Holding] = [:]
    }

    private let state: Mutex<State>
    private let host: any HostServices

    /// Reads back what earlier processes left in the ledger.
    init(subnets: [Subnet], host: any HostServices) throws {
        var state = State(pools: subnets.compactMap { AddressPool($0) })
        for entry in try host.ledgerList(kind: Kind.address) {
            guard let address = IPAddress(entry.key) else { continue }
            for index in state.pools.indices { _ = state.pools[index].take(address) }
            // An address of a range that the configuration no longer has is kept too, so that it is given back.
            state.holdings[entry.owner, default: Holding()].addresses.append(address)
        }
        for entry in try host.ledgerList(kind: Kind.port) {
            guard let port = HostPort(key: entry.key) else { continue }
            state.holdings[entry.owner, default: Holding()].ports.append(port)
        }
        self.state = Mutex(state)
        self.host = host
    }

    private enum Kind {
        static let address = "address"
        static let port = "hostport"
    }

    /// Everyone who holds something.
    var owners: [String] { state.withLock { Array($0.holdings.keys) } }

    var isEmpty: Bool { state.withLock { $0.holdings.isEmpty } }

    /// Every open host port.
    var ports: [HostPort] { state.withLock { $0.holdings.values.flatMap(\.ports) } }

    /// What `owner` holds, or nil.
    func holding(of owner: String) -> Holding? { state.withLock { $0.holdings[owner] } }

    /// How many addresses are taken, and how many a further pod could have: as many as the scarcest range.
    var counts: (used: UInt64, free: UInt64) {
        state.withLock { ($0.pools.reduce(0) { $0 + $1.usedCount }, $0.pools.map(\.freeCount).min() ?? 0) }
    }

    // MARK: Addresses

    /// Takes one address of each range for `owner`, those that it holds already first.
    ///
    /// - Parameters:
    ///   - owner: The attachment.
    ///   - wanted: Addresses that it must be, at most one of each range.
    /// - Returns: The addresses in the ranges' order, and which of them were taken just now.
    /// - Throws: `resource` when a range is used up; `conflict` when a wanted one is taken. Nothing was taken then.
    func takeAddresses(for owner: String, wanted: [IPAddress]) throws -> (all: [Address], new: [IPAddress]) {
        let (all, new) = try state.withLock { state in try Self.choose(&state, owner, wanted) }
        var recorded: [IPAddress] = []
        do {
            for address in new {
                recorded.append(address)
                try host.ledgerPut(kind: Kind.address, key: "\(address)", owner: owner)
            }
        } catch {
            try? release(addresses: recorded, of: owner)
            forget(addresses: new, of: owner)
            throw error
        }
        return (all, new)
    }

    /// Gives `addresses` of `owner` back.
    func release(addresses: [IPAddress], of owner: String) throws {
        for address in addresses {
            try host.ledgerDelete(kind: Kind.address, key: "\(address)")
            forget(addresses: [address], of: owner)
        }
    }

    private func forget(addresses: [IPAddress], of owner: String) {
        state.withLock { state in
            for address in addresses {
                guard state.holdings[owner]?.addresses.contains(address) == true else { continue }
                for index in state.pools.indices { state.pools[index].release(address) }
                state.holdings[owner]?.addresses.removeAll { $0 == address }
            }
            Self.prune(&state, owner)
        }
    }

    private static func choose(
        _ state: inout State, _ owner: String, _ wanted: [IPAddress]
    ) throws -> (all: [Address], new: [IPAddress]) {
        if let stray = wanted.first(where: { address in !state.pools.contains { $0.offers(address) } }) {
            let ranges = state.pools.map { "\($0.subnet)" }.joined(separator: ", ")
            throw DriverFailure(
                .invalid, reason: "AddressOutOfRange",
                "address \(stray) is none that pods may have: the ranges are \(ranges)")
        }
        let held = state.holdings[owner]?.addresses ?? []
        var pools = state.pools
        var all: [Address] = []
        var new: [IPAddress] = []
        var offset: UInt128?
        for index in pools.indices {
            let pool = pools[index]
            let address: IPAddress
            let request = wanted.first { pool.offers($0) }
            if let existing = held.first(where: { pool.offers($0) }) {
                if let request, request != existing {
                    throw conflict(request, "its attachment holds \(existing) already")
                }
                address = existing
            } else if let request {
                guard pools[index].take(request) else { throw conflict(request, holder(of: request, in: state)) }
                address = request
                new.append(request)
            } else {
                guard let free = pools[index].take(preferring: offset) else { throw exhausted(pool) }
                address = free
                new.append(free)
            }
            offset = offset ?? pool.offset(of: address)
            all.append(Address(address: address, subnet: pool.subnet, gateway: pool.gateway))
        }
        state.pools = pools
        state.holdings[owner, default: Holding()].addresses += new
        return (all, new)
    }

    private static func holder(of address: IPAddress, in state: State) -> String {
        let owner = state.holdings.first { $0.value.addresses.contains(address) }?.key
        return owner.map { "attachment \($0) has it" } ?? "it is taken"
    }

    private static func conflict(_ address: IPAddress, _ why: String) -> DriverFailure {
        DriverFailure(.conflict, reason: "AddressTaken", "address \(address) cannot be had: \(why)")
    }

    private static func exhausted(_ pool: AddressPool) -> DriverFailure {
        DriverFailure(
            .resource, reason: "RangeExhausted",
            "range \(pool.subnet) is used up: all \(pool.usedCount) of its addresses are in use")
    }

    // MARK: Host ports

    /// Takes `ports` for `owner`.
    ///
    /// - Returns: Those that it did not hold yet.
    /// - Throws: `conflict` when another attachment has one of them. Nothing was taken then.
    func takePorts(_ ports: [HostPort], for owner: String) throws -> [HostPort] {
        let new = try state.withLock { state in
            for (other, holding) in state.holdings where other != owner {
                for taken in holding.ports {
                    guard let port = ports.first(where: taken.collides) else { continue }
                    throw DriverFailure(
                        .conflict, reason: "HostPortTaken", "\(port.description) is taken by attachment \(other)")
                }
            }
            let held = state.holdings[owner]?.ports ?? []
            var new: [HostPort] = []
            for port in ports where !held.contains(port) {
                if let other = (held + new).first(where: port.collides) {
                    throw DriverFailure(
                        .conflict, reason: "HostPortTaken",
                        "\(port.description) is asked for twice: for \(other.target) port \(other.targetPort) too")
                }
                new.append(port)
            }
            state.holdings[owner, default: Holding()].ports += new
            Self.prune(&state, owner)
            return new
        }
        var recorded: [HostPort] = []
        do {
            for port in new {
                recorded.append(port)
                try host.ledgerPut(kind: Kind.port, key: port.key, owner: owner)
            }
        } catch {
            try? release(ports: recorded, of: owner)
            forget(ports: new, of: owner)
            throw error
        }
        return new
    }

    /// Gives `ports` of `owner` back.
    func release(ports: [HostPort], of owner: String) throws {
        for port in ports {
            try host.ledgerDelete(kind: Kind.port, key: port.key)
            forget(ports: [port], of: owner)
        }
    }

    private func forget(ports: [HostPort], of owner: String) {
        state.withLock { state in
            state.holdings[owner]?.ports.removeAll { ports.contains($0) }
            Self.prune(&state, owner)
        }
    }

    private static func prune(_ state: inout State, _ owner: String) {
        if let holding = state.holdings[owner], holding.addresses.isEmpty, holding.ports.isEmpty {
            state.holdings[owner] = nil
        }
    }
}
