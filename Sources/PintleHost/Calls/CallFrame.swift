internal import CPintleABI
internal import CPintleHost
internal import Glibc
internal import PintleInterfaces
internal import Synchronization

/// The `pintle_call` of one thread, used again for call after call as long as each one returns.
///
/// Threads: `begin` and `takeFailure` on the owning thread; `cancel` on any. The driver's callbacks come on its threads.
final class CallFrame: @unchecked Sendable {
    // `raw`, `arena`, `use` and `kept` belong to the owning thread; the rest is atomic or under `detail`.
    let raw: UnsafeMutablePointer<pintle_call>
    /// Where this frame's requests are laid out; emptied when the call has returned.
    let arena = ABIArena()
    private let use: UnsafeMutablePointer<Use>
    /// Collectors of the last calls without and with results: most calls of a thread are alike.
    let nothing = ABICollector<ABINothing>()
    private var kept: AnyObject?
    private let cancelled = Atomic<Bool>(false)
    /// Whether `detail` holds anything that the next call must not see.
    private let touched = Atomic<Bool>(false)
    private let detail = Mutex(Detail())

    private struct Use {
        var isInUse = false
        /// Whether the call that runs must not block.
        var isQuick = false
    }

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
        use = .allocate(capacity: 1)
        use.initialize(to: Use())
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
        use.deallocate()
    }

    private static func of(_ call: UnsafeMutablePointer<pintle_call>?) -> CallFrame? {
        guard let context = call?.pointee.context else { return nil }
        return Unmanaged<CallFrame>.fromOpaque(context).takeUnretainedValue()
    }

    /// Prepares the frame.
    ///
    /// `deadline` is in nanoseconds of CLOCK_MONOTONIC, 0 for none.
    func begin(operation: UInt32, deadline: UInt64) {
        raw.pointee.operation = operation
        raw.pointee.deadline_ns = deadline
        cancelled.store(false, ordering: .relaxed)
        guard touched.load(ordering: .relaxed) else { return }
        touched.store(false, ordering: .relaxed)
        let flagged: Int32 = detail.withLock { detail in
            detail.failure = nil
            defer { detail.flagged = false }
            return detail.flagged ? detail.cancelDescriptor : 0
        }
        if flagged > 0 {
            var value: UInt64 = 0
            _ = read(flagged, &value, 8)
        }
    }

    /// An empty collector, for one call at a time.
    func collector<Item: ABIStruct>(of type: Item.Type) -> ABICollector<Item> {
        if let kept, Swift.type(of: kept) == ABICollector<Item>.self {
            return unsafeDowncast(kept, to: ABICollector<Item>.self)
        }
        if let nothing = nothing as? ABICollector<Item> { return nothing }
        let made = ABICollector<Item>()
        kept = made
        return made
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
        detail.withLock { flag(&$0) }
    }

    private func descriptor() -> Int32 {
        detail.withLock { detail in
            if detail.cancelDescriptor == 0 { detail.cancelDescriptor = max(0, pintle_host_eventfd()) }
            if isCancelled { flag(&detail) }
            return detail.cancelDescriptor
        }
    }

    private func flag(_ detail: inout Detail) {
        guard detail.cancelDescriptor > 0, !detail.flagged else { return }
        detail.flagged = true
        touched.store(true, ordering: .relaxed)
        var one: UInt64 = 1
        _ = write(detail.cancelDescriptor, &one, 8)
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
        touched.store(true, ordering: .relaxed)
    }
}

/// The frame of each thread.
extension CallFrame {
    private static let key: pthread_key_t = {
        var key = pthread_key_t()
        pthread_key_create(&key) { frame in
            guard let frame else { return }
            Unmanaged<CallFrame>.fromOpaque(frame).release()
        }
        return key
    }()

    /// The calling thread's frame, made when it has none; it ends with the thread.
    private static func ofThread() -> Unmanaged<CallFrame> {
        if let frame = pthread_getspecific(key) { return Unmanaged.fromOpaque(frame) }
        let frame = Unmanaged.passRetained(CallFrame())
        pthread_setspecific(key, frame.toOpaque())
        return frame
    }

    /// Whether the calling thread runs a call that must not block.
    static var threadIsQuick: Bool {
        guard let frame = pthread_getspecific(key) else { return false }
        return Unmanaged<CallFrame>.fromOpaque(frame)._withUnsafeGuaranteedRef { $0.use.pointee.isQuick }
    }

    /// Lends the calling thread's frame, or a new one while that one's call runs further down the stack.
    @inline(__always)
    static func withFrame<R>(quick: Bool, _ body: (CallFrame) -> R) -> R {
        ofThread()._withUnsafeGuaranteedRef { frame in
            frame.use.pointee.isInUse ? CallFrame().lend(quick: quick, body) : frame.lend(quick: quick, body)
        }
    }

    @inline(__always)
    private func lend<R>(quick: Bool, _ body: (CallFrame) -> R) -> R {
        use.pointee = Use(isInUse: true, isQuick: quick)
        defer {
            use.pointee = Use()
            arena.reset()
        }
        return body(self)
    }
}
