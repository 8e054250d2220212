internal import Glibc

/// Why a volume could not be made usable, measured or taken away.
///
/// Match on ``code`` and ``reason``; show ``message`` to people; never parse it.
public struct VolumeError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it was; the codes are the driver ABI's.
    public enum Code: String, Sendable, Hashable, CaseIterable {
        /// There is no such volume, or no such path on the node.
        case notFound
        /// Something else is there already. Retrying alone will not help.
        case conflict
        /// The request can't be carried out as it is, for example after a failed type check.
        case invalid
        /// This driver or kernel has no such thing.
        case unsupported
        /// Something still uses the volume; later it may work.
        case busy
        /// No space, no inodes, no descriptors.
        case resource
        /// The kernel or the configuration forbids it.
        case permission
        /// The caller gave up.
        case cancelled
        /// Anything else that the kernel says.
        case failed
    }

    /// What kind of failure it was.
    public let code: Code
    /// A word for programs, such as `HostPathTypeMismatch`.
    public let reason: String
    /// One sentence for the operator.
    public let message: String
    /// The failing system call's errno; 0 when there was none.
    public let errno: Int32

    /// Makes an error.
    public init(_ code: Code, reason: String, _ message: String, errno: Int32 = 0) {
        self.code = code
        self.reason = reason
        self.message = message
        self.errno = errno
    }

    /// Code, reason and sentence.
    public var description: String { "\(code.rawValue) \(reason): \(message)" }

    /// What a system call answered, in words: `what` failed for `path`.
    static func system(_ number: Int32, _ what: String, _ path: String) -> VolumeError {
        let (code, reason): (Code, String) =
            switch number {
            case ENOENT: (.notFound, "NotFound")
            case EACCES, EPERM, EROFS: (.permission, "NotPermitted")
            case ENOSPC, EDQUOT, ENOMEM, EMFILE, ENFILE: (.resource, "ResourceExhausted")
            case EBUSY: (.busy, "Busy")
            case ELOOP, EXDEV: (.permission, "LinkRefused")
            case ENOTDIR, EISDIR, EEXIST: (.conflict, "WrongKind")
            case ENOSYS, EOPNOTSUPP: (.unsupported, "Unsupported")
            default: (.failed, "SystemCallFailed")
            }
        let text = String(cString: strerror(number))
        return VolumeError(code, reason: reason, "\(what) \(path): \(text) (errno \(number))", errno: number)
    }

    static let cancelled = VolumeError(.cancelled, reason: "Cancelled", "the call was cancelled")
}
