/// Commits groups of writes and publishes them; lives on the store's writing thread and nowhere else.
final class GroupWriter: @unchecked Sendable {
    // @unchecked: made before the writing thread starts and used by that thread only.
    private let file: SQLiteFile
    private let lock: StoreLock
    private let feed: any StoreFeed
    private var revision: Int64
    private var changesSinceCheckpoint = 0

    /// Changes after which the write-ahead log is copied back into the file: some 4 MB of log.
    private static let checkpointInterval = 500

    init(file: SQLiteFile, lock: StoreLock, revision: Int64, feed: any StoreFeed) {
        self.file = file
        self.lock = lock
        self.revision = revision
        self.feed = feed
    }

    /// Writes all in one synced transaction.
    ///
    /// A write whose condition does not hold fails alone; when the transaction fails, all fail and none is kept.
    func commit(
        _ writes: [StoreWrite], onStep: (@Sendable (SQLiteStore.CommitStep) -> Void)?
    ) -> [Result<Int64, StoreError>] {
        var results: [Result<Int64, StoreError>] = []
        var changes: [StoreChange] = []
        var next = revision
        do throws(StoreError) {
            try file.transaction { connection throws(StoreError) in
                onStep?(.begun)
                for write in writes {
                    let refusal = try connection.apply(write, revision: next + 1)
                    if let refusal {
                        results.append(.failure(refusal))
                        continue
                    }
                    next += 1
                    results.append(.success(next))
                    changes.append(StoreChange(key: write.key, revision: next, body: write.body))
                }
                onStep?(.applied)
            }
        } catch {
            return writes.map { _ in .failure(error) }
        }
        onStep?(.synced)
        revision = next
        changesSinceCheckpoint += changes.count
        if !changes.isEmpty { feed.committed(changes) }
        onStep?(.published)
        return results
    }

    /// Copies the log back into the file now and then, after the writers have been told.
    func checkpointIfDue() {
        guard changesSinceCheckpoint >= Self.checkpointInterval else { return }
        changesSinceCheckpoint = 0
        file.checkpoint()
    }

    func close() {
        file.close()
        lock.release()
    }
}
