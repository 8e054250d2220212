internal import GRDB
internal import Glibc

extension Ledger {
    /// Everything in the ledger, now.
    public func contents() throws(LedgerError) -> LedgerContents {
        try writer.read { db in
            // One transaction, so that both tables are of one moment.
            var contents: LedgerContents?
            try db.inTransaction(.deferred) {
                contents = try LedgerSchema.contents(db)
                return .commit
            }
            return contents ?? LedgerContents(intents: [], entries: [], bootID: "")
        }
    }

    /// Reads the ledger in `directory` without changing it, whether or not a node runs on it.
    ///
    /// - Throws: ``LedgerError``: `notFound` when there is none; `corrupt`, `unsupported`, `inputOutput`.
    public static func read(directory: String) throws(LedgerError) -> LedgerContents {
        let path = directory + "/ledger.db"
        guard access(path, F_OK) == 0 else {
            throw LedgerError(.notFound, "\(directory) holds no ledger: no node has run there")
        }
        var configuration = Configuration()
        configuration.label = "ledger.read"
        configuration.readonly = true
        configuration.busyMode = .timeout(10)
        do {
            let queue = try DatabaseQueue(path: path, configuration: configuration)
            defer { try? queue.close() }
            return try queue.read { db in
                guard try LedgerSchema.checkVersion(db) > 0 else {
                    return LedgerContents(intents: [], entries: [], bootID: "")
                }
                return try LedgerSchema.contents(db)
            }
        } catch {
            throw .wrapping(error, "\(path) can't be read")
        }
    }
}
