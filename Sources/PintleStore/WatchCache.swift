import Synchronization

/// All objects in memory, as encoded bytes, with the latest changes of each resource.
///
/// Reads never touch the disk and never wait for a write. One mutex guards everything and is held for look-ups and
/// insertions only, never while somebody else's code runs. Every watcher sees every change of its resource in the same
/// order, the order of revisions; a slow one is not waited for: it reads from the shared history at its own pace, and
/// when the history has moved past it, it is told to start again.
public final class WatchCache: StoreFeed {
    struct ResourceState {
        var objects: SortedObjects
        var history: ResourceHistory
        var watchers: Set<UInt64> = []
    }

    struct State {
        var revision: Int64 = 0
        /// The revision at which the store was opened; nothing before it is known.
        var loadedAt: Int64 = 0
        var resources: [String: ResourceState] = [:]
        var watchers: [UInt64: WatcherState] = [:]
        var lastWatcher: UInt64 = 0
    }

    let limits: CacheLimits
    let state = Mutex(State())

    /// Makes an empty cache; a store fills it.
    public init(limits: CacheLimits = CacheLimits()) { self.limits = limits }

    // MARK: Following the store

    /// Takes in what the store holds.
    public func loaded(_ records: [StoredRecord], revision: Int64) {
        var objects: [String: ContiguousArray<CachedObject>] = [:]
        for record in records {
            objects[record.key.resource, default: []]
                .append(CachedObject(key: record.key, revision: record.revision, body: record.body))
        }
        state.withLock { state in
            state.revision = revision
            state.loadedAt = revision
            for (resource, objects) in objects {
                state.resources[resource] = ResourceState(
                    objects: SortedObjects(objects), history: ResourceHistory(since: revision, limits: limits))
            }
        }
    }

    /// Takes in committed changes and wakes whoever watches their resources.
    public func committed(_ changes: [StoreChange]) {
        // Bytes are put together before the lock is taken; only removals need the object they remove.
        let objects = changes.map { change in
            change.body.map { CachedObject(key: change.key, revision: change.revision, body: $0) }
        }
        let woken = state.withLock { state in
            for (change, object) in zip(changes, objects) {
                state.apply(change, object, limits: limits)
                state.revision = change.revision
            }
            return Set(changes.map(\.key.resource)).flatMap { state.wakeWatchers(of: $0) }
        }
        for continuation in woken { continuation.resume() }
    }

    // MARK: Reading

    /// The revision of the latest committed change.
    public var revision: Int64 { state.withLock { $0.revision } }

    /// The object, or `nil`.
    public func find(_ key: ObjectKey) -> CachedObject? {
        state.withLock { $0.resources[key.resource]?.objects.find(namespace: key.namespace, name: key.name) }
    }

    /// The objects of a resource as they are now.
    ///
    /// `namespace`: `nil` for all namespaces.
    public func list(_ resource: String, namespace: String?) -> CacheList {
        state.withLock { state in
            CacheList(
                objects: state.resources[resource]?.objects.slice(namespace: namespace) ?? [],
                revision: state.revision)
        }
    }

    /// The objects of a resource as they were at `revision`, found by undoing the changes since.
    ///
    /// - Throws: `expired` when the history does not reach back that far; `notFound` for a revision in the future.
    public func list(_ resource: String, namespace: String?, at revision: Int64) throws(StoreError) -> CacheList {
        let (current, undo) = try state.withLock { state throws(StoreError) in
            try state.checkRevision(revision, resource: resource)
            guard let found = state.resources[resource] else { return (SortedObjects(), [CacheEvent]()) }
            return (found.objects, Array(found.history.undoing(to: revision)))
        }
        var objects = current
        for event in undo {
            switch event.kind {
            case .added: objects.remove(event.object.key)
            case .modified, .deleted: if let previous = event.previous { objects.insert(previous) }
            }
        }
        return CacheList(objects: objects.slice(namespace: namespace), revision: revision)
    }
}

/// Objects in the order of their keys, all of one moment.
public struct CacheList: Sendable {
    /// The objects; sharing them with the cache costs nothing.
    public let objects: ArraySlice<CachedObject>
    /// The moment.
    public let revision: Int64
}

extension WatchCache.State {
    mutating func apply(_ change: StoreChange, _ object: CachedObject?, limits: CacheLimits) {
        let resource = change.key.resource
        var found =
            resources.removeValue(forKey: resource)
            ?? WatchCache.ResourceState(
                objects: SortedObjects(), history: ResourceHistory(since: loadedAt, limits: limits))
        if let object {
            let previous = found.objects.insert(object)
            found.history.append(
                CacheEvent(kind: previous == nil ? .added : .modified, object: object, previous: previous))
        } else if let previous = found.objects.remove(change.key) {
            found.history.append(
                CacheEvent(kind: .deleted, object: previous.restamped(change.revision), previous: previous))
        }
        resources[resource] = found
    }

    func checkRevision(_ revision: Int64, resource: String) throws(StoreError) {
        guard revision <= self.revision else {
            throw StoreError(.notFound, "revision \(revision) is in the future", currentRevision: self.revision)
        }
        let oldest = resources[resource]?.history.completeSince ?? loadedAt
        guard revision >= oldest else {
            throw StoreError(.expired, "revision \(revision) is older than \(oldest)", currentRevision: oldest)
        }
    }

    mutating func wakeWatchers(of resource: String) -> [CheckedContinuation<Void, Never>] {
        guard let ids = resources[resource]?.watchers else { return [] }
        return ids.compactMap { watchers[$0]?.parked.take() }
    }
}
