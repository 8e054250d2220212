/// What the API knows about one kind: how its objects are decoded, completed, pruned and patched.
///
/// Copies are cheap; any thread may use it.
public struct Schema: Sendable {
    /// The group; empty for the core group.
    public let group: String
    /// The version, for example `v1`.
    public let version: String
    /// The kind, for example `Pod`.
    public let kind: String
    /// The type of the whole object.
    public let type: ObjectType

    /// Makes the schema of a kind.
    public init(group: String, version: String, kind: String, type: ObjectType) {
        self.group = group
        self.version = version
        self.kind = kind
        self.type = type
    }

    /// The schema of a built-in kind, or `nil`.
    ///
    /// Kinds of `meta/v1` that every group has, such as `DeleteOptions` and `Status`, are found in each of them.
    public static func builtIn(group: String, version: String, kind: String) -> Schema? {
        let library = SpecLibrary.shared
        for file in [library.file(group: group, version: version), library.file(named: "meta.v1")] {
            guard let file, file.contains(kind), let type = file.type(named: kind) else { continue }
            return Schema(group: group, version: version, kind: kind, type: type)
        }
        return nil
    }

    /// The names of the kinds of a group's version in alphabetical order, lists among them; empty when it is not known.
    public static func kinds(group: String, version: String) -> [String] {
        guard let file = SpecLibrary.shared.file(group: group, version: version) else { return [] }
        return file.typeNames.filter { file.spec(named: $0)?["kind"].string != nil }.sorted()
    }

    /// `v1`, or group and version as `apps/v1`.
    public var apiVersion: String { group.isEmpty ? version : "\(group)/\(version)" }
}

/// What becomes of fields that the schema does not know and of repeated ones: the `fieldValidation` of a request.
public enum FieldValidation: String, Sendable {
    /// They are dropped without a word.
    case ignore = "Ignore"
    /// They are dropped and named in a warning.
    case warn = "Warn"
    /// The request is refused.
    case strict = "Strict"
}
