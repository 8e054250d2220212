internal import FoundationEssentials
internal import GRDB

/// The ledger's tables.
///
/// Each is one b-tree without an index beside it, so that a write touches one page.
enum LedgerSchema {
    /// `PRAGMA user_version` of the files that this code reads and writes.
    static let version = 1

    static let tables = """
        CREATE TABLE intents(
            driver TEXT NOT NULL, object TEXT NOT NULL, sequence INTEGER NOT NULL, operation TEXT NOT NULL,
            owner TEXT NOT NULL, digest BLOB NOT NULL, effect INTEGER NOT NULL, state INTEGER NOT NULL,
            durability INTEGER NOT NULL, time INTEGER NOT NULL, boot TEXT NOT NULL,
            PRIMARY KEY(driver, object, sequence)) STRICT, WITHOUT ROWID;
        CREATE TABLE entries(
            driver TEXT NOT NULL, kind TEXT NOT NULL, key TEXT NOT NULL, owner TEXT NOT NULL,
            time INTEGER NOT NULL, boot TEXT NOT NULL,
            PRIMARY KEY(driver, kind, key)) STRICT, WITHOUT ROWID;
        CREATE TABLE meta(name TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT, WITHOUT ROWID;
        """

    static let intentColumns =
        "driver, object, sequence, effect, operation, owner, digest, state, durability, time, boot"
    static let entryColumns = "driver, kind, key, owner, time, boot"

    /// Refuses a file that a later version wrote.
    ///
    /// Version 0 is an empty file.
    static func checkVersion(_ db: Database) throws -> Int {
        let found = try Int.fetchOne(db, sql: "PRAGMA user_version") ?? 0
        guard found <= version else {
            throw LedgerError(
                .unsupported, "the ledger has format \(found); this version of pintle knows formats up to \(version)")
        }
        return found
    }

    static func bootID(_ db: Database) throws -> String? {
        try String.fetchOne(db, sql: "SELECT value FROM meta WHERE name = 'boot'")
    }

    /// An intent from a row of ``intentColumns``.
    static func intent(_ row: Row) throws -> IntentRecord {
        let effect: Int = row[3]
        let state: Int = row[7]
        let durability: Int = row[8]
        guard let effect = IntentEffect(rawValue: effect), let state = IntentState(rawValue: state),
            let durability = Durability(rawValue: durability)
        else { throw LedgerError(.corrupt, "the ledger holds an intent with an unknown effect or state") }
        return IntentRecord(
            intent: Intent(driver: row[0], object: row[1], sequence: row[2], effect: effect), operation: row[4],
            owner: row[5], digest: [UInt8](row[6] as Data), state: state, durability: durability, time: row[9],
            bootID: row[10])
    }

    /// An entry from a row of ``entryColumns``.
    static func entry(_ row: Row) -> EntryRecord {
        EntryRecord(driver: row[0], kind: row[1], key: row[2], owner: row[3], time: row[4], bootID: row[5])
    }

    /// Everything, intents oldest first.
    static func contents(_ db: Database) throws -> LedgerContents {
        let intents = try Row.fetchAll(db, sql: "SELECT \(intentColumns) FROM intents ORDER BY sequence").map(intent)
        let entries = try Row.fetchAll(
            db, sql: "SELECT \(entryColumns) FROM entries ORDER BY driver, kind, key"
        ).map(entry)
        return LedgerContents(intents: intents, entries: entries, bootID: try bootID(db) ?? "")
    }
}
