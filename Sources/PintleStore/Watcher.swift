import Synchronization

struct WatcherState {
    let resource: String
    /// The revision of the last change that the watcher has read.
    var cursor: Int64
    /// Set while the watcher waits.
    var parked: CheckedContinuation<Void, Never>?
    /// Asked to return although nothing happened.
    var isPoked = false
    var isCancelled = false
}

/// Reads the changes of one resource, in order, from where it began.
///
/// It has no buffer of its own: it reads from the cache's history. One task calls ``next()``; others may ``poke()`` or
/// ``cancel()`` it. It must be cancelled when it is no longer wanted.
public final class Watcher: Sendable {
    /// What ``next()`` brings.
    public enum Step: Sendable {
        /// Changes, oldest first, none when the watcher was poked; nothing more happened up to `revision`.
        case events([CacheEvent], revision: Int64)
        /// The reader was too slow: changes are missing. List again.
        case expired
        /// The watcher or its task was cancelled.
        case cancelled
    }

    private let cache: WatchCache
    private let id: UInt64

    init(cache: WatchCache, id: UInt64) {
        self.cache = cache
        self.id = id
    }

    deinit { cancel() }

    /// Waits for changes.
    ///
    /// Returns at once when there are some already.
    public func next() async -> Step {
        await withTaskCancellationHandler {
            while true {
                if let step = take() { return step }
                await withCheckedContinuation { continuation in
                    let isReady = cache.state.withLock { $0.park(id, continuation) }
                    if isReady { continuation.resume() }
                }
            }
        } onCancel: {
            cancel()
        }
    }

    /// What is there now, without waiting; `nil` when ``next()`` would wait.
    private func take() -> Step? {
        let batch = cache.limits.batch
        return cache.state.withLock { $0.take(id, limit: batch) }
    }

    /// Makes ``next()`` return, with no changes if there are none; the next call if none is waiting.
    public func poke() { wake { $0.isPoked = true } }

    /// Ends the watch; ``next()`` returns `cancelled` from now on.
    public func cancel() {
        wake { $0.isCancelled = true }
        cache.state.withLock { state in
            guard let removed = state.watchers.removeValue(forKey: id) else { return }
            state.resources[removed.resource]?.watchers.remove(id)
        }
    }

    private func wake(_ change: (inout WatcherState) -> Void) {
        let parked = cache.state.withLock { state -> CheckedContinuation<Void, Never>? in
            guard var watcher = state.watchers[id] else { return nil }
            change(&watcher)
            let parked = watcher.parked.take()
            state.watchers[id] = watcher
            return parked
        }
        parked?.resume()
    }
}

extension WatchCache {
    /// Begins to watch a resource.
    ///
    /// `revision`: The watcher brings the changes after it; `nil` is now.
    ///
    /// - Throws: `expired` when the history does not reach back that far; `notFound` for a revision in the future.
    public func watch(_ resource: String, after revision: Int64?) throws(StoreError) -> Watcher {
        try state.withLock { state throws(StoreError) in
            if let revision { try state.checkRevision(revision, resource: resource) }
            return Watcher(cache: self, id: state.addWatcher(resource, after: revision, limits: limits))
        }
    }

    /// Lists a resource and watches it from exactly there.
    public func listAndWatch(_ resource: String, namespace: String?) -> (CacheList, Watcher) {
        state.withLock { state in
            let list = CacheList(
                objects: state.resources[resource]?.objects.slice(namespace: namespace) ?? [],
                revision: state.revision)
            return (list, Watcher(cache: self, id: state.addWatcher(resource, after: nil, limits: limits)))
        }
    }

    /// How many watchers there are.
    public var watcherCount: Int { state.withLock { $0.watchers.count } }
}

extension WatchCache.State {
    mutating func addWatcher(_ resource: String, after revision: Int64?, limits: CacheLimits) -> UInt64 {
        lastWatcher += 1
        watchers[lastWatcher] = WatcherState(resource: resource, cursor: revision ?? self.revision)
        resources[
            resource,
            default: WatchCache.ResourceState(
                objects: SortedObjects(), history: ResourceHistory(since: loadedAt, limits: limits))
        ].watchers.insert(lastWatcher)
        return lastWatcher
    }

    /// Leaves a continuation to be resumed at the next change; true when there is reason to go on at once.
    mutating func park(_ id: UInt64, _ continuation: CheckedContinuation<Void, Never>) -> Bool {
        guard var watcher = watchers[id], let history = resources[watcher.resource]?.history else { return true }
        if watcher.isCancelled || watcher.isPoked || history.hasEvents(after: watcher.cursor) { return true }
        watcher.parked = continuation
        watchers[id] = watcher
        return false
    }

    mutating func take(_ id: UInt64, limit: Int) -> Watcher.Step? {
        guard var watcher = watchers[id], !watcher.isCancelled, let found = resources[watcher.resource] else {
            return .cancelled
        }
        guard watcher.cursor >= found.history.completeSince else { return .expired }
        let events = found.history.events(after: watcher.cursor, limit: limit)
        guard !events.isEmpty || watcher.isPoked else { return nil }
        // A full batch may have more behind it; otherwise all up to the latest revision is read.
        let upTo = events.count == limit ? events.last?.object.revision ?? revision : revision
        watcher.cursor = upTo
        watcher.isPoked = false
        watchers[id] = watcher
        return .events(events, revision: upTo)
    }
}
