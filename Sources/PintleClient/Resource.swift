/// A kind of object as the REST paths name it: API group, version and plural.
///
/// `Resource(group: "", version: "v1", plural: "pods")` is `/api/v1/…/pods`;
/// a group that is not empty lives under `/apis/GROUP/VERSION`.
public struct Resource: Hashable, Sendable, CustomStringConvertible {
    /// The API group; empty for the core group.
    public let group: String
    /// The API version, for example `"v1"`.
    public let version: String
    /// The plural in lower case, for example `"pods"`.
    public let plural: String

    /// Names a resource; whether a server serves it shows when it is asked.
    public init(group: String, version: String, plural: String) {
        self.group = group
        self.version = version
        self.plural = plural
    }

    /// `"pods"` for the core group, `"leases.coordination.k8s.io"` otherwise.
    public var description: String { group.isEmpty ? plural : "\(plural).\(group)" }

    /// What objects of this resource carry in `apiVersion`: `"v1"` or `"coordination.k8s.io/v1"`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
}

extension Resource {
    /// Pods, `/api/v1`.
    public static let pods = Resource(group: "", version: "v1", plural: "pods")
    /// Nodes, `/api/v1`, not namespaced.
    public static let nodes = Resource(group: "", version: "v1", plural: "nodes")
    /// Namespaces, `/api/v1`, not namespaced.
    public static let namespaces = Resource(group: "", version: "v1", plural: "namespaces")
    /// ConfigMaps, `/api/v1`.
    public static let configMaps = Resource(group: "", version: "v1", plural: "configmaps")
    /// Secrets, `/api/v1`.
    public static let secrets = Resource(group: "", version: "v1", plural: "secrets")
    /// Events of the core group, `/api/v1`.
    public static let events = Resource(group: "", version: "v1", plural: "events")
    /// ServiceAccounts, `/api/v1`.
    public static let serviceAccounts = Resource(group: "", version: "v1", plural: "serviceaccounts")
    /// Leases, `/apis/coordination.k8s.io/v1`.
    public static let leases = Resource(group: "coordination.k8s.io", version: "v1", plural: "leases")
}
