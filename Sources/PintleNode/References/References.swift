internal import PintleClient
internal import PintleObjects
internal import Synchronization

/// The objects that pods of this node refer to, followed by one watch each, as long as a pod uses them.
///
/// Nothing is polled. Any thread may call; callbacks run on the watch's task, after the new value can be read.
final class References: Sendable {
    typealias Callback = @Sendable (Reference) -> Void

    private struct Entry {
        /// By name; more than one only for ``Reference/services(namespace:)``.
        var objects: [String: JSON] = [:]
        /// What existed at the beginning is known.
        var isSynced = false
        /// The object can't change any more, so its watch has ended.
        var isFrozen = false
        var users: [String: Callback] = [:]
        var waiters: [CheckedContinuation<Void, Never>] = []
        var task: Task<Void, Never>?
        /// Tells a watch from the one that replaced it.
        var generation: UInt64 = 0

        mutating func wake() {
            isSynced = true
            for waiter in waiters { waiter.resume() }
            waiters = []
        }

        /// Ends the watch of what can't change.
        mutating func freeze() {
            guard isSynced, objects.values.contains(where: { $0["immutable"].bool == true }) else { return }
            isFrozen = true
            task = nil
        }
    }

    private struct State {
        var entries: [Reference: Entry] = [:]
        var used: [String: Set<Reference>] = [:]
        var generation: UInt64 = 0
    }

    private let client: any APIClient
    private let state = Mutex(State())

    init(_ client: any APIClient) { self.client = client }

    /// How many objects are followed.
    var count: Int { state.withLock { $0.entries.count } }

    /// Makes `user` follow exactly these, beginning and ending watches as needed; `changed` tells of every change.
    func follow(_ wanted: Set<Reference>, by user: String, changed: @escaping Callback) {
        state.withLock { state in
            let before = state.used[user] ?? []
            for reference in before.subtracting(wanted) { drop(reference, user, &state) }
            for reference in wanted.subtracting(before) {
                var entry = state.entries[reference] ?? Entry()
                if entry.task == nil {
                    // A frozen object is read again for its new user: it may have been made anew.
                    state.generation += 1
                    entry.generation = state.generation
                    entry.objects = [:]
                    entry.isSynced = false
                    entry.isFrozen = false
                    entry.task = watch(reference, state.generation)
                }
                entry.users[user] = changed
                state.entries[reference] = entry
            }
            state.used[user] = wanted.isEmpty ? nil : wanted
        }
    }

    /// Lets everything of `user` go.
    func release(_ user: String) { follow([], by: user) { _ in } }

    /// Waits until the first state of each is known.
    func settled(_ references: Set<Reference>) async {
        for reference in references {
            await withCheckedContinuation { continuation in
                let isReady = state.withLock { state in
                    guard let entry = state.entries[reference], !entry.isSynced else { return true }
                    state.entries[reference]?.waiters.append(continuation)
                    return false
                }
                if isReady { continuation.resume() }
            }
        }
    }

    /// The object as last seen; nil when there is none.
    func object(_ reference: Reference) -> JSON? { state.withLock { $0.entries[reference]?.objects.first?.value } }

    /// All that a reference stands for, by name.
    func objects(_ reference: Reference) -> [JSON] {
        let found = state.withLock { $0.entries[reference]?.objects ?? [:] }
        return found.sorted { $0.key < $1.key }.map(\.value)
    }

    /// Ends every watch.
    func stop() { for user in state.withLock({ Array($0.used.keys) }) { release(user) } }

    private func drop(_ reference: Reference, _ user: String, _ state: inout State) {
        guard var entry = state.entries[reference] else { return }
        entry.users[user] = nil
        guard entry.users.isEmpty else {
            state.entries[reference] = entry
            return
        }
        entry.task?.cancel()
        for waiter in entry.waiters { waiter.resume() }
        state.entries[reference] = nil
    }

    private func watch(_ reference: Reference, _ generation: UInt64) -> Task<Void, Never> {
        Task { [weak self, client] in
            let events = client.watch(
                reference.resource, namespace: reference.namespace, fieldSelector: reference.fieldSelector)
            for await event in events {
                guard let self, self.take(event, reference, generation) else { return }
            }
            // A resource that is not served: there is nothing, and never will be while this server runs.
            self?.synced(reference, generation)
        }
    }

    /// Notes an event; false when the watch has no further use.
    private func take(_ event: WatchEvent, _ reference: Reference, _ generation: UInt64) -> Bool {
        let callbacks: [Callback]? = state.withLock { state in
            guard var entry = state.entries[reference], entry.generation == generation else { return nil }
            defer { state.entries[reference] = entry }
            switch event {
            case .added(let object), .modified(let object):
                let name = object["metadata"]["name"].string ?? ""
                let kept = Self.needed(object)
                guard entry.objects[name] != kept else { return [] }
                entry.objects[name] = kept
            case .deleted(let object):
                entry.objects[object["metadata"]["name"].string ?? ""] = nil
            case .synced:
                entry.wake()
                entry.freeze()
                return []
            }
            entry.freeze()
            return Array(entry.users.values)
        }
        guard let callbacks else { return false }
        for callback in callbacks { callback(reference) }
        return state.withLock { $0.entries[reference].map { $0.generation == generation && !$0.isFrozen } ?? false }
    }

    private func synced(_ reference: Reference, _ generation: UInt64) {
        state.withLock { state in
            guard state.entries[reference]?.generation == generation else { return }
            state.entries[reference]?.wake()
        }
    }

    /// Without what nobody reads, which may be most of it.
    private static func needed(_ object: JSON) -> JSON {
        var kept: JSON = ["metadata": ["name": object["metadata"]["name"]]]
        for field in ["data", "binaryData", "immutable", "spec"] where !object[field].isNull {
            kept[field] = object[field]
        }
        return kept
    }
}
