internal import CPintleABI
internal import CPintleFields
internal import CPintleHost
internal import Glibc
public import PintleInterfaces
internal import PintleLedger
public import PintleObjects
internal import Synchronization

extension PluginTools {
    /// Opens an instance of a driver in this process, calls one operation and closes it again.
    ///
    /// The driver gets an empty directory and an empty ledger, which are gone afterwards. Its log lines go to standard
    /// error. Blocks the calling thread.
    ///
    /// - Parameters:
    ///   - path: The manifest or the library.
    ///   - operation: Interface and operation, such as `network.version`.
    ///   - json: The request, field by field; descriptors are numbers of this process's.
    ///   - options: The driver's options as JSON; its schema fills in the rest.
    ///   - limit: Deadline of the call.
    /// - Returns: The result, `{}` when the operation has none, a list when it may have several. Secrets read `<secret>`.
    /// - Throws: ``DriverError``: `invalid` names the field of request or options that is wrong.
    public static func call(
        _ path: String, operation: String, json: String, options: String = "{}", limit: Duration = .seconds(120)
    ) throws(DriverError) -> JSON {
        let place = try PluginPlace(path)
        let id = place.manifest.id
        let (interface, described) = try find(operation, id)
        let interfaceID = FieldTable.name(interface.id)
        let request = try parse(json, "the request", id)
        let arena = ABIArena()
        let memory: UnsafeMutableRawPointer
        do { memory = try FieldJSON.encode(request, Int(described.request), path: "", into: arena) } catch {
            throw DriverError(.invalid, driver: id, operation: operation, reason: "BadRequest", error.description)
        }
        let config = try filled(parse(options, "the options", id), place.manifest)
        let plugin = try LoadedPlugin(manifest: place.manifest, folder: place.folder)
        let scratch = try ScratchDirectory(id)
        let ledger: Ledger
        do { ledger = try Ledger(directory: scratch.path) } catch {
            throw DriverError(.resource, driver: id, operation: operation, "no ledger in \(scratch.path): \(error)")
        }
        defer { ledger.close() }
        let facts = DriverHost.Facts(
            instanceID: "00000000", builtInFolder: "", stateDirectory: "\(scratch.path)/drivers", options: JSONObject())
        let instance = try plugin.open(
            interfaceID, options: config, facts: facts, ledger: ledger, sink: StandardErrorSink(), timeout: limit,
            maxStuckCalls: 1)
        defer { instance.close() }
        return try withExtendedLifetime(arena) { () throws(DriverError) in
            try RawCall(instance, interface, described, UnsafeRawPointer(memory)).run(limit)
        }
    }

    private static func find(_ name: String, _ driver: String) throws(DriverError) -> (
        pintle_interface_info, pintle_operation
    ) {
        func wrong(_ message: String) -> DriverError { DriverError(.invalid, driver: driver, operation: name, message) }
        let parts = name.split(separator: ".", maxSplits: 1).map(String.init)
        guard parts.count == 2, let info = FieldTable.interface(parts[0]) else {
            throw wrong("expected runtime.OPERATION, network.OPERATION or storage.OPERATION, found \(name)")
        }
        let operations = FieldTable.operations(of: info)
        guard let found = operations.first(where: { FieldTable.name($0.name) == parts[1] }) else {
            let known = operations.map { FieldTable.name($0.name) }.joined(separator: ", ")
            throw wrong("\(parts[0]) has no operation \(parts[1]); it has \(known)")
        }
        return (info, found)
    }

    private static func parse(_ text: String, _ what: String, _ driver: String) throws(DriverError) -> JSON {
        do { return try JSON(parsing: Array(text.utf8)) } catch {
            throw DriverError(
                .invalid, driver: driver, "\(what): line \(error.line), column \(error.column): \(error.message)")
        }
    }

    private static func filled(_ options: JSON, _ manifest: Manifest) throws(DriverError) -> JSON {
        guard let schema = manifest.configSchema else {
            if options.object?.isEmpty ?? false { return options }
            throw DriverError(.invalid, driver: manifest.id, "options: the driver takes none")
        }
        var options = options
        schema.applyDefaults(&options)
        if let error = schema.validate(options).first {
            throw DriverError(.invalid, driver: manifest.id, "options.\(error.path): \(error.message)")
        }
        return options
    }
}

