internal import CPintleABI
internal import CPintleHost
internal import Glibc
internal import PintleInterfaces
internal import Synchronization

/// The `pintle_call` of one driver thread, used again for call after call as long as each one returns.
///
/// Threads: `begin` and `end` on the owning thread; `cancel` on any. The driver's callbacks come on its threads.
final class CallFrame: @unchecked Sendable {
    // `raw` is written by the owning thread between calls only; the rest is atomic or under `detail`.
    let raw: UnsafeMutablePointer<pintle_call>
    private let cancelled = Atomic<Bool>(false)
    private let detail = Mutex(Detail())

    struct Failure: Sendable {
        var reason: String
        var message: String
        var errno: Int32
        var retryAfterNanoseconds: UInt64
    }

    private struct Detail {
        var failure: Failure?
        var cancelDescriptor: Int32 = 0
        var flagged = false
    }

    init() {
        raw = .allocate(capacity: 1)
        raw.initialize(to: pintle_call())
        raw.pointee.size = UInt32(MemoryLayout<pintle_call>.size)
        raw.pointee.context = Unmanaged.passUnretained(self).toOpaque()
        raw.pointee.is_cancelled = { CallFrame.of($0).map { $0.isCancelled ? 1 : 0 } ?? 1 }
        raw.pointee.cancel_fd = { CallFrame.of($0)?.descriptor() ?? 0 }
        raw.pointee.fail = { call, failure in
            guard let failure else { return }
            CallFrame.of(call)?.record(failure)
        }
    }

    deinit {
        let descriptor = detail.withLock { $0.cancelDescriptor }
        if descriptor > 0 { close(descriptor) }
        raw.deallocate()
    }

    private static func of(_ call: UnsafeMutablePointer<pintle_call>?) -> CallFrame? {
        guard let context = call?.pointee.context else { return nil }
        return Unmanaged<CallFrame>.fromOpaque(context).takeUnretainedValue()
    }

    /// Prepares the frame. `deadline` is in nanoseconds of CLOCK_MONOTONIC, 0 for none.
    func begin(operation: UInt32, deadline: UInt64) {
        raw.pointee.operation = operation
        raw.pointee.deadline_ns = deadline
        cancelled.store(false, ordering: .relaxed)
        if detail.withLock({ detail in
            detail.failure = nil
            let flagged = detail.flagged
            detail.flagged = false
            return flagged
        }) {
            drain()
        }
    }

    /// What the driver said about a failure.
    func takeFailure() -> Failure? {
        detail.withLock { detail in
            defer { detail.failure = nil }
            return detail.failure
        }
    }

    var isCancelled: Bool { cancelled.load(ordering: .relaxed) }

    func cancel() {
        cancelled.store(true, ordering: .relaxed)
        detail.withLock { detail in
            guard detail.cancelDescriptor > 0, !detail.flagged else { return }
            detail.flagged = true
            var one: UInt64 = 1
            _ = write(detail.cancelDescriptor, &one, 8)
        }
    }

    private func descriptor() -> Int32 {
        detail.withLock { detail in
            if detail.cancelDescriptor == 0 {
                let made = pintle_host_eventfd()
                detail.cancelDescriptor = max(0, made)
            }
            if isCancelled, !detail.flagged, detail.cancelDescriptor > 0 {
                detail.flagged = true
                var one: UInt64 = 1
                _ = write(detail.cancelDescriptor, &one, 8)
            }
            return detail.cancelDescriptor
        }
    }

    private func drain() {
        let descriptor = detail.withLock { $0.cancelDescriptor }
        var value: UInt64 = 0
        _ = read(descriptor, &value, 8)
    }

    private func record(_ failure: UnsafePointer<pintle_failure>) {
        guard failure.pointee.size >= MemoryLayout<pintle_failure>.size else { return }
        let value = failure.pointee
        let reason = (try? ABIReader.text(value.reason, "reason")) ?? ""
        let message = (try? ABIReader.text(value.message, "message")) ?? "the driver's message is not UTF-8 (PD-6)"
        detail.withLock {
            $0.failure = Failure(
                reason: String(reason.prefix(128)), message: String(message.prefix(16384)), errno: value.os_error,
                retryAfterNanoseconds: value.retry_after_ns)
        }
    }
}
