import NIOCore
import PintleHTTP
import PintleObjects

/// The body of a PATCH request.
struct RequestPatch: Sendable {
    private enum Form: Sendable {
        case json(JSONPatch)
        case merge(JSON)
        case strategic(JSON)
    }

    private let form: Form
    private let text: [UInt8]
    private let duplicates: [String]

    static let types = [
        "application/json-patch+json", "application/merge-patch+json", "application/strategic-merge-patch+json",
    ]

    /// - Throws: 415 for another kind of patch, 400 for one that cannot be read.
    init(_ request: HTTPRequest) throws(StatusError) {
        let type = request.headers["content-type"].map { MediaType($0).type } ?? ""
        if type.hasPrefix("application/apply-patch") {
            var error = StatusError.unsupportedMediaType(accepted: Self.types)
            error.message += "; server-side apply (\(type)) is not implemented in this version of pintle"
            throw error
        }
        guard Self.types.contains(type) else { throw .unsupportedMediaType(accepted: Self.types) }
        let (value, duplicates) = try RequestBody.json(request.body)
        text = Array(request.body.readableBytesView)
        self.duplicates = duplicates
        switch type {
        case "application/json-patch+json": form = .json(try JSONPatch(value))
        case "application/merge-patch+json": form = .merge(try Self.object(value))
        default: form = .strategic(try Self.object(value))
        }
    }

    private static func object(_ value: JSON) throws(StatusError) -> JSON {
        guard value.object != nil else {
            throw .badRequest("json: cannot unmarshal \(value.typeName) into Go value of type map[string]interface {}")
        }
        return value
    }

    /// What the patch makes of `current`, decoded and completed by the schema.
    ///
    /// - Throws: 422 when it does not apply, or does not lead to an object of the kind.
    func apply(
        to current: JSON, _ kind: ServedKind, validation: FieldValidation
    ) throws(StatusError) -> (object: JSON, warnings: [String]) {
        var object = current
        switch form {
        case .json(let patch): try patch.apply(to: &object)
        case .merge(let patch): object.apply(mergePatch: patch)
        case .strategic(let patch): try kind.schema.apply(strategicMergePatch: patch, to: &object)
        }
        for field in ["kind", "apiVersion"] where object[field] != current[field] {
            guard object[field].isNull else {
                throw .badRequest(
                    "the \(field) of the patched object (\(object[field])) must not differ from that of the object "
                        + "(\(current[field]))")
            }
            object[field] = current[field]
        }
        var decoded = try kind.schema.decode(
            patched: object, patch: text, duplicates: duplicates, validation: validation)
        kind.schema.applyDefaults(&decoded.object)
        return (decoded.object, decoded.warnings)
    }
}
