internal import PintleNetlink

/// The addresses of one range: which are taken, and which to give out next.
///
/// A value without I/O. Addresses are given out in turn, so that one that was given back rests as long as possible: its
/// last pod's link and connections may take a moment to end.
struct AddressPool: Sendable {
    let subnet: Subnet
    /// The range's first address; the bridge has it.
    let gateway: IPAddress
    /// Offsets of the first and last address that pods may have.
    private let first: UInt128
    private let last: UInt128
    private var used: Set<UInt128> = []
    private var next: UInt128

    /// A pool over `subnet`, or nil when it is too small to hold a gateway and one pod.
    init?(_ subnet: Subnet) {
        // The first address is the network's (IPv4) or every router's (IPv6); the last of IPv4 is for broadcasts.
        let last =
            subnet.family == .ipv4 ? subnet.lastOffset.subtractingReportingOverflow(1) : (subnet.lastOffset, false)
        guard !last.1, last.0 >= 2, last.0 <= subnet.lastOffset, let gateway = subnet.address.advanced(by: 1) else {
            return nil
        }
        self.subnet = subnet
        self.gateway = gateway
        self.first = 2
        self.last = last.0
        self.next = 2
    }

    /// How many addresses pods hold.
    var usedCount: UInt64 { UInt64(used.count) }

    /// How many are left; at most `UInt64.max`.
    var freeCount: UInt64 { UInt64(clamping: last - first + 1 - UInt128(used.count)) }

    /// Takes a free address, the one at `preferred` if that is free.
    ///
    /// - Parameter preferred: An offset from the network's address, such as the one another pool gave the same pod.
    /// - Returns: nil when every address is taken.
    mutating func take(preferring preferred: UInt128? = nil) -> IPAddress? {
        if let preferred, (first...last).contains(preferred), !used.contains(preferred) {
            return take(offset: preferred)
        }
        guard freeCount > 0 else { return nil }
        var offset = next
        while used.contains(offset) { offset = following(offset) }
        next = following(offset)
        return take(offset: offset)
    }

    /// Takes `address`.
    ///
    /// Returns false when it is taken or not for pods.
    mutating func take(_ address: IPAddress) -> Bool {
        guard let offset = offset(of: address), !used.contains(offset) else { return false }
        if offset >= next { next = following(offset) }
        return take(offset: offset) != nil
    }

    /// Gives `address` back; one that nobody holds is left alone.
    mutating func release(_ address: IPAddress) {
        if let offset = offset(of: address) { used.remove(offset) }
    }

    /// Whether pods may have `address`.
    func offers(_ address: IPAddress) -> Bool { offset(of: address) != nil }

    /// The distance of `address` from the network's own, when pods may have it.
    func offset(of address: IPAddress) -> UInt128? {
        guard subnet.contains(address) else { return nil }
        let offset = address.value - subnet.address.value
        return (first...last).contains(offset) ? offset : nil
    }

    private func following(_ offset: UInt128) -> UInt128 { offset == last ? first : offset + 1 }

    private mutating func take(offset: UInt128) -> IPAddress? {
        used.insert(offset)
        return subnet.address.advanced(by: offset)
    }
}
