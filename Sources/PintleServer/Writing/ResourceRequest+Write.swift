import NIOCore
import PintleHTTP
import PintleKinds
import PintleObjects
import PintleStore

extension ResourceRequest {
    func create() async throws(StatusError) -> Response {
        let encoder = try encoder()
        let options = try WriteOptions(request, kind: "CreateOptions")
        if kind.storageName == "bindings" { return try await bind(pod: nil) }
        let (object, duplicates) = try RequestBody.parse(request, schema: kind.schema)
        let decoded = try kind.decode(object, duplicates: duplicates, validation: options.fieldValidation)
        let outcome = try await operations.create(
            kind, namespace: namespace, decoded.object, isDryRun: options.isDryRun)
        return finish(encoder, outcome, decoded.warnings, status: 201)
    }

    func update() async throws(StatusError) -> Response {
        let encoder = try encoder()
        let options = try WriteOptions(request, kind: "UpdateOptions")
        let (object, duplicates) = try RequestBody.parse(request, schema: kind.schema)
        let decoded = try kind.decode(object, duplicates: duplicates, validation: options.fieldValidation)
        let wanted = try named(decoded.object)
        let isPinned = !(wanted["metadata"]["resourceVersion"].string ?? "").isEmpty
        let subresource = info.subresource.isEmpty ? nil : info.subresource
        let mayCreate = subresource == nil && kind.strategy.allowsCreateOnUpdate
        if mayCreate, operations.cache.find(kind.key(namespace: namespace, name: info.name)) == nil {
            let outcome = try await operations.create(kind, namespace: namespace, wanted, isDryRun: options.isDryRun)
            return finish(encoder, outcome, decoded.warnings, status: 201)
        }
        let outcome = try await writer.update(
            kind, namespace: namespace, name: info.name, subresource: subresource, repeats: !isPinned,
            isDryRun: options.isDryRun
        ) { _ throws(StatusError) in wanted }
        return finish(encoder, outcome, decoded.warnings)
    }

    /// The object of an update, whose name must be that of the path.
    private func named(_ object: JSON) throws(StatusError) -> JSON {
        var object = object
        let name = object["metadata"]["name"].string ?? ""
        if name.isEmpty { object["metadata"]["name"] = .string(info.name) }
        guard name.isEmpty || name == info.name else {
            throw .badRequest("the name of the object (\(name)) does not match the name on the URL (\(info.name))")
        }
        return object
    }

    func patch() async throws(StatusError) -> Response {
        let encoder = try encoder()
        let options = try WriteOptions(request, kind: "PatchOptions")
        let patch = try RequestPatch(request)
        // `change` may run again; the warnings of its last run are those that count.
        let warnings = Warnings()
        let outcome = try await writer.update(
            kind, namespace: namespace, name: info.name,
            subresource: info.subresource.isEmpty ? nil : info.subresource, repeats: true, isDryRun: options.isDryRun
        ) { current throws(StatusError) in
            let patched = try patch.apply(to: current, kind, validation: options.fieldValidation)
            warnings.replace(patched.warnings)
            return try named(patched.object)
        }
        return finish(encoder, outcome, warnings.all)
    }

    func delete() async throws(StatusError) -> Response {
        let encoder = try encoder()
        let options = try DeleteOptions(request)
        switch try await writer.delete(kind, namespace: namespace, name: info.name, options) {
        case .pending(let body): return encoder.response(body)
        case .removed(let object):
            if kind.answersWithDeletedObject { return encoder.response(.value(object)) }
            return Response(success(object), form: encoder.form)
        }
    }

    private func success(_ object: JSON) -> JSON {
        var details: JSON = ["name": .string(info.name)]
        if !kind.group.isEmpty { details["group"] = .string(kind.group) }
        details["kind"] = .string(kind.plural)
        details["uid"] = object["metadata"]["uid"]
        return ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Success", "details": details]
    }

    func deleteCollection() async throws(StatusError) -> Response {
        let encoder = try encoder()
        let options = try ListOptions(request, isWatch: false)
        let deletion = try DeleteOptions(request)
        let list = try ObjectList(selection(options), options, cache: operations.cache)
        try await writer.deleteCollection(list, kind, deletion)
        return encoder.response(list)
    }

    private func finish(
        _ encoder: ObjectEncoder, _ outcome: WriteOutcome?, _ warnings: [String], status: Int = 200
    ) -> Response {
        guard let outcome else { return Response(.internalError("the write had no result")) }
        var response = encoder.response(outcome.body, status: status)
        response.warnings = warnings + outcome.warnings
        return response
    }
}

extension ServedKind {
    /// Kinds of which a deletion answers the object that was deleted, rather than a Status.
    fileprivate var answersWithDeletedObject: Bool { storageName == "pods" || storageName == "serviceaccounts" }
}
