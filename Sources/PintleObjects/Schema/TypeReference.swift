import Synchronization

/// A type by name, read when somebody first looks into it.
public final class TypeReference: Sendable {
    private let file: SpecFile?
    private let name: String
    private let resolved = AtomicLazyReference<ObjectType>()

    /// Refers to `PodSpec` of the same file or to `meta.v1/ObjectMeta` of another one.
    init(file: SpecFile, name: Substring) {
        if let slash = name.firstIndex(of: "/") {
            self.file = SpecLibrary.shared.file(named: String(name[..<slash]))
            self.name = String(name[name.index(after: slash)...])
        } else {
            self.file = file
            self.name = String(name)
        }
    }

    /// Refers to a type that is already there.
    init(_ type: ObjectType) {
        file = nil
        name = type.name
        _ = resolved.storeIfNil(type)
    }

    /// The type; anything goes where the description lacks it, which a test rules out.
    public var type: ObjectType {
        if let type = resolved.load() { return type }
        let type = file?.type(named: name) ?? ObjectType(name: name, goName: name, fields: [], isAny: true)
        return resolved.storeIfNil(type)
    }

    /// Whether the type named exists.
    var exists: Bool { resolved.load() != nil || file?.type(named: name) != nil }

    /// What Go calls the type, without reading it.
    var goName: String { resolved.load()?.goName ?? file?.goName(of: name) ?? name }
}
