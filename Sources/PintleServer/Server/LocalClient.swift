import PintleClient
import PintleObjects
import PintleStore

/// The API for parts of this process.
struct LocalClient: APIClient {
    let operations: ResourceOperations

    private var writer: ObjectWriter { operations.writer }

    func get(_ resource: Resource, namespace: String?, name: String) async throws(StatusError) -> JSON {
        let kind = try operations.kinds.find(resource)
        return try writer.find(kind, namespace: namespace, name: name).json
    }

    func list(
        _ resource: Resource, namespace: String?, labelSelector: String?, fieldSelector: String?
    ) async throws(StatusError) -> [JSON] {
        let selection = try Selection(
            operations.kinds.find(resource), namespace: namespace, labelSelector: labelSelector,
            fieldSelector: fieldSelector)
        return try ObjectList(selection, ListOptions(), cache: operations.cache).objects.map(\.json)
    }

    func watch(_ resource: Resource, namespace: String?, fieldSelector: String?) -> AsyncStream<WatchEvent> {
        let selection: Selection
        do throws(StatusError) {
            selection = try Selection(
                operations.kinds.find(resource), namespace: namespace, labelSelector: nil, fieldSelector: fieldSelector)
        } catch {
            return AsyncStream { $0.finish() }
        }
        let watch = LocalWatch(selection, cache: operations.cache)
        return AsyncStream(unfolding: { await watch.next() }, onCancel: { watch.cancel() })
    }

    func create(_ resource: Resource, namespace: String?, _ object: JSON) async throws(StatusError) -> JSON {
        let kind = try operations.kinds.find(resource)
        let decoded = try kind.decode(object)
        return try await operations.create(kind, namespace: namespace, decoded.object).body.json
    }

    func update(
        _ resource: Resource, namespace: String?, name: String, subresource: String?,
        _ change: @Sendable (inout JSON) throws(StatusError) -> Bool
    ) async throws(StatusError) -> JSON? {
        let kind = try operations.kinds.find(resource)
        let outcome = try await writer.update(
            kind, namespace: namespace, name: name, subresource: subresource, repeats: true
        ) { current throws(StatusError) in
            var object = current
            guard try change(&object) else { return nil }
            return try kind.decode(object).object
        }
        return outcome?.body.json
    }

    func delete(
        _ resource: Resource, namespace: String?, name: String, gracePeriodSeconds: Int?, uid: String?
    ) async throws(StatusError) {
        let options = DeleteOptions(gracePeriodSeconds: gracePeriodSeconds.map(Int64.init), uid: uid)
        _ = try await writer.delete(operations.kinds.find(resource), namespace: namespace, name: name, options)
    }

    func bind(pod: String, namespace: String, uid: String, node: String) async throws(StatusError) {
        let binding: JSON = [
            "metadata": ["name": .string(pod), "uid": .string(uid)],
            "target": ["kind": "Node", "name": .string(node)],
        ]
        try await writer.bind(operations.kinds.find(.pods), namespace: namespace, pod: pod, binding)
    }
}
