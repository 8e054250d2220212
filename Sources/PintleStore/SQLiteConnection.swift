import Foundation
import GRDB

/// One transaction's view of the file.
struct SQLiteConnection {
    let connection: Database
    let path: String

    /// Writes when the condition holds.
    ///
    /// - Returns: `nil` when written; otherwise why not, and nothing was changed.
    /// - Throws: What ends the whole transaction.
    func apply(_ write: StoreWrite, revision: Int64) throws(StoreError) -> StoreError? {
        do {
            switch (write.condition, write.body) {
            case (.absent, let body?): return try insert(write.key, revision: revision, body)
            case (.absent, nil): return StoreError(.notFound, "\(write.key) does not exist")
            case (.revision(let expected), let body?):
                try execute(
                    """
                    UPDATE objects SET revision = ?, body = ?
                    WHERE resource = ? AND namespace = ? AND name = ? AND revision = ?
                    """,
                    [revision, Data(body.bytes), write.key.resource, write.key.namespace, write.key.name, expected])
                return connection.changesCount == 1 ? nil : try refusal(write.key)
            case (.revision(let expected), nil):
                try execute(
                    "DELETE FROM objects WHERE resource = ? AND namespace = ? AND name = ? AND revision = ?",
                    [write.key.resource, write.key.namespace, write.key.name, expected])
                guard connection.changesCount == 1 else { return try refusal(write.key) }
                try execute("UPDATE counter SET revision = ?", [revision])
                return nil
            }
        } catch {
            throw StoreError(error, path: path)
        }
    }

    private func insert(_ key: ObjectKey, revision: Int64, _ body: EncodedObject) throws -> StoreError? {
        try execute(
            "INSERT OR IGNORE INTO objects (resource, namespace, name, revision, body) VALUES (?, ?, ?, ?, ?)",
            [key.resource, key.namespace, key.name, revision, Data(body.bytes)])
        return connection.changesCount == 1 ? nil : StoreError(.alreadyExists, "\(key) already exists")
    }

    private func refusal(_ key: ObjectKey) throws -> StoreError {
        let current = try Int64.fetchOne(
            connection.cachedStatement(
                sql: "SELECT revision FROM objects WHERE resource = ? AND namespace = ? AND name = ?"),
            arguments: [key.resource, key.namespace, key.name])
        guard let current else { return StoreError(.notFound, "\(key) does not exist") }
        return StoreError(.conflict, "\(key) has revision \(current)", currentRevision: current)
    }

    private func execute(_ sql: String, _ arguments: StatementArguments) throws {
        try connection.cachedStatement(sql: sql).execute(arguments: arguments)
    }
}

extension StoreError {
    /// Names what went wrong with the file at `path`.
    init(_ error: any Error, path: String) {
        if let error = error as? StoreError {
            self = error
            return
        }
        guard let error = error as? DatabaseError else {
            self.init(.io, "\(path): \(error)")
            return
        }
        let detail = error.message ?? "SQLite error \(error.extendedResultCode.rawValue)"
        switch error.resultCode {
        case .SQLITE_FULL: self.init(.full, "no space left for \(path): \(detail)")
        case .SQLITE_BUSY, .SQLITE_LOCKED: self.init(.locked, "another process has \(path) open")
        case .SQLITE_CORRUPT, .SQLITE_NOTADB: self.init(.corrupt, "\(path) is damaged or not a store: \(detail)")
        default: self.init(.io, "\(path): \(detail)")
        }
    }
}
