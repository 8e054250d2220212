internal import GRDB

/// What drivers ask the host to remember: the ledger services of the ABI.
extension Ledger {
    /// Remembers `key` for `owner`.
    ///
    /// Putting the same key for the same owner again succeeds and keeps its time. On return the entry is as durable
    /// as asked; concurrent callers share a sync.
    ///
    /// - Throws: ``LedgerError/Code/conflict`` when another owner has the key (nothing is changed, the message names
    ///   it); `invalid` when the driver, kind or key is empty.
    public func put(
        driver: String, kind: String, key: String, owner: String, durability: Durability = .power
    ) throws(LedgerError) {
        guard !driver.isEmpty, !kind.isEmpty, !key.isEmpty else {
            throw LedgerError(.invalid, "an entry needs a driver, a kind and a key")
        }
        let time = realtimeNanoseconds()
        let (holder, ticket): (String?, UInt64) = try writer.write("an entry can't be written") { db, statements, _ in
            try statements.putEntry.execute(arguments: [driver, kind, key, owner, time, bootID])
            if db.changesCount > 0 { return (nil, gate.didCommit()) }
            let holder = try String.fetchOne(statements.ownerOfEntry, arguments: [driver, kind, key])
            return (holder == owner ? nil : holder, gate.didCommit())
        }
        if let holder {
            throw LedgerError(.conflict, "\(kind) \(key) is held by \(holder)")
        }
        try settle(ticket, durability)
    }

    /// Forgets `key`; succeeds when there is nothing to forget.
    public func delete(
        driver: String, kind: String, key: String, durability: Durability = .power
    ) throws(LedgerError) {
        let ticket = try writer.write("an entry can't be deleted") { _, statements, _ in
            try statements.deleteEntry.execute(arguments: [driver, kind, key])
            return gate.didCommit()
        }
        try settle(ticket, durability)
    }

    /// The driver's entries of one kind, or of all kinds for nil, ordered by kind and key.
    public func list(driver: String, kind: String? = nil) throws(LedgerError) -> [EntryRecord] {
        try writer.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(LedgerSchema.entryColumns) FROM entries
                    WHERE driver = ? AND (? IS NULL OR kind = ?) ORDER BY kind, key
                    """, arguments: [driver, kind, kind]
            ).map(LedgerSchema.entry)
        }
    }

    private func settle(_ ticket: UInt64, _ durability: Durability) throws(LedgerError) {
        guard durability == .power else { return }
        crashPoint?(.inGroupCommit)
        try gate.wait(for: ticket)
    }
}
