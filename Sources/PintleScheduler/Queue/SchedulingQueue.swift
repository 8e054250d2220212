import PintleClient

/// The pods that wait for a node: by priority, then in the order in which they came.
///
/// A pod that found none is parked until something changes that might help, and then tried again, at the earliest one
/// second after its first try, two after its second, and so on up to ten. Times are nanoseconds of any steady clock.
struct SchedulingQueue: Sendable {
    private enum Place: Sendable {
        case ready, delayed, parked
    }

    private struct Entry: Sendable {
        var place: Place
        let priority: Int64
        let order: Int
        var attempts = 0
        var lastAttempt: Int64 = 0
    }

    private var entries: [ObjectName: Entry] = [:]
    private var ready = Heap()
    /// The pods whose delay is running, and when it is over.
    private var delays: [ObjectName: Int64] = [:]
    private var nextOrder = 0

    /// The delay after the first try, in nanoseconds.
    private static let firstDelay: Int64 = 1_000_000_000
    /// The longest delay, in nanoseconds.
    private static let longestDelay: Int64 = 10_000_000_000

    /// Adds a pod to be tried at once; does nothing if it's there.
    mutating func add(_ name: ObjectName, priority: Int64) {
        guard entries[name] == nil else { return }
        entries[name] = Entry(place: .ready, priority: priority, order: nextOrder)
        ready.insert(Heap.Item(priority: priority, order: nextOrder, name: name))
        nextOrder += 1
    }

    /// Forgets a pod.
    mutating func remove(_ name: ObjectName) {
        entries[name] = nil
        delays[name] = nil
    }

    /// Takes the next pod to be tried; park or remove it afterwards.
    mutating func next(now: Int64) -> ObjectName? {
        releaseDelayed(now: now)
        while let item = ready.popFirst() {
            guard var entry = entries[item.name], entry.order == item.order, entry.place == .ready else { continue }
            entry.place = .parked
            entry.attempts += 1
            entry.lastAttempt = now
            entries[item.name] = entry
            return item.name
        }
        return nil
    }

    /// Tries a pod again once its delay is over, because the pod itself or its surroundings changed.
    mutating func retry(_ name: ObjectName, now: Int64) {
        guard var entry = entries[name], entry.place == .parked else { return }
        let until = entry.lastAttempt + Self.delay(after: entry.attempts)
        if until > now {
            entry.place = .delayed
            delays[name] = until
        } else {
            entry.place = .ready
            ready.insert(Heap.Item(priority: entry.priority, order: entry.order, name: name))
        }
        entries[name] = entry
    }

    /// The same for every parked pod.
    mutating func retryAll(now: Int64) {
        for name in entries.keys { retry(name, now: now) }
    }

    /// When the next delay is over; nil if none is running.
    var nextWake: Int64? { delays.values.min() }

    private mutating func releaseDelayed(now: Int64) {
        for (name, until) in delays where until <= now {
            delays[name] = nil
            guard let entry = entries[name] else { continue }
            entries[name]?.place = .ready
            ready.insert(Heap.Item(priority: entry.priority, order: entry.order, name: name))
        }
    }

    private static func delay(after attempts: Int) -> Int64 {
        attempts > 4 ? longestDelay : min(firstDelay << max(attempts - 1, 0), longestDelay)
    }
}
