internal import CPintleABI
internal import Glibc
internal import PintleInterfaces
internal import PintleLedger
internal import PintleObjects

extension LoadedPlugin {
    /// Opens an instance of one interface. Blocks on the calling thread, for 30 s at most if the driver keeps PD-9.
    func open(
        _ interface: String, options: JSON, facts: DriverHost.Facts, ledger: Ledger?, sink: any DriverSink,
        timeout: Duration, maxStuckCalls: Int
    ) throws(DriverError) -> DriverInstance {
        guard let offer = offers.first(where: { $0.id == interface }) else {
            throw DriverError(
                .refused, driver: manifest.id, "it does not offer \(interface), but \(manifest.interfaces.joined(separator: ", "))")
        }
        let directory = stateDirectory(facts.stateDirectory)
        let table = HostTable(driver: manifest.id, minor: minor, ledger: ledger, sink: sink, stateDirectory: directory)
        let frame = CallFrame()
        frame.begin(operation: 0, deadline: monotonicNanoseconds() + 30_000_000_000)
        let arena = ABIArena()
        var request = pintle_open_request()
        request.size = UInt32(MemoryLayout<pintle_open_request>.size)
        request.interface_id = arena.text(interface)
        request.config = arena.bytes(options.serialized())
        request.instance_id = arena.text(facts.instanceID)
        request.host = UnsafePointer(table.raw)
        let box = OpenBox()
        var sinkTable = pintle_open_result_sink()
        sinkTable.size = UInt32(MemoryLayout<pintle_open_result_sink>.size)
        sinkTable.context = Unmanaged.passUnretained(box).toOpaque()
        sinkTable.put = { OpenBox.put($0, $1) }
        let status = withExtendedLifetime((arena, box, table)) { descriptor.open?(frame.raw, &request, &sinkTable) ?? PINTLE_UNSUPPORTED }
        if status != PINTLE_OK {
            let failure = frame.takeFailure()
            throw DriverError(
                DriverError.Code(status: status), driver: manifest.id, operation: "open", reason: failure?.reason ?? "",
                failure?.message ?? "the driver answered \(status) without a reason", errno: failure.flatMap { $0.errno == 0 ? nil : $0.errno })
        }
        guard let handle = box.handle, handle != 0 else {
            throw DriverError(.misbehaved, driver: manifest.id, operation: "open", "open succeeded without an instance (PD-8)")
        }
        if let undeclared = box.capabilities.first(where: { !manifest.capabilities.contains($0) }) {
            throw DriverError(
                .misbehaved, driver: manifest.id, operation: "open", "it reports the capability \(undeclared), which its manifest does not declare (PD-5)")
        }
        return DriverInstance(
            plugin: self, interface: offer, handle: handle, capabilities: box.capabilities, hostTable: table, ledger: ledger,
            timeout: timeout, maxStuckCalls: maxStuckCalls)
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

/// Takes the result of `open`.
private final class OpenBox {
    var handle: pintle_handle?
    var capabilities: [String] = []

    static func put(_ context: UnsafeMutableRawPointer?, _ item: UnsafePointer<pintle_open_result>?) -> Int32 {
        guard let context, let item, item.pointee.size >= MemoryLayout<pintle_open_result>.size else { return 1 }
        let box = Unmanaged<OpenBox>.fromOpaque(context).takeUnretainedValue()
        guard let capabilities = try? ABIReader.texts(item.pointee.capabilities, "capabilities") else { return 1 }
        box.handle = item.pointee.instance
        box.capabilities = capabilities
        return 0
    }
}
