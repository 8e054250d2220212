internal import Glibc

/// The names under which clients may address the API server: its certificate's subject alternative names.
public struct ServingNames: Sendable, Hashable {
    /// DNS names, without duplicates.
    public private(set) var dns: [String] = []
    /// IPv4 and IPv6 addresses as text in their canonical form, without duplicates.
    public private(set) var addresses: [String] = []

    /// Makes the names that every API server has, and those of this one.
    ///
    /// - Parameters:
    ///   - nodeName: This node's name.
    ///   - listenAddresses: What the server listens on: addresses, or names that clients use. Unspecified addresses
    ///     (`0.0.0.0`, `::`) are left out; pass the node's own addresses beside them.
    public init(nodeName: String, listenAddresses: [String]) {
        let always = [
            "localhost", "kubernetes", "kubernetes.default", "kubernetes.default.svc",
            "kubernetes.default.svc.cluster.local", "127.0.0.1", "::1", "10.96.0.1",
        ]
        self.init(exactly: always + [nodeName] + listenAddresses)
    }

    /// Makes these names and no others.
    init(exactly names: [String]) {
        for name in names where !name.isEmpty { self.add(name) }
    }

    private mutating func add(_ name: String) {
        guard let bytes = Self.addressBytes(name) else {
            if !self.dns.contains(name) { self.dns.append(name) }
            return
        }
        guard bytes.contains(where: { $0 != 0 }) else { return }
        let text = Self.addressText(bytes)
        if !self.addresses.contains(text) { self.addresses.append(text) }
    }

    /// The 4 or 16 bytes of an address, nil when `text` is no address (`inet_pton`).
    static func addressBytes(_ text: String) -> [UInt8]? {
        var bytes = [UInt8](repeating: 0, count: 16)
        if inet_pton(AF_INET, text, &bytes) == 1 { return Array(bytes[..<4]) }
        if inet_pton(AF_INET6, text, &bytes) == 1 { return bytes }
        return nil
    }

    /// The text of 4 or 16 bytes (`inet_ntop`).
    static func addressText(_ bytes: [UInt8]) -> String {
        var text = [CChar](repeating: 0, count: Int(INET6_ADDRSTRLEN))
        let family = bytes.count == 4 ? AF_INET : AF_INET6
        guard inet_ntop(family, bytes, &text, socklen_t(text.count)) != nil else { return "" }
        return String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
}
