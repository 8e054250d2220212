import PintleClient
import PintleObjects
import PintleStore

/// What can be done with objects, for HTTP and for this process alike.
struct ResourceOperations: Sendable {
    let kinds: KindTable
    let writer: ObjectWriter
    let keeper: NamespaceKeeper

    var cache: WatchCache { writer.cache }

    /// Creates an object; a namespace is answered only when it has what pods in it need.
    func create(
        _ kind: ServedKind, namespace: String?, _ object: JSON, isDryRun: Bool = false
    ) async throws(StatusError) -> WriteOutcome {
        let outcome = try await writer.create(kind, namespace: namespace, object, isDryRun: isDryRun)
        if kind.storageName == "namespaces", case .cached(let made) = outcome.body {
            // Should it fail, the keeper, which watches namespaces, does it again.
            try? await keeper.fill(made.key.name)
        }
        return outcome
    }
}

extension ServedKind {
    /// Decodes and completes an object by the kind's schema.
    ///
    /// - Returns: The object, and warnings about fields that were dropped.
    func decode(
        _ object: JSON, duplicates: [String] = [], validation: FieldValidation = .ignore
    ) throws(StatusError) -> (object: JSON, warnings: [String]) {
        var decoded = try schema.decode(object, duplicates: duplicates, validation: validation)
        schema.applyDefaults(&decoded.object)
        return (decoded.object, decoded.warnings)
    }
}

/// Finds the schemas of the kinds.
enum SchemaSource {
    /// - Throws: 500 when the binary has none.
    static func schema(group: String, version: String, kind: String) throws(StatusError) -> Schema {
        guard let schema = Schema.builtIn(group: group, version: version, kind: kind) else {
            throw .internalError("no schema for \(kind) in \(group.isEmpty ? version : "\(group)/\(version)")")
        }
        return schema
    }
}
