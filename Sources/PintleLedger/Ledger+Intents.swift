internal import FoundationEssentials
internal import GRDB

extension Ledger {
    /// Writes down what is about to be done.
    ///
    /// Call it before the driver is called.
    ///
    /// Several intents for one object may be open at once.
    ///
    /// - Returns: What ``finish(_:_:)`` takes. When the process dies before that, ``openIntents()`` of the next one
    ///   has it.
    /// - Throws: ``LedgerError``. The driver must not be called then. After a failed sync the intent may be found
    ///   open later, which is harmless.
    public func begin(_ request: IntentRequest) throws(LedgerError) -> Intent {
        guard !request.driver.isEmpty, !request.object.isEmpty, !request.operation.isEmpty else {
            throw LedgerError(.invalid, "an intent needs a driver, an object and an operation")
        }
        crashPoint?(.beforeIntent)
        let time = realtimeNanoseconds()
        let (intent, ticket) = try writer.write("an intent can't be written") { _, statements, nextSequence in
            let sequence = nextSequence
            try statements.insertIntent.execute(arguments: [
                request.driver, request.object, sequence, request.operation, request.owner, Data(request.digest),
                request.effect.rawValue, request.durability.rawValue, time, bootID,
            ])
            nextSequence += 1
            let intent = Intent(
                driver: request.driver, object: request.object, sequence: sequence, effect: request.effect)
            return (intent, gate.didCommit())
        }
        if request.durability == .power {
            crashPoint?(.inGroupCommit)
            try gate.wait(for: ticket)
        }
        return intent
    }

    /// Closes an intent with its result.
    ///
    /// Success of a call that creates keeps a row that says that the object exists; success of one that removes
    /// deletes all rows of the object up to this intent. Nothing is synced: should a power cut lose the result, the
    /// intent is open again and reconciled.
    ///
    /// - Throws: ``LedgerError/Code/notFound`` when the intent is not in the ledger (any more).
    public func finish(_ intent: Intent, _ outcome: IntentOutcome) throws(LedgerError) {
        crashPoint?(.beforeResult)
        let found = try writer.write("a result can't be written") { db, statements, _ in
            defer { _ = gate.didCommit() }
            switch (outcome, intent.effect) {
            case (.succeeded, .creates):
                try hold(intent, db, statements)
            case (.succeeded, .removes):
                try statements.deleteObject.execute(arguments: [intent.driver, intent.object, intent.sequence])
            case (.succeeded, .changes), (.failed, _):
                try statements.deleteIntent.execute(arguments: [intent.driver, intent.object, intent.sequence])
            case (.unknown, _):
                try statements.setState.execute(arguments: [
                    IntentState.unknown.rawValue, intent.driver, intent.object, intent.sequence,
                ])
            }
            return db.changesCount > 0
        }
        guard found else {
            throw LedgerError(.notFound, "the ledger holds no intent \(intent.sequence) for \(intent.object)")
        }
    }

    /// Marks the object as existing; earlier rows of it, but for open ones, give way and lend their time.
    private func hold(_ intent: Intent, _ db: Database, _ statements: LedgerWriter.Statements) throws {
        let key: StatementArguments = [intent.driver, intent.object, intent.sequence]
        let first = try Int64.fetchOne(statements.firstHeld, arguments: key)
        guard let first else { return try statements.holdIntent.execute(arguments: [Int64.max] + key) }
        try db.inTransaction(.immediate) {
            try statements.deleteOlder.execute(arguments: key)
            try statements.holdIntent.execute(arguments: [first] + key)
            return .commit
        }
    }

    /// The intents whose end nobody has seen: left by an earlier process, given up, or in flight now.
    ///
    /// Those in flight have a sequence of at least ``firstSequence`` and state ``IntentState/open``. Oldest first.
    public func openIntents() throws(LedgerError) -> [IntentRecord] {
        try writer.read { db in
            try Row.fetchAll(
                db,
                sql: """
                    SELECT \(LedgerSchema.intentColumns) FROM intents WHERE state <> 1 ORDER BY sequence
                    """
            ).map(LedgerSchema.intent)
        }
    }

    /// Deletes all rows of an object, because reconciling found that it is gone.
    public func forget(driver: String, object: String) throws(LedgerError) {
        try writer.write("an object can't be forgotten") { _, statements, _ in
            try statements.deleteObject.execute(arguments: [driver, object, Int64.max])
            _ = gate.didCommit()
        }
    }

    /// After a reboot: deletes the rows of earlier boots that guard nothing that survives one.
    ///
    /// - Returns: What was deleted.
    public func forgetObjectsOfEarlierBoots() throws(LedgerError) -> [IntentRecord] {
        try writer.write("objects of earlier boots can't be forgotten") { db, _, _ in
            defer { _ = gate.didCommit() }
            return try Row.fetchAll(
                db,
                sql: """
                    DELETE FROM intents WHERE boot <> ? AND durability = 0 RETURNING \(LedgerSchema.intentColumns)
                    """, arguments: [bootID]
            ).map(LedgerSchema.intent)
        }
    }
}
