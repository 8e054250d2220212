/// The built-in kinds.
public enum Kinds {
    /// One strategy for each kind, in the order in which discovery lists them.
    public static let all: [any ResourceStrategy] = [
        BindingStrategy(), ConfigMapStrategy(), EventStrategy(), NamespaceStrategy(), NodeStrategy(), PodStrategy(),
        SecretStrategy(), ServiceAccountStrategy(), LeaseStrategy(),
    ]

    /// The strategy of a resource, or nil if no such kind is built in.
    ///
    /// `group` is empty for the core group; `plural` is the name in paths, for example `"pods"`.
    public static func strategy(group: String, version: String, plural: String) -> (any ResourceStrategy)? {
        all.first {
            $0.resource.plural == plural && $0.resource.version == version && $0.resource.group == group
        }
    }
}
