internal import Synchronization

/// Keeps calls for one object in line, as the tag `[object-serial]` promises (PH-3), and refuses objects that are stuck.
///
/// A call whose task gave up keeps its place; the driver thread that it is given to passes the turn on.
final class ObjectGate: Sendable {
    private struct Entry {
        var waiting: [CallJob] = []
        var isStuck = false
    }

    /// What a call may do.
    enum Answer {
        /// Go ahead, and ``leave(_:)`` afterwards.
        case enter
        /// ``leave(_:)`` of another call will hand it out.
        case wait
        /// A call for the object was written off and has not returned.
        case stuck
    }

    private let entries = Mutex<[String: Entry]>([:])

    func enter(_ object: String, _ job: CallJob) -> Answer {
        entries.withLock { entries in
            guard let entry = entries[object] else {
                entries[object] = Entry()
                return .enter
            }
            if entry.isStuck { return .stuck }
            entries[object]?.waiting.append(job)
            return .wait
        }
    }

    /// Passes the turn on: the answer is the call that has it now.
    func leave(_ object: String) -> CallJob? {
        entries.withLock { entries in
            guard let entry = entries[object] else { return nil }
            if entry.waiting.isEmpty {
                entries[object] = nil
                return nil
            }
            return entries[object]?.waiting.removeFirst()
        }
    }

    /// The running call was written off: all calls are refused until ``freed(_:)``.
    ///
    /// Answers those that waited.
    func stuck(_ object: String) -> [CallJob] {
        entries.withLock { entries in
            defer { entries[object] = Entry(isStuck: true) }
            return entries[object]?.waiting ?? []
        }
    }

    /// The call that was written off has returned after all.
    func freed(_ object: String) { entries.withLock { $0[object] = nil } }
}
