/// The structural subset of OpenAPI v3 that a CRD may use, also the form of a driver's `config_schema`: it checks a
/// value, fills in defaults and knows which fields are secret.
///
/// Understood are `type`, `properties`, `required`, `items`, `additionalProperties`, `enum`, `default`, `nullable`,
/// `minimum`, `maximum` (with `exclusive…`), `multipleOf`, `minLength`, `maxLength`, `pattern`, `format`, `minItems`,
/// `maxItems`, `uniqueItems`, `minProperties`, `maxProperties`, `allOf`, `anyOf`, `oneOf`, `not`, `title`, `description`,
/// `example`, `x-kubernetes-int-or-string`, `x-kubernetes-preserve-unknown-fields`, the list and map types of
/// server-side apply, and `x-pintle-secret`. Everything else, `$ref` first of all, is refused when the schema is read.
///
/// Immutable; copies are cheap; any thread may use it.
public struct StructuralSchema: Sendable {
    /// What is said of fields that the schema does not know.
    public enum UnknownFields: Sendable {
        /// They are an error that names the fields there are.
        case refuse
        /// They are passed over; ``StructuralSchema/prune(_:)`` drops them.
        case ignore
    }

    /// Why a schema cannot be used.
    public struct Malformed: Error, Sendable, CustomStringConvertible {
        /// Everything that is wrong, with paths inside the schema such as `properties[a].type`.
        public let errors: [FieldError]
        /// All errors in one line.
        public var description: String { errors.map(\.description).joined(separator: "; ") }
    }

    let root: SchemaNode

    /// Reads a schema; an empty object allows everything.
    ///
    /// - Throws: ``Malformed`` with every fault: an unknown keyword, a missing type, a pattern that cannot be compiled, a
    ///   default that the schema itself refuses.
    public init(json: JSON) throws(Malformed) {
        var reader = SchemaNodeReader()
        root = reader.node(json, at: "", isRoot: true)
        var errors = reader.errors
        if errors.isEmpty { root.checkDefaults("", &errors) }
        guard errors.isEmpty else { throw Malformed(errors: errors) }
    }

    /// Checks `value`.
    ///
    /// `path` is put before the paths of the errors, for example `drivers[0].options`.
    ///
    /// - Returns: What is wrong, in Kubernetes' words, in the order of the schema; empty when nothing is.
    public func validate(_ value: JSON, at path: String = "", unknownFields: UnknownFields = .refuse) -> [FieldError] {
        var validator = SchemaValidator(unknownFields: unknownFields)
        validator.validate(value, root, path)
        return validator.errors
    }

    /// Fills in the defaults of missing fields wherever their parent exists; a null where null is not allowed counts as
    /// missing.
    public func applyDefaults(_ value: inout JSON) { root.applyDefaults(&value) }

    /// Drops the fields that the schema does not know; answers their paths.
    public func prune(_ value: inout JSON) -> [String] {
        var dropped: [String] = []
        root.prune(&value, "", &dropped)
        return dropped
    }

    /// `value` for a log: each field marked `x-pintle-secret` is replaced by `"<secret>"`.
    public func redacted(_ value: JSON) -> JSON {
        var value = value
        root.redact(&value)
        return value
    }
}
