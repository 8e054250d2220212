public import PintleObjects

/// One step of a watch.
public enum WatchEvent: Sendable {
    /// The object exists; sent for each at the start and whenever one is created.
    case added(JSON)
    /// The object changed; this is its new state.
    case modified(JSON)
    /// The object is gone; this is its last state.
    case deleted(JSON)
    /// Everything that existed at the start has been sent. Comes exactly once.
    case synced
}

/// The API as the parts of the server's own process see it: no HTTP, no authorization.
///
/// Defaulting, validation and admission run as they do over HTTP. Every object returned carries
/// `metadata.resourceVersion`. Calls may come from any task; none blocks a thread. Values are snapshots: changing
/// one changes nothing until it is written.
public protocol APIClient: Sendable {
    /// Reads one object.
    ///
    /// `namespace`: `nil` for a resource that has no namespaces.
    ///
    /// - Throws: `NotFound` when there is no such object or the resource is not served.
    func get(_ resource: Resource, namespace: String?, name: String) async throws(StatusError) -> JSON

    /// Reads all objects that match, sorted by namespace and name.
    ///
    /// `namespace`: `nil` for all namespaces.
    /// `labelSelector`: In Kubernetes' text form, for example `"app=web,tier!=db"`; `nil` selects everything.
    /// `fieldSelector`: The same for fields, for example `"spec.nodeName=n1"`.
    ///
    /// - Throws: `BadRequest` for a selector that cannot be parsed or a field that is not indexed.
    func list(
        _ resource: Resource, namespace: String?, labelSelector: String?, fieldSelector: String?
    ) async throws(StatusError) -> [JSON]

    /// Follows all objects that match: first each as `added`, then `synced`, then changes as they happen.
    ///
    /// An object that starts to match `fieldSelector` arrives as `added`, one that stops as `deleted`. A reader that
    /// falls behind misses intermediate states, never the last one. The stream ends only when its task is cancelled
    /// or, at once and empty, when the resource is not served or the selector is wrong.
    func watch(_ resource: Resource, namespace: String?, fieldSelector: String?) -> AsyncStream<WatchEvent>

    /// Creates `object` and returns it as stored.
    ///
    /// - Throws: `AlreadyExists`, `Invalid`, `NotFound` (the namespace), `Forbidden` (the namespace is terminating).
    func create(_ resource: Resource, namespace: String?, _ object: JSON) async throws(StatusError) -> JSON

    /// Reads the object, lets `change` edit it and writes the result when `change` returned true; repeats on conflict.
    ///
    /// `change` may therefore run several times and must depend on its argument only.
    ///
    /// `subresource`: `nil`, or `"status"` to write the status and nothing else.
    ///
    /// - Returns: The object as stored, or `nil` when `change` returned false.
    /// - Throws: `NotFound`, `Invalid`, or what `change` throws.
    @discardableResult
    func update(
        _ resource: Resource, namespace: String?, name: String, subresource: String?,
        _ change: @Sendable (inout JSON) throws(StatusError) -> Bool
    ) async throws(StatusError) -> JSON?

    /// Deletes an object, at once or gracefully as its kind does it.
    ///
    /// `gracePeriodSeconds`: Seconds; 0 removes a pod at once, `nil` takes the object's own period.
    /// `uid`: When given, the object must have it, otherwise `Conflict` is thrown and nothing changes.
    ///
    /// - Throws: `NotFound`, `Conflict`.
    func delete(
        _ resource: Resource, namespace: String?, name: String, gracePeriodSeconds: Int?, uid: String?
    ) async throws(StatusError)

    /// Binds an unscheduled pod to a node: sets `spec.nodeName` and the condition `PodScheduled`.
    ///
    /// - Throws: `NotFound`; `Conflict` when the pod is bound already, is being deleted or has another uid.
    func bind(pod: String, namespace: String, uid: String, node: String) async throws(StatusError)
}

extension APIClient {
    /// Deletes an object with its own grace period, whatever its uid.
    public func delete(_ resource: Resource, namespace: String?, name: String) async throws(StatusError) {
        try await delete(resource, namespace: namespace, name: name, gracePeriodSeconds: nil, uid: nil)
    }

    /// Reads all objects of a namespace, or of all namespaces when it is `nil`.
    public func list(_ resource: Resource, namespace: String? = nil) async throws(StatusError) -> [JSON] {
        try await list(resource, namespace: namespace, labelSelector: nil, fieldSelector: nil)
    }

    /// Reads one object, or `nil` when there is none.
    public func find(_ resource: Resource, namespace: String?, name: String) async throws(StatusError) -> JSON? {
        do {
            return try await get(resource, namespace: namespace, name: name)
        } catch {
            if error.code == 404 { return nil }
            throw error
        }
    }
}
