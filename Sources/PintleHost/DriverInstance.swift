internal import CPintleABI
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
    /// The interface's id, such as `pintle.network/1`.
    public let interface: String
    /// What the driver said at `open` that this kernel and configuration allow, of what its manifest declares.
    public let capabilities: [String]
    /// Deadline of calls that name none.
    public let defaultTimeout: Duration
    /// How many calls may be stuck before the instance counts as failed.
    public let maxStuckCalls: Int

    let handle: pintle_handle
    private let functions: UnsafeMutableRawPointer
    private let ledger: Ledger?
    private let gate = ObjectGate()
    private let plugin: LoadedPlugin
    private let hostTable: HostTable
    private let state = Mutex(State())

    private struct State {
        var statistics: [UInt32: (name: String, statistics: OperationStatistics)] = [:]
        var stuck = 0
        var writtenOff: UInt64 = 0
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
    }

    deinit { functions.deallocate() }

    /// The table of operations, as long as ours: what the driver does not offer is null.
    func table<Table>(as type: Table.Type) -> UnsafePointer<Table> {
        UnsafePointer(functions.assumingMemoryBound(to: Table.self))
    }

    /// Calls whose driver never returned, and that still have not.
    public var stuckCalls: Int { state.withLock { $0.stuck } }

    /// Whether so many calls are stuck that the instance is no longer used.
    public var hasFailed: Bool { stuckCalls >= maxStuckCalls }

    /// Statistics by operation name.
    public var statistics: [String: OperationStatistics] {
        state.withLock { state in
            var all: [String: OperationStatistics] = [:]
            for entry in state.statistics.values { all[entry.name] = entry.statistics }
            return all
        }
    }

    /// Closes the instance. No call may be running.
    public func close() {
        let frame = CallFrame()
        frame.begin(operation: 0, deadline: monotonicNanoseconds() + 10_000_000_000)
        _ = plugin.descriptor.close?(handle, frame.raw)
    }

    func error(
        _ code: DriverError.Code, _ operation: Operation, reason: String = "", _ message: String, errno: Int32? = nil,
        retryAfter: Duration? = nil
    ) -> DriverError {
        DriverError(
            code, driver: driver, operation: operation.qualified, reason: reason, message, errno: errno,
            retryAfter: retryAfter)
    }

    func wroteOff(_ job: CallJob) {
        state.withLock {
            $0.stuck += 1
            $0.writtenOff += 1
        }
        if let object = job.object { gate.stuck(object) }
        hostTable.sink.log(
            .error, driver, "host: call \(job.operation.qualified) for \(job.object ?? "the instance") is stuck and written off (PD-9)")
    }

    func returnedLate(_ object: String?) {
        state.withLock { $0.stuck -= 1 }
        if let object { gate.freed(object) }
    }

    func statistics(of operation: Operation) -> OperationStatistics {
        state.withLock { state in
            if let found = state.statistics[operation.number] { return found.statistics }
            let made = OperationStatistics()
            state.statistics[operation.number] = (operation.name, made)
            return made
        }
    }

    func enter(_ object: String) async -> Bool { await gate.enter(object) }
    func leave(_ object: String) { gate.leave(object) }

    func begin(_ operation: Operation, object: String, digest: [UInt8]) throws(DriverError) -> Intent? {
        guard let ledger, operation.changes == .kernel || operation.changes == .durable else { return nil }
        do {
            return try ledger.begin(
                IntentRequest(
                    driver: driver, operation: operation.qualified, object: object, digest: digest,
                    effect: operation.intentEffect, durability: operation.changes == .durable ? .power : .process))
        } catch {
            throw self.error(.resource, operation, reason: "LedgerUnavailable", "the ledger refused the intent: \(error)")
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
