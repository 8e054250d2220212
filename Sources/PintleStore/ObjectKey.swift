/// Where an object lies in the store.
public struct ObjectKey: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// The resource, with its group unless that is the core group: `"pods"`, `"leases.coordination.k8s.io"`.
    public let resource: String
    /// Empty for a resource without namespaces.
    public let namespace: String
    /// The object's name.
    public let name: String

    /// Names a place; whether something is there the store knows.
    public init(resource: String, namespace: String, name: String) {
        self.resource = resource
        self.namespace = namespace
        self.name = name
    }

    /// `"pods/default/web"`, or `"nodes/n1"`.
    public var description: String {
        namespace.isEmpty ? "\(resource)/\(name)" : "\(resource)/\(namespace)/\(name)"
    }

    /// Orders by resource, then as Kubernetes orders the keys `namespace/name`.
    public static func < (left: ObjectKey, right: ObjectKey) -> Bool {
        if left.resource != right.resource { return left.resource < right.resource }
        return precedes(left.namespace, left.name, right.namespace, right.name)
    }

    /// Whether `namespace/name` of the left comes before that of the right, byte by byte.
    ///
    /// The slash counts: `a-b/x` precedes `a/x`, because a hyphen is smaller than a slash.
    static func precedes(
        _ leftNamespace: String, _ leftName: String, _ rightNamespace: String, _ rightName: String
    ) -> Bool {
        if leftNamespace == rightNamespace { return leftName < rightName }
        var left = leftNamespace.utf8.makeIterator()
        var right = rightNamespace.utf8.makeIterator()
        let slash = UInt8(ascii: "/")
        while true {
            // The two differ, so they part before both have ended.
            let (l, r) = (left.next() ?? slash, right.next() ?? slash)
            if l != r { return l < r }
        }
    }
}
