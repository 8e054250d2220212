/// One change as watchers see it.
public struct CacheEvent: Sendable {
    /// What happened.
    public enum Kind: Sendable, Hashable {
        /// The object is new.
        case added
        /// It was there before; ``CacheEvent/previous`` is what it was.
        case modified
        /// It is gone; ``CacheEvent/object`` is its last state under the revision of its removal.
        case deleted
    }

    /// What happened.
    public let kind: Kind
    /// The state after the change.
    public let object: CachedObject
    /// The state before the change.
    public let previous: CachedObject?
}

/// The latest changes of one resource, bounded in number and in bytes.
struct ResourceHistory {
    /// The history is complete from this revision on: a watch may begin there, but not earlier.
    private(set) var completeSince: Int64
    private var events: ContiguousArray<CacheEvent> = []
    /// Events before this index have been dropped; the array is trimmed when they are half of it.
    private var head = 0
    private var bytes = 0
    private let limits: CacheLimits

    init(since revision: Int64, limits: CacheLimits) {
        completeSince = revision
        self.limits = limits
    }

    mutating func append(_ event: CacheEvent) {
        events.append(event)
        bytes += event.object.bytes.count
        while events.count - head > 1, events.count - head > limits.events || bytes > limits.bytes { dropFirst() }
        if head > 64, head * 2 > events.count {
            events.removeFirst(head)
            head = 0
        }
    }

    private mutating func dropFirst() {
        completeSince = events[head].object.revision
        bytes -= events[head].object.bytes.count
        head += 1
    }

    /// At most `limit` events after `revision`, oldest first.
    func events(after revision: Int64, limit: Int) -> [CacheEvent] {
        let start = firstIndex(after: revision)
        return Array(events[start..<min(events.count, start + limit)])
    }

    func hasEvents(after revision: Int64) -> Bool {
        events.count > head && (events.last?.object.revision ?? 0) > revision
    }

    /// All events after `revision`, newest first.
    func undoing(to revision: Int64) -> some Sequence<CacheEvent> {
        events[firstIndex(after: revision)...].reversed()
    }

    private func firstIndex(after revision: Int64) -> Int {
        var (low, high) = (head, events.count)
        while low < high {
            let middle = (low + high) / 2
            if events[middle].object.revision <= revision { low = middle + 1 } else { high = middle }
        }
        return low
    }
}
