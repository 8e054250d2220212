/// Why the store did not do what was asked.
///
/// Nothing of a failed write is kept.
///
/// Match on ``code``; show ``message`` to people; never parse it.
public struct StoreError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it was.
    public let code: Code
    /// One sentence: what failed, with the file where one is concerned.
    public let message: String
    /// For ``Code/conflict`` the revision that the object has.
    public let currentRevision: Int64?

    /// Describes a failure.
    public init(_ code: Code, _ message: String, currentRevision: Int64? = nil) {
        self.code = code
        self.message = message
        self.currentRevision = currentRevision
    }

    /// Code and sentence, for logs.
    public var description: String { "\(code): \(message)" }
}

extension StoreError {
    /// The kinds of failure; a later version may add some.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private enum Value: String {
            case conflict, alreadyExists, notFound, expired, full, locked, io, corrupt, closed, newerFormat
        }
        private let value: Value

        /// The object was written by somebody else since it was read.
        ///
        /// Read again and repeat.
        public static let conflict = Code(value: .conflict)
        /// There is an object of that name already.
        public static let alreadyExists = Code(value: .alreadyExists)
        /// There is no object of that name.
        public static let notFound = Code(value: .notFound)
        /// The revision asked for is no longer in the history.
        ///
        /// List again.
        public static let expired = Code(value: .expired)
        /// The disk is full.
        ///
        /// Make room; the store goes on by itself.
        public static let full = Code(value: .full)
        /// Another process has the store open.
        public static let locked = Code(value: .locked)
        /// Reading or writing the file failed.
        public static let io = Code(value: .io)
        /// The file is damaged or is not a store.
        public static let corrupt = Code(value: .corrupt)
        /// The store has been closed.
        public static let closed = Code(value: .closed)
        /// The file was written by a newer version of Pintle.
        public static let newerFormat = Code(value: .newerFormat)

        /// The code's name.
        public var description: String { value.rawValue }
    }
}
