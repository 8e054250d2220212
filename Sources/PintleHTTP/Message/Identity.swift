/// Who a client's verified certificate says it is.
///
/// The certificate was issued by this cluster's own authority and was valid when the connection was made.
public struct Identity: Sendable, Hashable {
    /// The subject's common name, never empty: for example `kubernetes-admin`.
    public let user: String
    /// The subject's organisations in their order, for example `["system:masters"]`.
    public let groups: [String]

    /// Makes an identity, for tests and for authenticators other than certificates.
    public init(user: String, groups: [String]) {
        self.user = user
        self.groups = groups
    }
}
