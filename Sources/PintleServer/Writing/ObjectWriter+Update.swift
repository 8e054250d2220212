import PintleKinds
import PintleObjects
import PintleStore

extension ObjectWriter {
    /// Changes an object, or one of its subresources, in the way that `change` says.
    ///
    /// `change` gets the object as it is, with its resourceVersion, and returns what it is to become, decoded and
    /// defaulted by the schema, or `nil` to leave it.
    ///
    /// `repeats`: A write that loses a race is made again, with another call of `change`; otherwise it is a
    /// conflict. A result that names another version than the current one is always a conflict.
    ///
    /// - Throws: 404, 409 for another resourceVersion or uid, 422, and what `change` throws.
    func update(
        _ kind: ServedKind, namespace: String?, name: String, subresource: String?, repeats: Bool,
        isDryRun: Bool = false, _ change: (JSON) throws(StatusError) -> JSON?
    ) async throws(StatusError) -> WriteOutcome? {
        var attempt = 1
        while true {
            let current = try find(kind, namespace: namespace, name: name)
            let old = current.json
            guard var new = try change(old) else { return nil }
            try checkVersion(new, against: current, kind, name: name)
            let prepared = try prepare(&new, old: old, kind, namespace: namespace, name: name, subresource)
            do throws(StoreError) {
                return WriteOutcome(
                    body: try await write(new, over: current, prepared.encoded, kind, isDryRun: isDryRun),
                    warnings: prepared.warnings)
            } catch {
                let mayRepeat = error.code == .conflict && repeats && attempt < Self.maximumAttempts
                guard mayRepeat else { throw failure(error, kind, name) }
                attempt += 1
            }
        }
    }

    private func checkVersion(
        _ new: JSON, against current: CachedObject, _ kind: ServedKind, name: String
    ) throws(StatusError) {
        let version = new["metadata"]["resourceVersion"].string ?? ""
        if version.isEmpty || version == "0" {
            guard kind.strategy.allowsUnconditionalUpdate else {
                throw kind.invalid(
                    name, [.invalid("metadata.resourceVersion", .number("0x0"), "must be specified for an update")])
            }
            return
        }
        guard let number = Int64(version) else {
            throw kind.invalid(
                name,
                [
                    .invalid(
                        "metadata.resourceVersion", .string(version),
                        "strconv.ParseUint: parsing \(goQuoted(version)): invalid syntax")
                ])
        }
        guard number == current.revision else {
            throw .conflict(group: kind.group, resource: kind.plural, name: name)
        }
    }

    private func prepare(
        _ new: inout JSON, old: JSON, _ kind: ServedKind, namespace: String?, name: String, _ subresource: String?
    ) throws(StatusError) -> (encoded: EncodedObject, warnings: [String]) {
        let metadata = old["metadata"]
        let uid = new["metadata"]["uid"].string ?? ""
        if !uid.isEmpty, uid != metadata["uid"].string {
            throw .conflict(
                group: kind.group, resource: kind.plural, name: name,
                "Precondition failed: UID in precondition: \(uid), UID in object meta: \(metadata["uid"].string ?? "")")
        }
        try placeInNamespace(&new, kind, namespace: namespace)
        for field in ["uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds", "generateName"]
        where new["metadata"][field].isNull {
            if !metadata[field].isNull { new["metadata"][field] = metadata[field] }
        }
        new["metadata"].remove("generation")
        if !metadata["generation"].isNull { new["metadata"]["generation"] = metadata["generation"] }
        new["metadata"].remove("managedFields")
        new["metadata"]["resourceVersion"] = metadata["resourceVersion"]
        kind.strategy.defaults(&new)
        if subresource == nil { try kind.strategy.admit(&new, old: old) }
        kind.strategy.prepareForUpdate(&new, old: old, subresource: subresource)
        let faults = kind.strategy.validateUpdate(new, old: old, subresource: subresource)
        if !faults.isEmpty { throw kind.invalid(name, faults) }
        return (try encode(new, kind), kind.strategy.warnings(new, old: old))
    }

    /// Writes the new state, or removes the object when nothing but this change held it up.
    private func write(
        _ new: JSON, over current: CachedObject, _ encoded: EncodedObject, _ kind: ServedKind, isDryRun: Bool
    ) async throws(StoreError) -> ObjectBody {
        if isDryRun { return .value(new) }
        if isReleased(new, kind) {
            try await storage.remove(current)
            return .value(new)
        }
        return .cached(try await storage.replace(current, with: encoded))
    }

    /// Whether the object is being deleted and nothing holds it any more.
    func isReleased(_ object: JSON, _ kind: ServedKind) -> Bool {
        let metadata = object["metadata"]
        guard metadata["deletionTimestamp"].string != nil else { return false }
        return (metadata["deletionGracePeriodSeconds"].int ?? 0) == 0 && !kind.strategy.isHeldByFinalizers(object)
    }
}
