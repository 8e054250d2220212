import PintleKinds
import PintleObjects
import PintleStore

/// What became of an object that was to be deleted.
enum DeleteOutcome: Sendable {
    /// It is gone; this was its last state.
    case removed(JSON)
    /// It is marked, and stays until somebody has cleaned up or its grace period is confirmed.
    case pending(ObjectBody)
}

extension ObjectWriter {
    /// Deletes an object: at once, gracefully, or when its finalizers are gone.
    ///
    /// - Throws: 404, 409 for a precondition that does not hold.
    func delete(
        _ kind: ServedKind, namespace: String?, name: String, _ options: DeleteOptions
    ) async throws(StatusError) -> DeleteOutcome {
        var attempt = 1
        while true {
            let current = try find(kind, namespace: namespace, name: name)
            let object = current.json
            try checkPreconditions(options, object, current, kind, name)
            try admission.admitDeletion(kind, name: name)
            do throws(StoreError) {
                return try await step(current, object, kind, options)
            } catch {
                guard error.code == .conflict, attempt < Self.maximumAttempts else { throw failure(error, kind, name) }
                attempt += 1
            }
        }
    }

    private func checkPreconditions(
        _ options: DeleteOptions, _ object: JSON, _ current: CachedObject, _ kind: ServedKind, _ name: String
    ) throws(StatusError) {
        func fail(_ what: String, _ wanted: String, _ found: String) -> StatusError {
            .conflict(
                group: kind.group, resource: kind.plural, name: name,
                "Precondition failed: \(what) in precondition: \(wanted), \(what) in object meta: \(found)")
        }
        let uid = object["metadata"]["uid"].string ?? ""
        if let wanted = options.uid, wanted != uid { throw fail("UID", wanted, uid) }
        if let wanted = options.resourceVersion, wanted != "\(current.revision)" {
            throw fail("ResourceVersion", wanted, "\(current.revision)")
        }
    }

    private func step(
        _ current: CachedObject, _ object: JSON, _ kind: ServedKind, _ options: DeleteOptions
    ) async throws(StoreError) -> DeleteOutcome {
        let marked = mark(object, kind, options)
        guard let marked else { return .pending(.cached(current)) }
        if isReleased(marked, kind) {
            if !options.isDryRun { try await storage.remove(current) }
            return .removed(marked)
        }
        if options.isDryRun { return .pending(.value(marked)) }
        let encoded: EncodedObject
        do throws(StatusError) {
            encoded = try encode(marked, kind)
        } catch {
            throw StoreError(.corrupt, error.message)
        }
        return .pending(.cached(try await storage.replace(current, with: encoded)))
    }

    /// The object as a deletion makes it; `nil` when it is being deleted already and nothing is to be hurried.
    private func mark(_ object: JSON, _ kind: ServedKind, _ options: DeleteOptions) -> JSON? {
        var object = object
        let period = max(0, kind.strategy.gracePeriod(object, requested: options.gracePeriodSeconds) ?? 0)
        if let since = object["metadata"]["deletionTimestamp"].string {
            let pending = object["metadata"]["deletionGracePeriodSeconds"].int ?? 0
            if period == 0, pending == 0 {
                // Not `? object : nil`, in which nil would be JSON's null.
                if isReleased(object, kind) { return object }
                return nil
            }
            // A second deletion can only shorten the period, and only when it asks for one.
            guard options.gracePeriodSeconds != nil || period == 0, period < pending else { return nil }
            object["metadata"]["deletionGracePeriodSeconds"] = .integer(period)
            if let deadline = Timestamp(rfc3339: since) {
                object["metadata"]["deletionTimestamp"] = deadline.advanced(seconds: period - pending).json
            }
            return object
        }
        object["metadata"]["deletionTimestamp"] = Timestamp.now.advanced(seconds: period).json
        object["metadata"]["deletionGracePeriodSeconds"] = .integer(period)
        if let generation = object["metadata"]["generation"].int {
            object["metadata"]["generation"] = .integer(generation + 1)
        }
        kind.strategy.prepareForDeletion(&object)
        return object
    }

    /// Deletes every object that matches, each as ``delete(_:namespace:name:_:)`` does.
    ///
    /// - Returns: The objects as they were when their deletion was asked for.
    func deleteCollection(_ list: ObjectList, _ kind: ServedKind, _ options: DeleteOptions) async throws(StatusError) {
        let failures = await withTaskGroup(of: StatusError?.self) { group in
            for object in list.objects {
                group.addTask {
                    do throws(StatusError) {
                        _ = try await delete(kind, namespace: object.key.namespace, name: object.key.name, options)
                        return nil
                    } catch {
                        return error.code == 404 ? nil : error
                    }
                }
            }
            return await group.reduce(into: [StatusError]()) { if let failure = $1 { $0.append(failure) } }
        }
        if let first = failures.first { throw first }
    }
}
