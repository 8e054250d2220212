internal import Synchronization

/// Keeps calls for one object in line, as the tag `[object-serial]` promises (PH-3), and refuses objects that are stuck.
final class ObjectGate: Sendable {
    private struct Entry {
        var waiting: [CheckedContinuation<Void, Never>] = []
        var stuck = false
    }

    private let entries = Mutex<[String: Entry]>([:])

    /// Waits for its turn. False when a call for the object was written off and has not returned.
    func enter(_ object: String) async -> Bool {
        await withCheckedContinuation { continuation in
            let now = entries.withLock { entries in
                guard entries[object] != nil else {
                    entries[object] = Entry()
                    return true
                }
                if entries[object]?.stuck == true { return true }
                entries[object]?.waiting.append(continuation)
                return false
            }
            if now { continuation.resume() }
        }
        return entries.withLock { $0[object]?.stuck != true }
    }

    /// Lets the next one in.
    func leave(_ object: String) {
        let next: CheckedContinuation<Void, Never>? = entries.withLock { entries in
            guard var entry = entries[object], !entry.stuck else { return nil }
            guard !entry.waiting.isEmpty else {
                entries[object] = nil
                return nil
            }
            let first = entry.waiting.removeFirst()
            entries[object] = entry
            return first
        }
        next?.resume()
    }

    /// The running call was written off: those who wait are refused, and all others until ``freed(_:)``.
    func stuck(_ object: String) {
        let waiting: [CheckedContinuation<Void, Never>] = entries.withLock { entries in
            let waiting = entries[object]?.waiting ?? []
            entries[object] = Entry(waiting: [], stuck: true)
            return waiting
        }
        for continuation in waiting { continuation.resume() }
    }

    /// The call that was written off has returned after all.
    func freed(_ object: String) { entries.withLock { $0[object] = nil } }
}
