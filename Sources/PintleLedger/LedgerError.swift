internal import GRDB

/// Why the ledger could not be opened, read or written.
///
/// Match on ``code``; show ``message`` to people; never parse it.
public struct LedgerError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it was.
    public let code: Code
    /// One sentence for the operator.
    public let message: String

    /// Makes an error.
    public init(_ code: Code, _ message: String) {
        self.code = code
        self.message = message
    }

    /// The code and the sentence.
    public var description: String { "\(code): \(message)" }
}

extension LedgerError {
    /// The kind of a ``LedgerError``; minor versions may add more.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case inUse, notFound, conflict, invalid, full, inputOutput, corrupt, unsupported, closed, database
        }
        private let value: Value

        /// Another process has the ledger open for writing; the message names it.
        public static let inUse = Code(value: .inUse)
        /// There is no such ledger, or no such intent.
        public static let notFound = Code(value: .notFound)
        /// The key is held by another owner.
        public static let conflict = Code(value: .conflict)
        /// What was given can't be stored, for example an empty driver name.
        public static let invalid = Code(value: .invalid)
        /// No space is left on the file system.
        ///
        /// Nothing was written.
        public static let full = Code(value: .full)
        /// Reading, writing or syncing failed.
        ///
        /// After a failed sync every further synced write fails as well.
        public static let inputOutput = Code(value: .inputOutput)
        /// The file is no ledger, or is damaged.
        public static let corrupt = Code(value: .corrupt)
        /// The file was written by a later version.
        public static let unsupported = Code(value: .unsupported)
        /// The ledger was closed.
        public static let closed = Code(value: .closed)
        /// SQLite refused for another reason.
        public static let database = Code(value: .database)
        /// The code's name.
        public var description: String { value.rawValue }
    }

    /// Wraps what GRDB threw while doing `what`.
    static func wrapping(_ error: any Error, _ what: String) -> LedgerError {
        if let error = error as? LedgerError { return error }
        guard let error = error as? DatabaseError else { return LedgerError(.database, "\(what): \(error)") }
        let text = error.message ?? error.resultCode.description
        let code: Code =
            switch error.resultCode {
            case .SQLITE_FULL: .full
            case .SQLITE_BUSY, .SQLITE_LOCKED: .inUse
            case .SQLITE_CORRUPT, .SQLITE_NOTADB: .corrupt
            case .SQLITE_IOERR, .SQLITE_READONLY, .SQLITE_CANTOPEN, .SQLITE_PERM: .inputOutput
            default: .database
            }
        return LedgerError(code, "\(what): \(text)")
    }
}
