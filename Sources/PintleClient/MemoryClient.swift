public import PintleObjects
internal import Synchronization

/// Objects in memory, for a node without an API server and for tests.
///
/// It keeps what it is given: no defaults, no validation, no selectors but those on `spec.nodeName` and
/// `metadata.name`. Pods are deleted gracefully. Threads: any.
public final class MemoryClient: APIClient {
    private struct Key: Hashable {
        let resource: Resource
        let name: ObjectName
    }

    private struct Watcher {
        let resource: Resource
        let selects: @Sendable (JSON) -> Bool
        let stream: AsyncStream<WatchEvent>.Continuation
    }

    private struct State {
        var objects: [Key: JSON] = [:]
        var watchers: [Int: Watcher] = [:]
        var revision: Int64 = 0
        var nextWatcher = 0
    }

    private let state = Mutex(State())
    /// Told of events instead of keeping them, which nobody could read.
    private let onEvent: @Sendable (JSON) -> Void

    /// Makes an empty one.
    ///
    /// - Parameter onEvent: Takes every Event that is written.
    public init(onEvent: @escaping @Sendable (JSON) -> Void = { _ in }) { self.onEvent = onEvent }

    /// See ``APIClient``.
    public func get(_ resource: Resource, namespace: String?, name: String) async throws(StatusError) -> JSON {
        let key = Key(resource: resource, name: ObjectName(namespace: namespace, name: name))
        guard let found = state.withLock({ $0.objects[key] }) else { throw Self.notFound(resource, name) }
        return found
    }

    /// See ``APIClient``; selectors are left aside.
    public func list(
        _ resource: Resource, namespace: String?, labelSelector: String?, fieldSelector: String?
    ) async throws(StatusError) -> [JSON] {
        let selects = Self.selection(namespace, fieldSelector)
        return state.withLock { state in
            state.objects.filter { $0.key.resource == resource && selects($0.value) }
                .sorted { $0.key.name < $1.key.name }.map(\.value)
        }
    }

    /// See ``APIClient``.
    public func watch(_ resource: Resource, namespace: String?, fieldSelector: String?) -> AsyncStream<WatchEvent> {
        let selects = Self.selection(namespace, fieldSelector)
        let (stream, continuation) = AsyncStream<WatchEvent>.makeStream()
        let number = state.withLock { state in
            let number = state.nextWatcher
            state.nextWatcher += 1
            for (key, object) in state.objects where key.resource == resource && selects(object) {
                continuation.yield(.added(object))
            }
            continuation.yield(.synced)
            state.watchers[number] = Watcher(resource: resource, selects: selects, stream: continuation)
            return number
        }
        // Cancelling a task holds a lock that yielding to it takes too, and that happens under our own lock.
        continuation.onTermination = { [weak self] _ in
            Task { [weak self] in self?.state.withLock { $0.watchers[number] = nil } }
        }
        return stream
    }

    /// See ``APIClient``.
    public func create(_ resource: Resource, namespace: String?, _ object: JSON) async throws(StatusError) -> JSON {
        if resource == .events {
            onEvent(object)
            return object
        }
        var new = object
        if let namespace { new["metadata"]["namespace"] = .string(namespace) }
        let key = Key(resource: resource, name: ObjectName(of: new))
        let created: JSON? = state.withLock { state in
            guard state.objects[key] == nil else { return nil }
            if new["metadata"]["uid"].isNull {
                new["metadata"]["uid"] = .string("\(UInt64.random(in: 0...UInt64.max))-\(state.revision)")
            }
            new["metadata"]["creationTimestamp"] = Timestamp.now.json
            Self.store(&new, key, .added, &state)
            return new
        }
        guard let created else {
            throw StatusError.alreadyExists(group: resource.group, resource: resource.plural, name: key.name.name)
        }
        return created
    }

    /// See ``APIClient``.
    public func update(
        _ resource: Resource, namespace: String?, name: String, subresource: String?,
        _ change: @Sendable (inout JSON) throws(StatusError) -> Bool
    ) async throws(StatusError) -> JSON? {
        let key = Key(resource: resource, name: ObjectName(namespace: namespace, name: name))
        while true {
            guard let before = state.withLock({ $0.objects[key] }) else { throw Self.notFound(resource, name) }
            var after = before
            guard try change(&after) else { return nil }
            let stored: JSON? = state.withLock { state in
                guard state.objects[key]?["metadata"]["resourceVersion"] == before["metadata"]["resourceVersion"] else {
                    return nil
                }
                Self.store(&after, key, .modified, &state)
                return after
            }
            if let stored { return stored }
        }
    }

    /// See ``APIClient``.
    public func delete(
        _ resource: Resource, namespace: String?, name: String, gracePeriodSeconds: Int?, uid: String?
    ) async throws(StatusError) {
        let key = Key(resource: resource, name: ObjectName(namespace: namespace, name: name))
        let failure: StatusError? = state.withLock { state in
            guard var object = state.objects[key] else { return Self.notFound(resource, name) }
            if let uid, object["metadata"]["uid"].string != uid {
                return StatusError.conflict(
                    group: resource.group, resource: resource.plural, name: name, "the UID in the precondition differs")
            }
            let grace = gracePeriodSeconds ?? object["spec"]["terminationGracePeriodSeconds"].int.map { Int($0) } ?? 30
            if resource == .pods, grace > 0 {
                object["metadata"]["deletionTimestamp"] = Timestamp.now.json
                object["metadata"]["deletionGracePeriodSeconds"] = .integer(Int64(grace))
                Self.store(&object, key, .modified, &state)
                return nil
            }
            state.objects[key] = nil
            for watcher in state.watchers.values where watcher.resource == resource && watcher.selects(object) {
                watcher.stream.yield(.deleted(object))
            }
            return nil
        }
        if let failure { throw failure }
    }

    /// See ``APIClient``.
    public func bind(pod: String, namespace: String, uid: String, node: String) async throws(StatusError) {
        _ = try await update(.pods, namespace: namespace, name: pod, subresource: nil) { object in
            object["spec"]["nodeName"] = .string(node)
            return true
        }
    }

    private enum Step { case added, modified }

    private static func store(_ object: inout JSON, _ key: Key, _ step: Step, _ state: inout State) {
        state.revision += 1
        object["metadata"]["resourceVersion"] = .string("\(state.revision)")
        state.objects[key] = object
        for watcher in state.watchers.values where watcher.resource == key.resource && watcher.selects(object) {
            watcher.stream.yield(step == .added ? .added(object) : .modified(object))
        }
    }

    private static func selection(_ namespace: String?, _ fields: String?) -> @Sendable (JSON) -> Bool {
        let wanted = (fields ?? "").split(separator: ",").map { term in
            term.split(separator: "=", maxSplits: 1).map(String.init)
        }
        return { object in
            if let namespace, object["metadata"]["namespace"].string != namespace { return false }
            return wanted.allSatisfy { pair in
                guard pair.count == 2 else { return true }
                var value = object
                for part in pair[0].split(separator: ".") { value = value[String(part)] }
                return value.string == pair[1]
            }
        }
    }

    private static func notFound(_ resource: Resource, _ name: String) -> StatusError {
        StatusError.notFound(group: resource.group, resource: resource.plural, name: name)
    }
}
