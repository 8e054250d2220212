internal import CPintleABI
internal import CPintleFields
internal import PintleInterfaces
internal import PintleLedger
internal import Synchronization

/// An open instance of one interface of a driver, and every call that is made on it.
///
/// Threads: any. Calls run on the host's driver threads (``DriverThreads``); quick ones on the caller's.
public final class DriverInstance: @unchecked Sendable {
    // `functions` is constant after init; everything that changes is under `state` or has its own lock.

    /// The driver's manifest id.
    public let driver: String
    /// The driver's own version.
    public var version: String { plugin.manifest.version }
    /// SHA-256 of the library that was loaded.
    public var sha256: String { plugin.sha256 }
    /// The interface's id, such as `pintle.network/1`.
    public let interface: String
    /// What the driver said at `open` that this kernel and configuration allow, of what its manifest declares.
    public let capabilities: [String]
    /// Deadline of calls that name none.
    public let defaultTimeout: Duration
    /// How many calls may be stuck before the instance counts as failed.
    public let maxStuckCalls: Int

    let handle: pintle_handle
    let ledger: Ledger?
    private let functions: UnsafeMutableRawPointer
    private let gate = ObjectGate()
    private let plugin: LoadedPlugin
    private let hostTable: HostTable
    private let operations: [(name: String, statistics: OperationStatistics)]
    /// The same statistics, without counting references; `operations` owns them.
    private let counters: UnsafeMutableBufferPointer<Unmanaged<OperationStatistics>>
    private let failing = Atomic<Bool>(false)
    private let state = Mutex(State())

    private struct State {
        var stuck = 0
        var isClosed = false
    }

    init(
        plugin: LoadedPlugin, interface: InterfaceOffer, handle: pintle_handle, capabilities: [String],
        hostTable: HostTable, ledger: Ledger?, timeout: Duration, maxStuckCalls: Int
    ) {
        self.plugin = plugin
        self.driver = plugin.manifest.id
        self.interface = interface.id
        self.handle = handle
        self.capabilities = capabilities
        self.hostTable = hostTable
        self.ledger = ledger
        self.defaultTimeout = timeout
        self.maxStuckCalls = maxStuckCalls
        functions = interface.copyTable()
        operations =
            FieldTable.interface(interface.id).map { info in
                FieldTable.operations(of: info).map { (FieldTable.name($0.name), OperationStatistics()) }
            } ?? []
        counters = .allocate(capacity: operations.count)
        _ = counters.initialize(from: operations.map { Unmanaged.passUnretained($0.statistics) })
    }

    deinit {
        close()
        functions.deallocate()
        counters.deallocate()
    }

    /// The table of operations, as long as ours: what the driver does not offer is null.
    func table<Table>(as type: Table.Type) -> UnsafePointer<Table> {
        UnsafePointer(functions.assumingMemoryBound(to: Table.self))
    }

    /// The function of an operation, or nil when the driver does not offer it.
    func function(_ number: UInt32) -> UnsafeRawPointer? {
        guard number < operations.count else { return nil }
        return functions.load(fromByteOffset: 8 + 8 * Int(number), as: UnsafeRawPointer?.self)
    }

    /// Calls that were written off and have not returned.
    public var stuckCalls: Int { state.withLock { $0.stuck } }

    /// Whether so many calls are stuck that the instance is no longer used.
    public var hasFailed: Bool { failing.load(ordering: .relaxed) }

    /// Statistics by operation name, of the operations that were called.
    public var statistics: [String: OperationStatistics] {
        var all: [String: OperationStatistics] = [:]
        for entry in operations where entry.statistics.calls > 0 { all[entry.name] = entry.statistics }
        return all
    }

    /// Closes the instance, once.
    ///
    /// No call may be running.
    ///
    /// While calls are stuck the driver is not told, and what it was given stays valid until the process ends.
    public func close() {
        let stuck: Int? = state.withLock { state in
            defer { state.isClosed = true }
            return state.isClosed ? nil : state.stuck
        }
        guard let stuck else { return }
        guard stuck == 0 else {
            _ = Unmanaged.passRetained(hostTable)
            hostTable.sink.log(.error, driver, "host: \(stuck) calls are stuck; \(interface) is left open")
            return
        }
        let frame = CallFrame()
        frame.begin(operation: 0, deadline: monotonicNanoseconds() + 10_000_000_000)
        let status = plugin.descriptor.close?(handle, frame.raw) ?? PINTLE_UNSUPPORTED
        guard status != PINTLE_OK else { return }
        hostTable.sink.log(
            .error, driver, "host: close answered \(status): \(frame.takeFailure()?.message ?? "no reason given")")
    }

    func error(
        _ code: DriverError.Code, _ operation: Operation, reason: String = "", _ message: String, errno: Int32? = nil,
        retryAfter: Duration? = nil
    ) -> DriverError {
        DriverError(
            code, driver: driver, operation: operation.qualified, reason: reason, message, errno: errno,
            retryAfter: retryAfter)
    }

    func record(_ number: UInt32, _ nanoseconds: UInt64, failed: Bool) {
        guard number < counters.count else { return }
        counters[Int(number)]._withUnsafeGuaranteedRef { $0.record(nanoseconds, failed: failed) }
    }

    func begin(_ operation: Operation, object: String, digest: [UInt8]) throws(DriverError) -> Intent? {
        guard let ledger else { return nil }
        do {
            return try ledger.begin(
                IntentRequest(
                    driver: driver, operation: operation.qualified, object: object, digest: digest,
                    effect: operation.intentEffect, durability: operation.changes == .durable ? .power : .process))
        } catch {
            let code: DriverError.Code = error.code == .invalid ? .invalid : .resource
            let reason = error.code == .invalid ? "NoObject" : "LedgerUnavailable"
            throw self.error(code, operation, reason: reason, "the ledger refused the intent: \(error)")
        }
    }

    func finish(_ intent: Intent, _ outcome: IntentOutcome) {
        do {
            try ledger?.finish(intent, outcome)
        } catch {
            hostTable.sink.log(.error, driver, "the ledger could not record a result: \(error)")
        }
    }
}

extension DriverInstance: CallOwner {
    func error(_ code: DriverError.Code, _ operation: Operation, reason: String, _ message: String) -> DriverError {
        error(code, operation, reason: reason, message, errno: nil)
    }

    func stuck(_ operation: Operation, _ object: String) -> DriverError {
        error(
            .busyRetry, operation, reason: "ObjectStuck", "an earlier call for \(object) has not returned",
            retryAfter: .seconds(10))
    }

    func admit(_ job: CallJob) {
        guard let object = job.object else { return DriverThreads.shared.submit(job) }
        switch gate.enter(object, job) {
        case .enter: DriverThreads.shared.submit(job)
        case .wait: break
        case .stuck: job.refuse(stuck(job.operation, object))
        }
    }

    func left(_ object: String?) {
        guard let object, let next = gate.leave(object) else { return }
        DriverThreads.shared.submit(next)
    }

    func wroteOff(_ job: CallJob) -> [CallJob] {
        state.withLock { state in
            state.stuck += 1
            failing.store(state.stuck >= maxStuckCalls, ordering: .relaxed)
        }
        hostTable.sink.log(
            .error, driver,
            "host: \(job.operation.qualified) for \(job.object ?? "the instance") is stuck and written off (PD-9)")
        return job.object.map { gate.stuck($0) } ?? []
    }

    func returnedLate(_ object: String?) {
        state.withLock { state in
            state.stuck -= 1
            failing.store(state.stuck >= maxStuckCalls, ordering: .relaxed)
        }
        if let object { gate.freed(object) }
    }
}
