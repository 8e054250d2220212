import Glibc

/// A request to the kernel that failed.
///
/// The request changed nothing; earlier ones of its batch may have.
public struct NetlinkError: Error, Sendable, Hashable {
    /// What was to be changed, such as `link pintle-1a2b3c4d` or `address 10.244.0.7/24 of eth0`.
    public let subject: String
    /// The request, such as `RTM_NEWLINK`.
    public let request: String
    /// The kernel's answer; positive.
    public let errno: Int32
    /// The kernel's own words; often empty.
    public let detail: String
    /// Which request of its batch failed, from 0; nil when the socket itself did.
    public let index: Int?
}

extension NetlinkError: CustomStringConvertible {
    /// For people: `link pintle-1a2b3c4d: RTM_NEWLINK: File exists (17)`.
    public var description: String {
        let words = strerror(errno).map { String(cString: $0) } ?? "error"
        return "\(subject): \(request): \(words) (\(errno))" + (detail.isEmpty ? "" : ": \(detail)")
    }
}
