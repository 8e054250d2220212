internal import CPintleABI
internal import Glibc
internal import PintleInterfaces
internal import PintleLedger
internal import PintleObjects
internal import Synchronization

extension LoadedPlugin {
    /// Opens an instance of one interface.
    ///
    /// Blocks the calling thread, for `limit` and a second at most.
    func open(
        _ interface: String, options: JSON, facts: DriverHost.Facts, ledger: Ledger?, sink: any DriverSink,
        timeout: Duration, maxStuckCalls: Int, limit: Duration = .seconds(30)
    ) throws(DriverError) -> DriverInstance {
        guard let offer = offers.first(where: { $0.id == interface }) else {
            throw DriverError(
                .refused, driver: manifest.id,
                "it does not offer \(interface), but \(manifest.interfaces.joined(separator: ", "))")
        }
        let directory = stateDirectory(facts.stateDirectory)
        let table = HostTable(driver: manifest.id, minor: minor, ledger: ledger, sink: sink, stateDirectory: directory)
        let opening = Opening(self, table)
        try opening.run(interface, config: options.serialized(), instanceID: facts.instanceID, limit: limit)
        let (handle, capabilities) = try opening.result()
        return DriverInstance(
            plugin: self, interface: offer, handle: handle, capabilities: capabilities, hostTable: table,
            ledger: ledger,
            timeout: timeout, maxStuckCalls: maxStuckCalls)
    }

    func close(_ handle: pintle_handle) {
        let frame = CallFrame()
        frame.begin(operation: 0, deadline: monotonicNanoseconds() + 10_000_000_000)
        _ = descriptor.close?(handle, frame.raw)
    }

    private func stateDirectory(_ parent: String) -> Int32 {
        guard !parent.isEmpty else { return 0 }
        let path = "\(parent)/\(manifest.id)"
        mkdir(parent, 0o700)
        mkdir(path, 0o700)
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        return max(0, descriptor)
    }
}

/// One call of `open`, which may get stuck like any other.
private final class Opening: CallOwner {
    private let plugin: LoadedPlugin
    private let table: HostTable
    private let answers = Mutex<[(handle: pintle_handle, capabilities: [String]?)]>([])
    private let operation = Operation("", 0, "open", .nothing, .changes, quick: false)

    init(_ plugin: LoadedPlugin, _ table: HostTable) {
        self.plugin = plugin
        self.table = table
    }

    func run(_ interface: String, config: [UInt8], instanceID: String, limit: Duration) throws(DriverError) {
        let deadline = monotonicNanoseconds() + limit.wholeNanoseconds
        try CallJob(self, operation, object: nil, deadline: deadline) { frame in
            Result { () throws(DriverError) in
                try self.call(interface, config: config, instanceID: instanceID, frame)
            }
        }.wait()
    }

    private func call(
        _ interface: String, config: [UInt8], instanceID: String, _ frame: CallFrame
    ) throws(DriverError) {
        var request = pintle_open_request()
        request.size = UInt32(MemoryLayout<pintle_open_request>.size)
        request.interface_id = frame.arena.text(interface)
        request.config = frame.arena.bytes(config)
        request.instance_id = frame.arena.text(instanceID)
        request.host = UnsafePointer(table.raw)
        var sink = pintle_open_result_sink()
        sink.size = UInt32(MemoryLayout<pintle_open_result_sink>.size)
        sink.context = Unmanaged.passUnretained(self).toOpaque()
        sink.put = { context, item in
            guard let context, let item else { return 1 }
            return Unmanaged<Opening>.fromOpaque(context).takeUnretainedValue().put(item)
        }
        let status = plugin.descriptor.open?(frame.raw, &request, &sink) ?? PINTLE_UNSUPPORTED
        guard status != PINTLE_OK else { return }
        let failure = frame.takeFailure()
        throw DriverError(
            DriverError.Code(status: status), driver: plugin.manifest.id, operation: "open",
            reason: failure?.reason ?? "",
            failure?.message ?? "the driver answered \(status) without a reason",
            errno: failure.flatMap { $0.errno == 0 ? nil : $0.errno })
    }

    private func put(_ item: UnsafePointer<pintle_open_result>) -> Int32 {
        guard item.pointee.size >= MemoryLayout<pintle_open_result>.size else { return 1 }
        let capabilities = try? ABIReader.texts(item.pointee.capabilities, "capabilities")
        answers.withLock { $0.append((item.pointee.instance, capabilities)) }
        return capabilities == nil ? 1 : 0
    }

    /// The instance; it is closed again when the answer breaks a promise.
    func result() throws(DriverError) -> (pintle_handle, [String]) {
        let answers = answers.withLock { $0 }
        func broken(_ message: String) -> DriverError {
            for answer in answers where answer.handle != 0 { plugin.close(answer.handle) }
            return DriverError(.misbehaved, driver: plugin.manifest.id, operation: "open", message)
        }
        guard answers.count == 1, let answer = answers.first else {
            throw broken("the driver put \(answers.count) results, promised is one (PD-8)")
        }
        guard answer.handle != 0 else { throw broken("open succeeded without an instance (PD-8)") }
        guard let capabilities = answer.capabilities else { throw broken("its capabilities are malformed (PD-6)") }
        if let undeclared = capabilities.first(where: { !plugin.manifest.capabilities.contains($0) }) {
            throw broken("it reports the capability \(undeclared), which its manifest does not declare (PD-5)")
        }
        return (answer.handle, capabilities)
    }

    func error(_ code: DriverError.Code, _ operation: Operation, reason: String, _ message: String) -> DriverError {
        DriverError(code, driver: plugin.manifest.id, operation: operation.qualified, reason: reason, message)
    }

    func stuck(_ operation: Operation, _ object: String) -> DriverError {
        error(.busyRetry, operation, reason: "ObjectStuck", "an earlier call has not returned")
    }

    func admit(_ job: CallJob) { DriverThreads.shared.submit(job) }

    func left(_ object: String?) {}

    func wroteOff(_ job: CallJob) -> [CallJob] { [] }

    /// Nobody waits for the instance any more.
    func returnedLate(_ object: String?) {
        for answer in answers.withLock({ $0 }) where answer.handle != 0 { plugin.close(answer.handle) }
    }
}
