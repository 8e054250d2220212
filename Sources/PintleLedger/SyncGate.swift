internal import Glibc

/// Lets many threads share one `fdatasync` of the write-ahead log.
///
/// SQLite commits without syncing (`synchronous=NORMAL`), in order, to one log file. Who needs the commit on the
/// platter waits here: the first to come syncs for all that had committed by then, the others wait for that sync or
/// for the next one. This is what `synchronous=FULL` does after each commit, shared.
final class SyncGate: @unchecked Sendable {
    // @unchecked: every stored variable is read and written only with `mutex` held; the pointers are constant.
    private let mutex: UnsafeMutablePointer<pthread_mutex_t>
    private let condition: UnsafeMutablePointer<pthread_cond_t>
    private let sync: @Sendable () -> Int32
    private var committed: UInt64 = 0
    private var synced: UInt64 = 0
    private var isSyncing = false
    private var failure: Int32 = 0
    private var syncs: UInt64 = 0

    /// Makes a gate over `sync`, which returns 0 or an errno.
    init(sync: @escaping @Sendable () -> Int32) {
        self.sync = sync
        mutex = .allocate(capacity: 1)
        condition = .allocate(capacity: 1)
        pthread_mutex_init(mutex, nil)
        pthread_cond_init(condition, nil)
    }

    deinit {
        pthread_cond_destroy(condition)
        pthread_mutex_destroy(mutex)
        condition.deallocate()
        mutex.deallocate()
    }

    /// How many syncs were made, for tests and metrics.
    var syncCount: UInt64 {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        return syncs
    }

    /// Counts a commit.
    ///
    /// Call it while still holding the writer, so that tickets follow the order of the log.
    func didCommit() -> UInt64 {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        committed += 1
        return committed
    }

    /// Returns once everything up to `ticket` is synced.
    ///
    /// - Throws: ``LedgerError/Code/inputOutput``; then the gate stays closed, because a sync that is repeated after
    ///   a failure may report success for pages that the kernel has dropped.
    func wait(for ticket: UInt64) throws(LedgerError) {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        while synced < ticket {
            if failure != 0 {
                throw LedgerError(.inputOutput, "the ledger could not be synced: \(errnoText(failure))")
            }
            if isSyncing {
                pthread_cond_wait(condition, mutex)
                continue
            }
            isSyncing = true
            let target = committed
            pthread_mutex_unlock(mutex)
            let result = sync()
            pthread_mutex_lock(mutex)
            isSyncing = false
            syncs += 1
            if result == 0 { synced = max(synced, target) } else { failure = result }
            pthread_cond_broadcast(condition)
        }
    }
}
