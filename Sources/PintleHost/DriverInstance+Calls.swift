internal import CPintleABI
internal import PintleInterfaces
internal import PintleLedger
internal import Synchronization

/// The four shapes of an operation. The generated clients call these.
extension DriverInstance {
    typealias Invocation<Request: ABIStruct, Item: ABIResult> =
        @Sendable (DriverInstance, UnsafeMutablePointer<pintle_call>, UnsafePointer<Request.C>, UnsafePointer<Item.Sink>)
        -> Int32?

    /// An operation without result.
    func perform<Request: ABIStruct>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, ABINothing>
    ) async throws(DriverError) {
        try await run(operation, object: object, request: request, timeout: timeout ?? defaultTimeout,
            onItem: { (_: ABINothing) in true }, invocation)
    }

    /// An operation with one result.
    func value<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) -> Item {
        let items: [Item] = try await list(operation, object: object, request: request, timeout: timeout, invocation)
        guard items.count == 1, let item = items.first else {
            throw error(.misbehaved, operation, "the driver put \(items.count) results, promised is one (PD-8)")
        }
        return item
    }

    /// An operation with any number of results, which count only if it succeeds.
    func list<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) -> [Item] {
        let items = ItemBox<Item>()
        try await run(
            operation, object: object, request: request, timeout: timeout ?? defaultTimeout,
            onItem: { item in
                items.append(item)
                return true
            }, invocation)
        return items.take()
    }

    /// An operation that puts items while it runs. Without `timeout` it ends only by itself or when cancelled.
    func stream<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        onItem: @escaping @Sendable (Item) -> Bool, _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) {
        try await run(operation, object: object, request: request, timeout: timeout, onItem: onItem, invocation)
    }

    private func run<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        onItem: @escaping @Sendable (Item) -> Bool, _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) {
        if hasFailed {
            throw error(
                .unavailable, operation, reason: "TooManyStuckCalls",
                "\(stuckCalls) calls are stuck; the driver is not called any more until the node is restarted")
        }
        if operation.quick {
            return try callNow(operation, request: request, onItem: onItem, invocation)
        }
        if let object {
            guard await enter(object) else {
                throw error(
                    .busyRetry, operation, reason: "ObjectStuck", "an earlier call for \(object) has not returned",
                    retryAfter: .seconds(10))
            }
        }
        defer { if let object { leave(object) } }
        let deadline = timeout.map { monotonicNanoseconds() + $0.wholeNanoseconds } ?? 0
        let job = CallJob(self, operation, object: object, deadline: deadline) { frame in
            Result { () throws(DriverError) in
                try self.guarded(operation, object: object, request: request, onItem: onItem, frame, invocation)
            }
        }
        let result: Result<Void, DriverError> = await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                job.onFinish { result in
                    Watchdog.shared.forget(job)
                    continuation.resume(returning: result)
                }
                Watchdog.shared.watch(job)
                DriverThreads.shared.submit(job)
            }
        } onCancel: {
            Watchdog.shared.cancelled(job)
        }
        try result.get()
    }

    /// Calls on this thread, which must be a driver thread unless the operation is quick.
    func callNow<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, request: Request, onItem: @escaping (Item) -> Bool,
        _ invocation: Invocation<Request, Item>
    ) throws(DriverError) {
        let frame = CallFrame()
        frame.begin(operation: operation.number, deadline: 0)
        try call(operation, request: request, onItem: onItem, frame, invocation)
    }

    private func guarded<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, onItem: @escaping (Item) -> Bool, _ frame: CallFrame,
        _ invocation: Invocation<Request, Item>
    ) throws(DriverError) {
        let intent: Intent?
        if let object { intent = try begin(operation, object: object, digest: FieldTable.digest(of: request)) } else { intent = nil }
        do {
            try call(operation, request: request, onItem: onItem, frame, invocation)
        } catch {
            // A creation that fails leaves nothing; a removal that fails may have left part of its object.
            if let intent { finish(intent, operation.effect == .creates ? .failed : .unknown) }
            throw error
        }
        if let intent { finish(intent, .succeeded) }
    }

    private func call<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, request: Request, onItem: @escaping (Item) -> Bool, _ frame: CallFrame,
        _ invocation: Invocation<Request, Item>
    ) throws(DriverError) {
        let collector = ABICollector<Item>(onItem)
        let arena = ABIArena()
        let began = monotonicNanoseconds()
        let status: Int32? = withExtendedLifetime((collector, arena)) {
            var sink = Item.makeSink(collector)
            return invocation(self, frame.raw, arena.place(request), &sink)
        }
        statistics(of: operation).record(monotonicNanoseconds() - began, failed: status != 0)
        guard let status else { throw error(.unsupported, operation, "the driver does not offer this operation") }
        if let failure = collector.failure {
            throw error(.misbehaved, operation, "a result is malformed: \(failure.description) (PD-6)")
        }
        guard status != PINTLE_OK else { return }
        let detail = frame.takeFailure()
        var code = DriverError.Code(status: status)
        if code == .cancelled, frame.raw.pointee.deadline_ns != 0, frame.raw.pointee.deadline_ns <= monotonicNanoseconds() {
            code = .deadline
        }
        throw error(
            code, operation, reason: detail?.reason ?? "",
            detail.map { $0.message }.flatMap { $0.isEmpty ? nil : $0 } ?? "the driver answered \(status) without a reason",
            errno: detail.flatMap { $0.errno == 0 ? nil : $0.errno },
            retryAfter: detail.flatMap { $0.retryAfterNanoseconds == 0 ? nil : .nanoseconds($0.retryAfterNanoseconds) })
    }
}

/// Items collected on a driver thread for a task that waits.
private final class ItemBox<Item: Sendable>: Sendable {
    private let items = Mutex<[Item]>([])
    func append(_ item: Item) { items.withLock { $0.append(item) } }
    func take() -> [Item] { items.withLock { $0 } }
}

extension Duration {
    /// Never negative; saturates.
    var wholeNanoseconds: UInt64 {
        let (seconds, attoseconds) = components
        guard seconds >= 0, attoseconds >= 0 else { return 0 }
        let (product, overflow) = UInt64(seconds).multipliedReportingOverflow(by: 1_000_000_000)
        return overflow ? UInt64.max / 2 : min(product, UInt64.max / 4) + UInt64(attoseconds / 1_000_000_000)
    }
}
