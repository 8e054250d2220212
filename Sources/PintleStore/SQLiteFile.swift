import Foundation
import GRDB
import Glibc

/// The SQLite file: its format, its settings and its one connection.
///
/// Write-ahead log, synced at each commit. The connection holds SQLite's lock for good, so no shared-memory file is
/// needed. Used by one thread at a time.
final class SQLiteFile: Sendable {
    /// The format this code writes, in `PRAGMA user_version`.
    private static let format = 1

    private let path: String
    private let database: DatabaseQueue

    init(path: String) throws(StoreError) {
        self.path = path
        // Created here for its mode; SQLite gives the log file the same.
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0o600)
        guard descriptor >= 0 else {
            throw StoreError(.io, "cannot open \(path): \(String(cString: strerror(errno)))")
        }
        Glibc.close(descriptor)
        do {
            var configuration = Configuration()
            configuration.journalMode = .wal
            configuration.prepareDatabase { try $0.execute(sql: "PRAGMA locking_mode = EXCLUSIVE") }
            let database = try DatabaseQueue(path: path, configuration: configuration)
            try database.writeWithoutTransaction { connection in
                // GRDB sets synchronous to NORMAL when it turns the log on, so this comes afterwards.
                try connection.execute(sql: "PRAGMA synchronous = FULL; PRAGMA wal_autocheckpoint = 0")
                guard try Int.fetchOne(connection, sql: "PRAGMA synchronous") == 2 else {
                    throw StoreError(.io, "SQLite does not sync \(path) at each commit")
                }
                try Self.prepareFormat(connection, path: path)
            }
            self.database = database
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private static func prepareFormat(_ connection: Database, path: String) throws {
        let found = try Int.fetchOne(connection, sql: "PRAGMA user_version") ?? 0
        if found > format {
            throw StoreError(
                .newerFormat, "\(path) has format \(found), this version of pintle knows formats up to \(format)")
        }
        if found == format { return }
        try connection.inTransaction(.immediate) {
            try connection.execute(
                sql: """
                    CREATE TABLE objects (
                        id INTEGER PRIMARY KEY,
                        resource TEXT NOT NULL, namespace TEXT NOT NULL, name TEXT NOT NULL,
                        revision INTEGER NOT NULL,
                        body BLOB NOT NULL,
                        UNIQUE (resource, namespace, name)
                    );
                    CREATE TABLE counter (id INTEGER PRIMARY KEY CHECK (id = 0), revision INTEGER NOT NULL);
                    INSERT INTO counter VALUES (0, 0);
                    PRAGMA user_version = \(format);
                    """)
            return .commit
        }
    }

    /// Reads every object, and the highest revision ever given.
    ///
    /// A write carries its revision in its row; only removals write the counter, so that a change of one object touches
    /// one page.
    func load() throws(StoreError) -> (records: [StoredRecord], revision: Int64) {
        do {
            return try database.writeWithoutTransaction { connection in
                var revision = try Int64.fetchOne(connection, sql: "SELECT revision FROM counter") ?? 0
                var records: [StoredRecord] = []
                let rows = try Row.fetchCursor(
                    connection, sql: "SELECT resource, namespace, name, revision, body FROM objects")
                while let row = try rows.next() {
                    let key = ObjectKey(resource: row[0], namespace: row[1], name: row[2])
                    let bytes = try row.withUnsafeData(atIndex: 4) { [UInt8]($0 ?? Data()) }
                    let record = StoredRecord(key: key, revision: row[3], body: try EncodedObject(bytes))
                    revision = max(revision, record.revision)
                    records.append(record)
                }
                return (records, revision)
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Runs `body` in a transaction; it is synced when this returns, and undone when it throws.
    func transaction(_ body: (SQLiteConnection) throws(StoreError) -> Void) throws(StoreError) {
        do {
            try database.writeWithoutTransaction { connection in
                try connection.inTransaction(.immediate) {
                    try body(SQLiteConnection(connection: connection, path: path))
                    return .commit
                }
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    /// Copies the log into the file, so that it is written from its start again.
    ///
    /// Failing costs disk space only.
    func checkpoint() {
        try? database.writeWithoutTransaction { connection in
            _ = try connection.checkpoint(.passive)
        }
    }

    func close() {
        checkpoint()
        try? database.close()
    }
}
