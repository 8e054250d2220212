internal import CPintleABI

/// Why an operation failed.
///
/// Throw it from a driver's function.
public struct DriverFailure: Error, Sendable, Hashable, CustomStringConvertible {
    /// The status that the operation returns.
    public let code: Code
    /// One CamelCase word for machines, such as `LinkNotFound`.
    public let reason: String
    /// A sentence for the operator: what failed and what would fix it.
    public let message: String
    /// `errno` of the system call that failed; 0 when there was none.
    public let errno: Int32
    /// When a retry makes sense.
    public let retryAfter: Duration?

    /// Makes a failure.
    public init(
        _ code: Code, reason: String = "", _ message: String, errno: Int32 = 0, retryAfter: Duration? = nil
    ) {
        self.code = code
        self.reason = reason
        self.message = message
        self.errno = errno
        self.retryAfter = retryAfter
    }

    /// For people: never parse it.
    public var description: String { "\(message) (\(reason.isEmpty ? "\(code)" : reason))" }

    /// The statuses of the ABI.
    public enum Code: Int32, Sendable {
        /// The object does not exist.
        case notFound = 1
        /// The id is taken by something else.
        case alreadyExists
        /// The object's state forbids it.
        case conflict
        /// The request is wrong.
        case invalid
        /// The driver does not do this.
        case unsupported
        /// The call's deadline has passed.
        case deadline
        /// The call was cancelled.
        case cancelled
        /// Try again.
        case busyRetry
        /// Memory, addresses, space or descriptors are used up.
        case resource
        /// Not allowed.
        case permission
        /// Something that is needed does not answer.
        case unavailable
        /// A fault of the driver itself.
        case `internal`
    }
}