/// One call by number, without the Swift types of its request and result.
private final class RawCall: @unchecked Sendable {
    // The request's memory outlives the call, which the caller waits for; `found` has its own lock.
    private typealias Function =
        @convention(c) (pintle_handle, UnsafeMutablePointer<pintle_call>?, UnsafeRawPointer?, UnsafeRawPointer?) ->
        Int32

    private let instance: DriverInstance
    private let described: pintle_operation
    private let operation: Operation
    private let request: UnsafeRawPointer
    private let found = Mutex<(items: [JSON], failure: String?)>(([], nil))

    init(
        _ instance: DriverInstance, _ interface: pintle_interface_info, _ described: pintle_operation,
        _ request: UnsafeRawPointer
    ) {
        self.instance = instance
        self.described = described
        self.request = request
        operation = Operation(interface, described)
    }

    func run(_ limit: Duration) throws(DriverError) -> JSON {
        try CallJob(instance, operation, object: nil, deadline: monotonicNanoseconds() + limit.wholeNanoseconds) {
            frame in
            Result { () throws(DriverError) in try self.call(frame) }
        }.wait()
        let (items, failure) = found.withLock { $0 }
        if let failure { throw instance.error(.misbehaved, operation, "a result is malformed: \(failure) (PD-6)") }
        switch described.mode {
        case PINTLE_RESULT_NONE: return .object(JSONObject())
        case PINTLE_RESULT_ONE:
            guard items.count == 1, let item = items.first else {
                throw instance.error(
                    .misbehaved, operation, "the driver put \(items.count) results, promised is one (PD-8)")
            }
            return item
        default: return .array(items)
        }
    }

    private func call(_ frame: CallFrame) throws(DriverError) {
        guard let pointer = instance.function(described.number) else {
            throw instance.error(.unsupported, operation, "the driver does not offer this operation")
        }
        var sink = pintle_nothing_sink()
        sink.size = UInt32(MemoryLayout<pintle_nothing_sink>.size)
        sink.context = Unmanaged.passUnretained(self).toOpaque()
        sink.put = { context, item in
            guard let context else { return 1 }
            return Unmanaged<RawCall>.fromOpaque(context).takeUnretainedValue().put(item.map { UnsafeRawPointer($0) })
        }
        let status = unsafeBitCast(pointer, to: Function.self)(instance.handle, frame.raw, request, &sink)
        guard status != PINTLE_OK else { return }
        throw instance.failure(operation, status, frame, monotonicNanoseconds())
    }

    private func put(_ item: UnsafeRawPointer?) -> Int32 {
        guard let item else { return 1 }
        do {
            let json = try FieldJSON.decode(item, Int(described.result))
            found.withLock { $0.items.append(json) }
            return 0
        } catch {
            found.withLock { if $0.failure == nil { $0.failure = error.description } }
            return 1
        }
    }
}

/// Writes what a driver says to standard error.
private struct StandardErrorSink: DriverSink {
    func log(_ level: DriverLogLevel, _ driver: String, _ message: String) { line("\(level) \(driver): \(message)") }

    func event(_ level: DriverLogLevel, _ driver: String, reason: String, _ message: String) {
        line("\(level) \(driver): event \(reason): \(message)")
    }

    func metric(_ driver: String, _ name: String, add: Int64) {}

    private func line(_ text: String) {
        let bytes = Array("\(text)\n".utf8)
        _ = bytes.withUnsafeBytes { write(2, $0.baseAddress, $0.count) }
    }
}

/// A new directory that is deleted with everything in it.
private final class ScratchDirectory: Sendable {
    let path: String

    init(_ driver: String) throws(DriverError) {
        let base = getenv("TMPDIR").map { String(cString: $0) } ?? "/tmp"
        var template = Array("\(base)/pintle-call-XXXXXX".utf8CString)
        guard let made = template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) else {
            throw DriverError(
                .resource, driver: driver, "no directory in \(base): \(String(cString: strerror(errno)))", errno: errno)
        }
        path = String(cString: made)
    }

    deinit {
        pintle_host_remove_tree(path)
    }
}
