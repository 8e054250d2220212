import PintleClient
import PintleKinds
import PintleObjects
import PintleStore

/// Writes objects the way every kind is written: what differs is the kind's strategy.
///
/// It has no state of its own; calls overlap freely. A write that loses a race against another is repeated when the
/// client did not name the version it wants to change.
struct ObjectWriter: Sendable {
    let storage: ObjectStorage
    let admission: Admission

    var cache: WatchCache { storage.cache }

    /// How often a write is repeated when others keep changing the object.
    static let maximumAttempts = 100

    /// - Throws: 404.
    func find(_ kind: ServedKind, namespace: String?, name: String) throws(StatusError) -> CachedObject {
        guard let object = cache.find(kind.key(namespace: namespace, name: name)) else { throw kind.notFound(name) }
        return object
    }

    /// Encodes `object` for the store.
    func encode(_ object: JSON, _ kind: ServedKind) throws(StatusError) -> EncodedObject {
        var object = object
        object["metadata"].remove("resourceVersion")
        object["metadata"].remove("managedFields")
        object["metadata"].remove("selfLink")
        do throws(StoreError) {
            return try EncodedObject(
                object.serialized(), attributes: kind.indexedFields.isEmpty ? nil : kind.attributes(of: object))
        } catch {
            throw .internalError(error.message)
        }
    }

    /// Turns a failure of the store into what the client is told.
    func failure(_ error: StoreError, _ kind: ServedKind, _ name: String) -> StatusError {
        switch error.code {
        case .conflict: .conflict(group: kind.group, resource: kind.plural, name: name)
        case .alreadyExists: .alreadyExists(group: kind.group, resource: kind.plural, name: name)
        case .notFound: kind.notFound(name)
        case .closed: .serviceUnavailable("the server is shutting down")
        default: .internalError(error.message)
        }
    }
}
