public import PintleObjects

/// An object's place among those of its resource.
public struct ObjectName: Hashable, Sendable, Comparable, CustomStringConvertible {
    /// Empty for a resource without namespaces.
    public let namespace: String
    /// The object's name.
    public let name: String

    /// Names an object.
    public init(namespace: String?, name: String) {
        self.namespace = namespace ?? ""
        self.name = name
    }

    /// The name that `object` carries in its metadata.
    public init(of object: JSON) {
        let metadata = object["metadata"]
        self.init(namespace: metadata["namespace"].string, name: metadata["name"].string ?? "")
    }

    /// `"namespace/name"`, or the name alone.
    public var description: String { namespace.isEmpty ? name : "\(namespace)/\(name)" }

    /// Orders by namespace, then by name.
    public static func < (left: ObjectName, right: ObjectName) -> Bool {
        left.namespace == right.namespace ? left.name < right.name : left.namespace < right.namespace
    }
}
