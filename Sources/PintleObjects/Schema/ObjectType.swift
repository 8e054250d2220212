/// The shape of an object: its fields, and how each merges and defaults.
///
/// Immutable; any thread may use it. A built-in type is read from specs/api when it is first needed; a CRD's comes from its schema at run time.
public final class ObjectType: Sendable {
    /// The name of the type, for example `PodSpec`; empty for one that has none.
    public let name: String
    /// The kind, for a type that objects of the API have.
    public let kind: String?
    /// The fields in the order of the description.
    public let fields: [Field]
    /// Whether fields that the schema does not know are kept.
    public let preservesUnknown: Bool
    /// Whether the type is anything at all: its values are never looked into.
    public let isAny: Bool
    /// What Go calls the type, for example `v1.PodSpec`.
    let goName: String
    private let index: [String: Int]
    /// The fields that have a default.
    let defaulted: [Field]

    init(
        name: String, goName: String, kind: String? = nil, fields: [Field], preservesUnknown: Bool = false,
        isAny: Bool = false
    ) {
        self.name = name
        self.goName = goName
        self.kind = kind
        self.fields = fields
        self.preservesUnknown = preservesUnknown
        self.isAny = isAny
        var index: [String: Int] = [:]
        index.reserveCapacity(fields.count)
        for (position, field) in fields.enumerated() { index[field.name] = position }
        self.index = index
        defaulted = fields.filter { $0.defaultValue != nil }
    }

    /// The field `name`, or `nil`.
    public func field(_ name: String) -> Field? { index[name].map { fields[$0] } }
}

/// One field of an ``ObjectType``.
public final class Field: Sendable {
    /// How lists and maps are merged when several parties set them.
    public enum ListType: String, Sendable {
        /// One party owns the whole.
        case atomic
        /// Elements are scalars and unique.
        case set
        /// Elements are objects that ``Field/listKeys`` tell apart.
        case map
    }

    /// The name.
    public let name: String
    /// The type.
    public let type: ValueType
    /// Whether the API describes it as required.
    public let isRequired: Bool
    /// What is filled in where it is missing; does not depend on other fields.
    public let defaultValue: JSON?
    /// Whether a zero counts as missing when defaults are filled in.
    public let zeroIsUnset: Bool
    /// The values allowed, as far as the API describes them; empty for any.
    public let allowed: [String]
    /// How a list merges under server-side apply.
    public let listType: ListType?
    /// The fields that tell the elements of a list apart, under server-side apply.
    public let listKeys: [String]
    /// Whether a strategic merge patch merges the elements of the list instead of replacing it.
    public let mergesList: Bool
    /// Whether a strategic merge patch replaces the object instead of merging it.
    public let replacesObject: Bool
    /// Whether a strategic merge patch may carry `$retainKeys` for it.
    public let retainsKeys: Bool
    /// The field that tells the elements apart in a strategic merge patch; empty for a list of scalars.
    public let mergeKey: String
    /// Whether an object is owned as a whole under server-side apply.
    public let isAtomicMap: Bool
    /// Whether null is a value of its own; elsewhere it means that the field is not there.
    public let isNullable: Bool
    /// The number in protobuf; 0 when it has none.
    public let tag: Int

    init(
        name: String, type: ValueType, isRequired: Bool = false, defaultValue: JSON? = nil, zeroIsUnset: Bool = false,
        allowed: [String] = [], listType: ListType? = nil, listKeys: [String] = [], patchStrategy: String = "",
        mergeKey: String = "", isAtomicMap: Bool = false, isNullable: Bool = false, tag: Int = 0
    ) {
        self.name = name
        self.type = type
        self.isRequired = isRequired
        self.defaultValue = defaultValue
        self.zeroIsUnset = zeroIsUnset
        self.allowed = allowed
        self.listType = listType
        self.listKeys = listKeys
        let strategies = patchStrategy.split(separator: ",")
        mergesList = strategies.contains("merge")
        replacesObject = strategies.contains("replace")
        retainsKeys = strategies.contains("retainKeys")
        self.mergeKey = mergeKey
        self.isAtomicMap = isAtomicMap
        self.isNullable = isNullable
        self.tag = tag
    }

    /// Reads one field of specs/api.
    convenience init(name: String, spec: JSON, in file: SpecFile) {
        func texts(_ key: String) -> [String] { (spec[key].array ?? []).compactMap(\.string) }
        self.init(
            name: name, type: ValueType(notation: (spec["type"].string ?? "JSON")[...], in: file),
            isRequired: spec["required"].bool ?? false, defaultValue: spec.object?["default"],
            zeroIsUnset: spec["zero"].string == "unset", allowed: texts("enum"),
            listType: spec["listType"].string.flatMap(ListType.init), listKeys: texts("listKeys"),
            patchStrategy: spec["patch"].string ?? "", mergeKey: spec["mergeKey"].string ?? "",
            isAtomicMap: spec["mapType"].string == "atomic", tag: Int(spec["tag"].int ?? 0))
    }
}
