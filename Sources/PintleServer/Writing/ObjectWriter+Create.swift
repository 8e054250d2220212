import PintleKinds
import PintleObjects
import PintleStore

extension ObjectWriter {
    /// Creates an object.
    ///
    /// `object`: Decoded and defaulted by the schema.
    ///
    /// - Throws: 404 and 403 about the namespace, 409, 422.
    func create(
        _ kind: ServedKind, namespace: String?, _ object: JSON, isDryRun: Bool = false
    ) async throws(StatusError) -> WriteOutcome {
        var object = object
        try placeInNamespace(&object, kind, namespace: namespace)
        guard object["metadata"]["resourceVersion"].string ?? "" == "" else {
            throw StatusError(
                code: 500, reason: "", message: "resourceVersion should not be set on objects to be created")
        }
        let generateName = object["metadata"]["generateName"].string ?? ""
        let isGenerated = (object["metadata"]["name"].string ?? "").isEmpty && !generateName.isEmpty
        if isGenerated { object["metadata"]["name"] = .string(ObjectIdentity.generatedName(generateName)) }

        kind.strategy.defaults(&object)
        try admission.admitNamespace(kind, object, namespace: namespace)
        try kind.strategy.admit(&object, old: nil)
        try admission.admitReferences(kind, object)
        fillSystemFields(&object)
        kind.strategy.prepareForCreate(&object)
        let warnings = kind.strategy.warnings(object, old: nil)

        var attempts = 0
        while true {
            let name = object["metadata"]["name"].string ?? ""
            let faults = kind.strategy.validate(object)
            if !faults.isEmpty { throw kind.invalid(name.isEmpty ? generateName : name, faults) }
            let key = kind.key(namespace: namespace, name: name)
            do throws(StoreError) {
                if isDryRun {
                    if cache.find(key) == nil {
                        return WriteOutcome(body: .value(object), warnings: warnings, isNew: true)
                    }
                    throw StoreError(.alreadyExists, "\(key) already exists")
                }
                let stored = try await storage.create(key, encoded(object, kind))
                return WriteOutcome(body: .cached(stored), warnings: warnings, isNew: true)
            } catch {
                attempts += 1
                guard error.code == .alreadyExists, isGenerated, attempts < 8 else { throw failure(error, kind, name) }
                object["metadata"]["name"] = .string(ObjectIdentity.generatedName(generateName))
            }
        }
    }

    private func encoded(_ object: JSON, _ kind: ServedKind) throws(StoreError) -> EncodedObject {
        do throws(StatusError) {
            return try encode(object, kind)
        } catch {
            throw StoreError(.corrupt, error.message)
        }
    }

    /// Sets the namespace of the path, with which that of the object must agree.
    func placeInNamespace(_ object: inout JSON, _ kind: ServedKind, namespace: String?) throws(StatusError) {
        let given = object["metadata"]["namespace"].string ?? ""
        guard kind.namespaced else {
            object["metadata"].remove("namespace")
            return
        }
        guard let namespace, !namespace.isEmpty else {
            throw .badRequest("an empty namespace may not be set during creation")
        }
        guard given.isEmpty || given == namespace else {
            throw .badRequest(
                "the namespace of the provided object does not match the namespace sent on the request")
        }
        object["metadata"]["namespace"] = .string(namespace)
    }

    /// Sets what a new object gets from the server and takes away what it can't have yet.
    private func fillSystemFields(_ object: inout JSON) {
        for field in ["deletionTimestamp", "deletionGracePeriodSeconds", "generation", "resourceVersion"] {
            object["metadata"].remove(field)
        }
        object["metadata"]["uid"] = .string(ObjectIdentity.uid())
        object["metadata"]["creationTimestamp"] = Timestamp.now.json
    }
}
