internal import Dispatch
internal import GRDB
internal import Glibc

/// The one connection that writes, with its prepared statements.
final class LedgerWriter: @unchecked Sendable {
    // @unchecked: `statements`, `nextSequence` and `commits` are used on `queue`'s serial queue only; `checkpointer`
    // on `checkpoints` only.
    private let queue: DatabaseQueue
    private let path: String
    private var statements: Statements?
    private var nextSequence: Int64 = 1
    private var commits = 0
    private let checkpoints = DispatchQueue(label: "pintle.ledger.checkpoint", qos: .utility)
    private var checkpointer: DatabaseQueue?

    /// After how many commits the log is copied into the database, away from the callers.
    private static let commitsPerCheckpoint = 200

    /// How long the log may get before writers wait for the rest to be copied: 4 MiB.
    private static let framesUntilPause = 1000

    /// What is prepared once.
    struct Statements {
        let insertIntent, holdIntent, setState, deleteIntent, deleteObject, firstHeld, deleteOlder: Statement
        let putEntry, ownerOfEntry, deleteEntry: Statement

        init(_ db: Database) throws {
            insertIntent = try db.makeStatement(
                sql: """
                    INSERT INTO intents(driver, object, sequence, operation, owner, digest, effect, state, durability,
                                        time, boot) VALUES (?, ?, ?, ?, ?, ?, ?, 0, ?, ?, ?)
                    """)
            let one = "WHERE driver = ? AND object = ? AND sequence = ?"
            holdIntent = try db.makeStatement(sql: "UPDATE intents SET state = 1, time = min(time, ?) \(one)")
            setState = try db.makeStatement(sql: "UPDATE intents SET state = ? \(one)")
            deleteIntent = try db.makeStatement(sql: "DELETE FROM intents \(one)")
            deleteObject = try db.makeStatement(
                sql: "DELETE FROM intents WHERE driver = ? AND object = ? AND sequence <= ?")
            let older = "FROM intents WHERE driver = ? AND object = ? AND sequence < ? AND state <> 0"
            firstHeld = try db.makeStatement(sql: "SELECT min(time) \(older)")
            deleteOlder = try db.makeStatement(sql: "DELETE \(older)")
            putEntry = try db.makeStatement(
                sql: """
                    INSERT INTO entries(driver, kind, key, owner, time, boot) VALUES (?, ?, ?, ?, ?, ?)
                    ON CONFLICT DO UPDATE SET boot = excluded.boot
                    WHERE owner = excluded.owner AND boot <> excluded.boot
                    """)
            ownerOfEntry = try db.makeStatement(
                sql: "SELECT owner FROM entries WHERE driver = ? AND kind = ? AND key = ?")
            deleteEntry = try db.makeStatement(sql: "DELETE FROM entries WHERE driver = ? AND kind = ? AND key = ?")
        }
    }

    init(path: String) throws(LedgerError) {
        self.path = path
        do {
            queue = try DatabaseQueue(path: path, configuration: Self.configuration("ledger"))
        } catch {
            throw .wrapping(error, "\(path) can't be opened")
        }
    }

    private static func configuration(_ label: String) -> Configuration {
        var configuration = Configuration()
        configuration.label = label
        configuration.journalMode = .wal
        configuration.busyMode = .timeout(10)
        configuration.allowsUnsafeTransactions = true
        return configuration
    }

    /// Makes or checks the tables, records the boot and prepares the statements.
    func start(bootID: String) throws(LedgerError) -> (previousBootID: String?, firstSequence: Int64) {
        do {
            return try queue.writeWithoutTransaction { db in
                if try LedgerSchema.checkVersion(db) == 0 {
                    try db.inTransaction(.immediate) {
                        try db.execute(sql: LedgerSchema.tables)
                        try db.execute(sql: "PRAGMA user_version = \(LedgerSchema.version)")
                        return .commit
                    }
                }
                try db.execute(
                    sql: """
                        PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0;
                        PRAGMA journal_size_limit = 16777216; PRAGMA cache_size = -512
                        """)
                // What is set is not always what holds (GRDB sets its own level): read it back.
                guard try Int.fetchOne(db, sql: "PRAGMA synchronous") == 1,
                    try String.fetchOne(db, sql: "PRAGMA journal_mode") == "wal"
                else { throw LedgerError(.database, "\(path) can't be used in WAL mode at synchronous=NORMAL") }
                let previous = try LedgerSchema.bootID(db)
                // Always written, so that the log exists from here on.
                try db.execute(
                    sql: """
                        INSERT INTO meta VALUES ('boot', ?) ON CONFLICT DO UPDATE SET value = excluded.value
                        """, arguments: [bootID])
                nextSequence = try (Int64.fetchOne(db, sql: "SELECT max(sequence) FROM intents") ?? 0) + 1
                statements = try Statements(db)
                return (previous, nextSequence)
            }
        } catch {
            throw .wrapping(error, "\(path) can't be opened")
        }
    }

    /// Runs `body` on the writer's queue with its statements; `body` commits by itself (autocommit).
    func write<T>(
        _ what: @autoclosure () -> String, _ body: (Database, Statements, inout Int64) throws -> T
    ) throws(LedgerError) -> T {
        do {
            return try queue.writeWithoutTransaction { db in
                guard let statements else { throw LedgerError(.closed, "the ledger is closed") }
                let result = try body(db, statements, &nextSequence)
                commits += 1
                if commits >= Self.commitsPerCheckpoint {
                    commits = 0
                    checkpoints.async { self.checkpoint() }
                }
                return result
            }
        } catch {
            throw .wrapping(error, what())
        }
    }

    /// Runs `body` on the writer's queue without counting a write.
    func read<T>(_ body: (Database) throws -> T) throws(LedgerError) -> T {
        do {
            return try queue.writeWithoutTransaction { db in
                guard statements != nil else { throw LedgerError(.closed, "the ledger is closed") }
                return try body(db)
            }
        } catch {
            throw .wrapping(error, "the ledger can't be read")
        }
    }

    /// Copies the log into the database over a connection of its own, so that no caller waits for its syncs.
    ///
    /// A failure is left to the next time: the log stays complete.
    private func checkpoint() {
        do {
            let connection = try checkpointer ?? DatabaseQueue(path: path, configuration: Self.configuration("copy"))
            checkpointer = connection
            let copied = try connection.writeWithoutTransaction { db in try db.checkpoint(.passive) }
            // Writers that never pause add to the log while it is copied and so keep it from starting anew: hold them
            // back for the small rest.
            guard copied.walFrameCount > Self.framesUntilPause else { return }
            try queue.writeWithoutTransaction { db in _ = try db.checkpoint(.passive) }
        } catch {
            checkpointer = nil
        }
    }

    func close() {
        checkpoints.sync {
            try? checkpointer?.close()
            checkpointer = nil
        }
        queue.inDatabase { _ in statements = nil }
        try? queue.close()
    }
}
