import PintleClient
import PintleObjects
import PintleStore
import Synchronization

/// Follows objects for a reader in this process.
///
/// It remembers which objects the reader has seen, so that it can go on without a gap in what matters when the reader was
/// too slow for the history: it lists again and tells the differences.
final class LocalWatch: Sendable {
    private struct State {
        var watcher: Watcher?
        /// What the reader has, as it last saw it.
        var known: [ObjectKey: CachedObject] = [:]
        /// What it has still to be told; read from `head`.
        var pending: [Pending] = []
        var head = 0
        var isSynced = false
    }

    private enum Pending {
        case added(CachedObject)
        case modified(CachedObject)
        case deleted(CachedObject)
        case synced
    }

    private let selection: Selection
    private let cache: WatchCache
    private let state = Mutex(State())

    init(_ selection: Selection, cache: WatchCache) {
        self.selection = selection
        self.cache = cache
    }

    func cancel() { state.withLock { $0.watcher }?.cancel() }

    /// The next event; `nil` when the task is cancelled.
    ///
    /// Called by one task.
    func next() async -> WatchEvent? {
        while !Task.isCancelled {
            if let event = take() { return event }
            guard let watcher = state.withLock({ $0.watcher }) else {
                relist()
                continue
            }
            switch await watcher.next() {
            case .cancelled: return nil
            case .expired: relist()
            case .events(let events, _): note(events)
            }
        }
        return nil
    }

    private func take() -> WatchEvent? {
        let pending = state.withLock { state -> Pending? in
            guard state.head < state.pending.count else {
                state.pending = []
                state.head = 0
                return nil
            }
            state.head += 1
            return state.pending[state.head - 1]
        }
        // Decoded here, one at a time, so that a long list does not lie around in trees.
        switch pending {
        case .added(let object)?: return .added(object.json)
        case .modified(let object)?: return .modified(object.json)
        case .deleted(let object)?: return .deleted(object.json)
        case .synced?: return .synced
        case nil: return nil
        }
    }

    private func note(_ events: [CacheEvent]) {
        state.withLock { state in
            for event in events {
                let key = event.object.key
                let matches = event.kind != .deleted && selection.matches(event.object)
                switch (state.known[key], matches) {
                case (nil, true): state.pending.append(.added(event.object))
                case (_?, true): state.pending.append(.modified(event.object))
                case (let last?, false):
                    state.pending.append(
                        .deleted(event.kind == .deleted ? event.object : last.restamped(event.object.revision)))
                case (nil, false): break
                }
                state.known[key] = matches ? event.object : nil
            }
        }
    }

    /// Lists, notes how that differs from what the reader has, and watches from there.
    private func relist() {
        let (list, watcher) = cache.listAndWatch(selection.kind.storageName, namespace: selection.namespace)
        state.withLock { state in
            state.watcher?.cancel()
            state.watcher = watcher
            var gone = state.known
            for object in list.objects where selection.matches(object) {
                switch gone.removeValue(forKey: object.key) {
                case nil: state.pending.append(.added(object))
                case let last? where last.revision != object.revision: state.pending.append(.modified(object))
                default: break
                }
                state.known[object.key] = object
            }
            for (key, last) in gone {
                state.pending.append(.deleted(last))
                state.known[key] = nil
            }
            if !state.isSynced {
                state.isSynced = true
                state.pending.append(.synced)
            }
        }
    }
}
