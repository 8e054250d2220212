import Glibc

/// An address, known to be well formed.
struct IPAddress {
    enum Family { case v4, v6 }
    let family: Family

    /// Nil unless `text` is an address in the usual notation, without zone and prefix length.
    init?(_ text: String) {
        var storage = in6_addr()
        if inet_pton(AF_INET, text, &storage) == 1 {
            family = .v4
        } else if inet_pton(AF_INET6, text, &storage) == 1 {
            family = .v6
        } else {
            return nil
        }
    }

    /// Nil unless `text` is an address, a slash and a prefix length.
    init?(network text: String) {
        let parts = text.split(separator: "/", omittingEmptySubsequences: false)
        guard parts.count == 2, let address = IPAddress(String(parts[0])), let length = Int(parts[1]) else {
            return nil
        }
        guard length >= 0, length <= (address.family == .v4 ? 32 : 128) else { return nil }
        self = address
    }
}
