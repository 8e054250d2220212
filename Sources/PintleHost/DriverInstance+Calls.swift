internal import CPintleABI
internal import PintleInterfaces
internal import PintleLedger

/// The four shapes of an operation. The generated clients call these.
extension DriverInstance {
    typealias Invocation<Request: ABIStruct, Item: ABIResult> =
        @Sendable (
            DriverInstance, UnsafeMutablePointer<pintle_call>, UnsafePointer<Request.C>, UnsafePointer<Item.Sink>
        )
        -> Int32?

    /// An operation without result.
    func perform<Request: ABIStruct>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, ABINothing>
    ) async throws(DriverError) {
        _ = try await run(
            DriverCall(operation, object, request, .any, ABICollector<ABINothing>(), invocation),
            timeout ?? defaultTimeout)
    }

    /// An operation with one result.
    func value<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) -> Item {
        let collector = try await run(
            DriverCall(operation, object, request, .one, ABICollector<Item>(), invocation), timeout ?? defaultTimeout)
        return try collector.first.orThrow { self.promisedOne(operation, 0) }
    }

    /// An operation with any number of results, which count only if it succeeds.
    func list<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) -> [Item] {
        try await run(
            DriverCall(operation, object, request, .any, ABICollector(), invocation), timeout ?? defaultTimeout
        ).items
    }

    /// An operation that puts items while it runs.
    ///
    /// Without `timeout` it ends only by itself or when cancelled.
    func stream<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, object: String?, request: Request, timeout: Duration?,
        onItem: @escaping @Sendable (Item) -> Bool, _ invocation: @escaping Invocation<Request, Item>
    ) async throws(DriverError) {
        _ = try await run(
            DriverCall(operation, object, request, .any, ABICollector(onItem), invocation), timeout)
    }

    /// An operation with one result, called on this thread, which must be one that may block unless it is quick.
    ///
    /// - Parameters:
    ///   - operation: Which one.
    ///   - request: Borrowed by the driver until it returns.
    ///   - deadline: Nanoseconds of CLOCK_MONOTONIC; 0 for none. Nobody cancels the call then.
    ///   - invocation: Calls the function of the table.
    /// - Returns: The one result.
    /// - Throws: ``DriverError``; `misbehaved` when the driver put none or several.
    func valueNow<Request: ABIStruct, Item: ABIResult>(
        _ operation: Operation, request: Request, deadline: UInt64,
        _ invocation: @escaping Invocation<Request, Item>
    ) throws(DriverError) -> Item {
        let call = DriverCall(operation, nil, request, .one, ABICollector<Item>(), invocation)
        try callNow(call, deadline: deadline)
        return try call.collector.first.orThrow { self.promisedOne(operation, 0) }
    }

    /// Makes a call on this thread; see ``valueNow(_:request:deadline:_:)``.
    func callNow<Request: ABIStruct, Item: ABIResult>(
        _ call: DriverCall<Request, Item>, deadline: UInt64
    ) throws(DriverError) {
        try CallFrame.withFrame(quick: call.operation.quick) { (frame) throws(DriverError) in
            frame.begin(operation: call.operation.number, deadline: deadline)
            try self.guarded(call, frame)
        }
    }

    private func run<Request: ABIStruct, Item: ABIResult>(
        _ call: DriverCall<Request, Item>, _ timeout: Duration?
    ) async throws(DriverError) -> ABICollector<Item> {
        let operation = call.operation
        if hasFailed {
            throw error(
                .unavailable, operation, reason: "TooManyStuckCalls",
                "\(stuckCalls) calls are stuck; the driver is not called any more until the node is restarted")
        }
        if operation.quick {
            try callNow(call, deadline: 0)
            return call.collector
        }
        let deadline = timeout.map { monotonicNanoseconds() + $0.wholeNanoseconds } ?? 0
        let job = CallJob(self, operation, object: call.object, deadline: deadline) { frame in
            Result { () throws(DriverError) in try self.guarded(call, frame) }
        }
        try await job.value()
        return call.collector
    }

    /// The call and, when it changes something that has an id, an intent around it.
    private func guarded<Request: ABIStruct, Item: ABIResult>(
        _ call: DriverCall<Request, Item>, _ frame: CallFrame
    ) throws(DriverError) {
        let request = frame.arena.place(call.request)
        let operation = call.operation
        guard let object = call.object, operation.isRecorded, ledger != nil else {
            return try checked(call, request, frame)
        }
        let intent = try begin(operation, object: object, digest: FieldTable.digest(of: Request.self, at: request))
        do {
            try checked(call, request, frame)
        } catch {
            if let intent { finish(intent, operation.leaves(after: error.code)) }
            throw error
        }
        if let intent { finish(intent, .succeeded) }
    }

    private func checked<Request: ABIStruct, Item: ABIResult>(
        _ call: DriverCall<Request, Item>, _ request: UnsafePointer<Request.C>, _ frame: CallFrame
    ) throws(DriverError) {
        let operation = call.operation
        let began = monotonicNanoseconds()
        let status: Int32? = withExtendedLifetime(call.collector) {
            var sink = Item.makeSink(call.collector)
            return call.invocation(self, frame.raw, request, &sink)
        }
        let ended = monotonicNanoseconds()
        record(operation, ended - began, failed: status != PINTLE_OK)
        guard let status else { throw error(.unsupported, operation, "the driver does not offer this operation") }
        guard status == PINTLE_OK else { throw failure(operation, status, frame, ended) }
        if let failure = call.collector.failure {
            throw error(.misbehaved, operation, "a result is malformed: \(failure.description) (PD-6)")
        }
        guard call.results == .one else { return }
        let count = call.collector.first == nil ? 0 : 1 + call.collector.others.count
        guard count == 1 else { throw promisedOne(operation, count) }
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
            retryAfter: detail.flatMap { $0.retryAfterNanoseconds == 0 ? nil : .nanoseconds($0.retryAfterNanoseconds) })
    }

    private func promisedOne(_ operation: Operation, _ count: Int) -> DriverError {
        error(.misbehaved, operation, "the driver put \(count) results, promised is one (PD-8)")
    }
}

/// What a call consists of, for the thread that makes it.
struct DriverCall<Request: ABIStruct, Item: ABIResult>: @unchecked Sendable {
    // The collector is used by the driver's thread only, and by the task that waits once the call has ended. When the
    // call is written off, the task gets an error and never looks.

    /// How many results are promised.
    enum Results { case one, any }

    let operation: Operation
    let object: String?
    let request: Request
    let results: Results
    let collector: ABICollector<Item>
    let invocation: DriverInstance.Invocation<Request, Item>

    init(
        _ operation: Operation, _ object: String?, _ request: Request, _ results: Results,
        _ collector: ABICollector<Item>, _ invocation: @escaping DriverInstance.Invocation<Request, Item>
    ) {
        self.operation = operation
        self.object = object
        self.request = request
        self.results = results
        self.collector = collector
        self.invocation = invocation
    }
}

extension Optional {
    fileprivate func orThrow(_ error: () -> DriverError) throws(DriverError) -> Wrapped {
        guard let self else { throw error() }
        return self
    }
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
