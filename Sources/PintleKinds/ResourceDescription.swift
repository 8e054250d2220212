/// What discovery says about one kind: its names, its verbs and its subresources.
public struct ResourceDescription: Sendable, Hashable {
    /// The API group, empty for the core group.
    public let group: String
    /// The served version, for example `"v1"`.
    public let version: String
    /// The kind as it stands in manifests, for example `"ConfigMap"`.
    public let kind: String
    /// The resource as it stands in paths, for example `"configmaps"`.
    public let plural: String
    /// The singular name that clients accept, for example `"configmap"`.
    public let singular: String
    /// Abbreviations that kubectl accepts, for example `["cm"]`.
    public let shortNames: [String]
    /// Groups of resources that the kind belongs to, for example `["all"]`.
    public let categories: [String]
    /// Whether objects live in a namespace.
    public let namespaced: Bool
    /// The verbs of the resource itself, in alphabetical order.
    public let verbs: [String]
    /// Its subresources, in alphabetical order.
    public let subresources: [SubresourceDescription]
    /// A stable hash of the storage version; empty for kinds that are never stored.
    public let storageVersionHash: String

    /// Describes a kind; the defaults suit a kind without abbreviations, categories and subresources.
    public init(
        group: String = "", version: String = "v1", kind: String, plural: String, singular: String,
        shortNames: [String] = [], categories: [String] = [], namespaced: Bool = true,
        verbs: [String] = ResourceDescription.allVerbs, subresources: [SubresourceDescription] = [],
        storageVersionHash: String
    ) {
        self.group = group
        self.version = version
        self.kind = kind
        self.plural = plural
        self.singular = singular
        self.shortNames = shortNames
        self.categories = categories
        self.namespaced = namespaced
        self.verbs = verbs
        self.subresources = subresources
        self.storageVersionHash = storageVersionHash
    }

    /// Every verb that a stored resource can have.
    public static let allVerbs = ["create", "delete", "deletecollection", "get", "list", "patch", "update", "watch"]

    /// `"v1"`, or `"coordination.k8s.io/v1"`: the value of an object's `apiVersion`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
}

/// One subresource in discovery, such as `pods/log`.
public struct SubresourceDescription: Sendable, Hashable {
    /// The name after the slash.
    public let name: String
    /// The kind that it takes and answers.
    public let kind: String
    /// Its verbs, in alphabetical order.
    public let verbs: [String]
    /// The API group of ``kind`` where it differs from the resource's.
    public let group: String?
    /// The version of ``kind`` where it differs from the resource's.
    public let version: String?

    /// Describes a subresource whose kind, unless told otherwise, is of the resource's own group and version.
    public init(_ name: String, kind: String, verbs: [String], group: String? = nil, version: String? = nil) {
        self.name = name
        self.kind = kind
        self.verbs = verbs
        self.group = group
        self.version = version
    }
}
