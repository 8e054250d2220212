/// Why a driver could not be loaded or did not do what was asked.
///
/// Match on ``code`` and ``reason``; show ``message`` to people; never parse it.
public struct DriverError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure.
    public let code: Code
    /// The driver's manifest id, for example `"dev.pintle.network.bridge"`; a path before that is known.
    public let driver: String
    /// The operation, for example `"network.attach"`; empty when none was called.
    public let operation: String
    /// One CamelCase word for machines, empty when the driver gave none.
    public let reason: String
    /// One sentence for the operator: what failed and what would fix it.
    public let message: String
    /// The failing system call's `errno`, when there was one.
    public let errno: Int32?
    /// When a retry makes sense, if the driver said so.
    public let retryAfter: Duration?

    /// Makes an error.
    public init(
        _ code: Code, driver: String, operation: String = "", reason: String = "", _ message: String,
        errno: Int32? = nil, retryAfter: Duration? = nil
    ) {
        self.code = code
        self.driver = driver
        self.operation = operation
        self.reason = reason
        self.message = message
        self.errno = errno
        self.retryAfter = retryAfter
    }

    /// For people: never parse it.
    public var description: String {
        "\(driver)\(operation.isEmpty ? "" : " \(operation)"): \(message) (\(reason.isEmpty ? code.description : reason))"
    }
}

extension DriverError {
    /// What kind of failure: one for each status of the ABI, and two of the host's own.
    public struct Code: Sendable, Hashable, CustomStringConvertible {
        private let name: String
        /// The ABI's status; 0 for the host's own.
        public let status: Int32

        private init(_ name: String, _ status: Int32) {
            self.name = name
            self.status = status
        }

        /// The object does not exist.
        public static let notFound = Code("notFound", 1)
        /// The id is taken by something else.
        public static let alreadyExists = Code("alreadyExists", 2)
        /// The object's state forbids the operation.
        ///
        /// Retrying alone will not help.
        public static let conflict = Code("conflict", 3)
        /// The request, the configuration or a file is wrong.
        public static let invalid = Code("invalid", 4)
        /// The driver does not do this.
        public static let unsupported = Code("unsupported", 5)
        /// The call's deadline has passed.
        ///
        /// The operation's documentation says what is left.
        public static let deadline = Code("deadline", 6)
        /// The call was cancelled.
        public static let cancelled = Code("cancelled", 7)
        /// Try again; a call for the same object may be stuck.
        public static let busyRetry = Code("busyRetry", 8)
        /// Memory, addresses, space or descriptors are used up.
        public static let resource = Code("resource", 9)
        /// Not allowed.
        public static let permission = Code("permission", 10)
        /// Something that is needed does not answer.
        ///
        /// After a crash the state is unknown: reconcile.
        public static let unavailable = Code("unavailable", 11)
        /// A fault of the driver.
        public static let `internal` = Code("internal", 12)
        /// The driver's file, manifest or descriptor was refused.
        public static let refused = Code("refused", 0)
        /// The driver broke a promise; the message cites its number.
        public static let misbehaved = Code("misbehaved", 0)

        private static let all = [
            notFound, alreadyExists, conflict, invalid, unsupported, deadline, cancelled, busyRetry, resource,
            permission,
            unavailable, `internal`,
        ]

        /// The code of a status; every unknown one counts as ``internal``.
        public init(status: Int32) { self = Self.all.first { $0.status == status } ?? .internal }

        /// For people: never parse it.
        public var description: String { name }
    }
}
