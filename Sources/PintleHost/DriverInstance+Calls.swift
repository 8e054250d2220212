internal import CPintleABI
internal import PintleInterfaces
internal import PintleLedger

/// The four shapes of an operation.
///
/// The generated clients call these.
extension DriverInstance {
    typealias Invocation<Request: ABIStruct, Item: ABIResult> =
        @Sendable (
            DriverInstance, UnsafeMutablePointer<pintle_call>, UnsafePointer<Request.C>, UnsafePointer<Item.Sink>
        ) -> Int32?

    /// An operation without result.
    func perform<Request: ABIStruct>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, ABINothing>
    ) async throws(DriverError) {
        _ = try await run(
            operation, object, request, timeout ?? defaultTimeout, .any, Keep<ABINothing>.items, invocation)
    }

    /// An operation with one result.
    func value<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) -> Item {
        if operation.quick {
            try checkUse(operation)
            return try valueNow(operation, request: request, deadline: 0, invocation)
        }
        let items = try await run(
            operation, object, request, timeout ?? defaultTimeout, .one, Keep<Item>.items, invocation)
        guard let item = items.first else { throw promisedOne(operation, 0) }
        return item
    }

    /// An operation with any number of results, which count only if it succeeds.
    func list<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) -> [Item] {
        try await run(operation, object, request, timeout ?? defaultTimeout, .any, Keep<Item>.items, invocation)
    }

    /// An operation that puts items while it runs.
    ///
    /// Without `timeout` it ends only by itself or when cancelled; an `onItem` that answers false ends it too.
    func stream<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        onItem: @escaping @Sendable (Item) -> Bool, _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) {
        _ = try await run(operation, object, request, timeout, .any, onItem, invocation)
    }

    /// An operation with one result, called on this thread, which must be one that may block unless it is quick.
    ///
    /// `deadline` is in nanoseconds of CLOCK_MONOTONIC, 0 for none. Nobody cancels the call then.
    func valueNow<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, request: Request, deadline: UInt64, _ invocation: Invocation<Request, Item>
    ) throws(DriverError) -> Item {
        let result: Result<Item, DriverError> = CallFrame.withFrame(quick: operation.quick) { frame in
            frame.begin(operation: operation.number, deadline: deadline)
            let collector = frame.collector(of: Item.self)
            collector.begin(nil)
            if let error = call(operation, nil, request, .one, collector, frame, invocation) { return .failure(error) }
            guard let item = collector.first else { return .failure(promisedOne(operation, 0)) }
            return .success(item)
        }
        return try result.get()
    }

    /// An operation without result; see ``valueNow(_:request:deadline:_:)``.
    func performNow<Request: ABIStruct>(
        _ operation: Operation, request: Request, deadline: UInt64, _ invocation: Invocation<Request, ABINothing>
    ) throws(DriverError) {
        let error = CallFrame.withFrame(quick: operation.quick) { frame in
            frame.begin(operation: operation.number, deadline: deadline)
            return call(operation, nil, request, .any, frame.nothing, frame, invocation)
        }
        if let error { throw error }
    }

    private func checkUse(_ operation: Operation) throws(DriverError) {
        guard hasFailed else { return }
        throw error(
            .unavailable, operation, reason: "TooManyStuckCalls",
            "\(stuckCalls) calls are stuck; the driver is not called any more until the node is restarted")
    }

    /// A call on a driver thread, or on this one if it is quick.
    ///
    /// Answers the items unless `onItem` takes them.
    private func run<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, _ object: String?, _ request: Request, _ timeout: Duration?, _ results: Results,
        _ onItem: (@Sendable (Item) -> Bool)?, _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) -> [Item] {
        try checkUse(operation)
        let handed = Handed<[Item]>([])
        let body = { @Sendable (frame: CallFrame) -> CallJob.Outcome in
            let collector = frame.collector(of: Item.self)
            collector.begin(onItem)
            defer { collector.begin(nil) }
            if let error = self.call(operation, object, request, results, collector, frame, invocation) {
                return .failure(error)
            }
            handed.value = collector.items
            return .success(())
        }
        if operation.quick {
            try CallFrame.withFrame(quick: true) { frame in
                frame.begin(operation: operation.number, deadline: 0)
                return body(frame)
            }.get()
            return handed.value
        }
        let deadline = timeout.map { monotonicNanoseconds() + $0.wholeNanoseconds } ?? 0
        try await CallJob(self, operation, object: object, deadline: deadline, body: body).value()
        return handed.value
    }

    /// How many results are promised.
    enum Results { case one, any }

    /// Instead of a function that takes items.
    private enum Keep<Item> {
        static var items: (@Sendable (Item) -> Bool)? { nil }
    }

    /// The call itself, on this thread: the request laid out, an intent around it, the results in `collector`.
    ///
    /// - Returns: Why it failed; nil when it did not.
    private func call<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, _ object: String?, _ request: Request, _ results: Results,
        _ collector: ABICollector<Item>, _ frame: CallFrame, _ invocation: Invocation<Request, Item>
    ) -> DriverError? {
        let lowered = frame.arena.place(request)
        var intent: Intent?
        if let object, operation.isRecorded, ledger != nil {
            do throws(DriverError) {
                intent = try begin(operation, object: object, digest: FieldTable.digest(of: Request.self, at: lowered))
            } catch { return error }
        }
        var sink = Item.makeSink(collector)
        let began = monotonicNanoseconds()
        let status = invocation(self, frame.raw, lowered, &sink)
        let ended = monotonicNanoseconds()
        // A driver that was told to stop, and stopped, has not failed.
        let isDone = status == PINTLE_OK || status == PINTLE_CANCELLED && collector.isStopped
        record(operation.number, ended - began, failed: !isDone)
        if isDone, !collector.hasFailed, results == .any || collector.count == 1 {
            if let intent { finish(intent, .succeeded) }
            return nil
        }
        let error = explain(operation, status, collector, frame, ended)
        if let intent { finish(intent, operation.leaves(after: error.code)) }
        return error
    }

    private func explain<Item: ABIResult>(
        _ operation: Operation, _ status: Int32?, _ collector: ABICollector<Item>, _ frame: CallFrame, _ ended: UInt64
    ) -> DriverError {
        guard let status else { return error(.unsupported, operation, "the driver does not offer this operation") }
        if let failure = collector.failure {
            return error(.misbehaved, operation, "a result is malformed: \(failure.description) (PD-6)")
        }
        guard status == PINTLE_OK else { return failure(operation, status, frame, ended) }
        return promisedOne(operation, collector.count)
    }

    func failure(_ operation: Operation, _ status: Int32, _ frame: CallFrame, _ now: UInt64) -> DriverError {
        let detail = frame.takeFailure()
        var code = DriverError.Code(status: status)
        let deadline = frame.raw.pointee.deadline_ns
        if code == .cancelled, deadline != 0, deadline <= now { code = .deadline }
        return error(
            code, operation, reason: detail?.reason ?? "",
            detail.map { $0.message }.flatMap { $0.isEmpty ? nil : $0 }
                ?? "the driver answered \(status) without a reason",
            errno: detail.flatMap { $0.errno == 0 ? nil : $0.errno },
            retryAfter: detail.flatMap {
                $0.retryAfterNanoseconds == 0 ? nil : .nanoseconds($0.retryAfterNanoseconds)
            })
    }

    private func promisedOne(_ operation: Operation, _ count: Int) -> DriverError {
        error(.misbehaved, operation, "the driver put \(count) results, promised is one (PD-8)")
    }
}

/// A value that a driver thread writes and the task that waits for it reads.
private final class Handed<Value: Sendable>: @unchecked Sendable {
    // Written before the call has ended and read after that. When the call is written off, the task gets an error and
    // never looks.
    var value: Value
    init(_ value: Value) { self.value = value }
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
