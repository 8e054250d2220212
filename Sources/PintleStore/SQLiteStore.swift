import Dispatch
import Synchronization

/// The store in one SQLite file, for one machine.
///
/// One thread of its own writes: it takes every write queued so far into one transaction, which SQLite syncs to the
/// disk, and then acknowledges them all. The file is held by one process at a time.
public final class SQLiteStore: ObjectStore {
    /// The moments of a group commit, in order; tests kill the process at each.
    public enum CommitStep: String, Sendable, CaseIterable {
        /// The transaction has begun.
        case begun
        /// Every statement has run; nothing is durable.
        case applied
        /// All is durable; nobody has been told.
        case synced
        /// The feed has seen the changes; the writers have not been told.
        case published
    }

    private struct Pending {
        let write: StoreWrite
        let completion: @Sendable (Result<Int64, StoreError>) -> Void
    }

    private struct Queue {
        var pending: [Pending] = []
        var isClosed = true
    }

    private let path: String
    private let onStep: (@Sendable (CommitStep) -> Void)?
    private let queue = Mutex(Queue())
    private let work = DispatchSemaphore(value: 0)
    private let finished = DispatchSemaphore(value: 0)

    /// Names the file; nothing is opened before ``open(feed:)``.
    ///
    /// `onStep`: Called on the writing thread at every step of a group commit.
    public init(path: String, onStep: (@Sendable (CommitStep) -> Void)? = nil) {
        self.path = path
        self.onStep = onStep
    }

    /// Opens or creates the file (mode 0600), loads it and starts the writing thread.
    public func open(feed: any StoreFeed) throws(StoreError) {
        let lock = try StoreLock(path: path + ".lock")
        let file = try SQLiteFile(path: path)
        let (records, revision) = try file.load()
        feed.loaded(records, revision: revision)
        queue.withLock { $0.isClosed = false }
        let writer = GroupWriter(file: file, lock: lock, revision: revision, feed: feed)
        startThread { self.run(writer) }
    }

    /// Queues a write for the next transaction.
    public func submit(_ write: StoreWrite, completion: @escaping @Sendable (Result<Int64, StoreError>) -> Void) {
        let isClosed = queue.withLock { queue in
            if !queue.isClosed { queue.pending.append(Pending(write: write, completion: completion)) }
            return queue.isClosed
        }
        if isClosed {
            completion(.failure(StoreError(.closed, "the store \(path) is closed")))
        } else {
            work.signal()
        }
    }

    /// Writes what is queued, then closes the file.
    ///
    /// Does nothing when the store is not open.
    public func close() {
        let wasOpen = queue.withLock { queue in
            defer { queue.isClosed = true }
            return !queue.isClosed
        }
        guard wasOpen else { return }
        work.signal()
        finished.wait()
    }

    /// The writing thread: sleeps until something is queued, commits all of it at once, acknowledges, tidies up.
    private func run(_ writer: GroupWriter) {
        while true {
            work.wait()
            let (batch, isClosed) = queue.withLock { queue in
                defer { queue.pending = [] }
                return (queue.pending, queue.isClosed)
            }
            if !batch.isEmpty {
                let results = writer.commit(batch.map(\.write), onStep: onStep)
                for (pending, result) in zip(batch, results) { pending.completion(result) }
                writer.checkpointIfDue()
            } else if isClosed {
                break
            }
        }
        writer.close()
        finished.signal()
    }
}
