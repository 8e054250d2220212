/// Why an image operation failed.
///
/// Match on ``code`` or ``reason``; show ``message`` to people; never parse it.
package struct ImageError: Error, Sendable, Hashable, CustomStringConvertible {
    /// What kind of failure it is, as the driver interface counts them.
    package let code: Code
    /// The machine-readable reason in CamelCase, one of the constants of ``Reason``.
    package let reason: String
    /// One sentence for the operator: what failed and, where known, what would fix it.
    package let message: String
    /// The failing system call's `errno`, or 0 when there was none.
    package let errno: Int32
    /// How long the caller should wait before it repeats the operation, in nanoseconds, or 0 when nothing is known.
    package let retryAfter: Int64
    /// Whether the operation itself should try again at once, because the connection broke or the registry is busy.
    var isTransient = false

    package init(_ code: Code, _ reason: Reason, _ message: String, errno: Int32 = 0, retryAfter: Int64 = 0) {
        self.code = code
        self.reason = reason.rawValue
        self.message = message
        self.errno = errno
        self.retryAfter = retryAfter
    }

    package var description: String { "\(reason): \(message)" }
}

extension ImageError {
    /// The kinds of failure; each has a status of the same name in the driver interface.
    package enum Code: String, Sendable, Hashable {
        case notFound, alreadyExists, conflict, invalid, unsupported, deadline, cancelled
        case resource, permission, unavailable, `internal`
    }

    /// The reasons that operations give.
    ///
    /// Those Kubernetes knows have Kubernetes' spelling.
    package enum Reason: String, Sendable, Hashable {
        /// The text is no image reference.
        case invalidImageName = "InvalidImageName"
        /// The registry was reached but the image could not be had: no such image, no access, wrong content.
        case errImagePull = "ErrImagePull"
        /// No stored image has that name or id.
        case imageNotFound = "ImageNotFound"
        /// The registry could not be reached or is in trouble (429, 5xx, broken connections).
        case registryUnavailable = "RegistryUnavailable"
        /// An archive, manifest, configuration or layer is malformed, truncated or not what its digest says.
        case invalidImage = "InvalidImage"
        /// A layer or archive tries to reach outside of itself or holds what is forbidden.
        case maliciousLayer = "MaliciousLayer"
        /// A layer or archive is larger, or has more entries, than the configuration allows.
        case imageTooLarge = "ImageTooLarge"
        /// Another process has the store open.
        case storeLocked = "StoreLocked"
        /// The store's directory or index can't be read or written.
        case storeFailed = "StoreFailed"
        /// The caller cancelled the operation.
        case cancelled = "Cancelled"
        /// The operation's deadline passed.
        case deadlineExceeded = "DeadlineExceeded"
        /// The helper program `pintle-unpack` could not be started or died.
        case unpackerFailed = "UnpackerFailed"
        /// An option of the store's configuration is wrong.
        case invalidConfiguration = "InvalidConfiguration"
    }

    /// The same error under another reason, its sentence preceded by `context`.
    func within(_ context: String, reason other: Reason? = nil) -> ImageError {
        let reason = other ?? Reason(rawValue: self.reason) ?? .storeFailed
        return ImageError(code, reason, "\(context): \(message)", errno: errno, retryAfter: retryAfter)
    }
}
