internal import CPintleABI

/// The call that a driver's function is answering.
///
/// Threads: the function's own thread and threads that it waits for. Do not keep it after returning.
public struct Call: @unchecked Sendable {
    // The host's struct is immutable and its functions may be called from any thread while the operation runs.
    private let raw: UnsafeMutablePointer<pintle_call>?

    init(_ raw: UnsafeMutablePointer<pintle_call>?) { self.raw = raw }

    /// A call without deadline that is never cancelled, for tests of a driver.
    public static let unbounded = Call(nil)

    /// When the call must have ended, nanoseconds of `CLOCK_MONOTONIC`; nil means never.
    public var deadline: UInt64? {
        guard let raw, raw.pointee.deadline_ns > 0 else { return nil }
        return raw.pointee.deadline_ns
    }

    /// Whether the call was cancelled or is late.
    ///
    /// Cheap: poll it in loops.
    public var isCancelled: Bool {
        guard let raw, let function = raw.pointee.is_cancelled else { return false }
        return function(raw) != 0
    }

    /// Throws ``DriverFailure`` when the call was cancelled or is late.
    public func checkCancellation() throws {
        if isCancelled { throw DriverFailure(.cancelled, reason: "Cancelled", "the call was cancelled or is late") }
    }

    /// A descriptor that becomes readable when the call is cancelled or late; borrowed.
    ///
    /// Nil when there is none.
    public var cancelDescriptor: Int32? {
        guard let raw, let function = raw.pointee.cancel_fd else { return nil }
        let descriptor = function(raw)
        return descriptor > 0 ? descriptor : nil
    }

    func fail(_ failure: DriverFailure) -> Int32 {
        guard let raw, let function = raw.pointee.fail else { return failure.code.rawValue }
        Views.with(failure.reason, failure.message) { reason, message in
            var detail = pintle_failure()
            detail.size = UInt32(MemoryLayout<pintle_failure>.size)
            detail.code = failure.code.rawValue
            detail.reason = reason
            detail.message = message
            detail.os_error = failure.errno
            if let retry = failure.retryAfter {
                let (seconds, attoseconds) = retry.components
                detail.retry_after_ns =
                    UInt64(max(0, seconds)) * 1_000_000_000 + UInt64(max(0, attoseconds / 1_000_000_000))
            }
            function(raw, &detail)
        }
        return failure.code.rawValue
    }
}
