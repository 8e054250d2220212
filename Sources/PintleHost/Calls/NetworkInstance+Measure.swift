internal import CPintleABI
package import PintleInterfaces
internal import PintleObjects

/// What `Benchmarks/driver-calls` needs to tell the driver's own time from the host's.
extension NetworkInstance {
    /// Loads the driver of a manifest or a library and opens its network interface, without a ledger.
    package init(measuring path: String) throws {
        let place = try PluginPlace(path)
        let plugin = try LoadedPlugin(manifest: place.manifest, folder: place.folder)
        let facts = DriverHost.Facts(
            instanceID: "00000000", builtInFolder: "", stateDirectory: "", options: JSONObject())
        self.init(
            try plugin.open(
                "pintle.network/1", options: [:], facts: facts, ledger: nil, sink: SilentSink(), timeout: .seconds(60),
                maxStuckCalls: 16))
    }

    /// `detach` on this thread, as a driver thread makes a call: with frame, deadline and counters.
    package func detachNow(_ request: NetworkDetachRequest, deadline: UInt64) throws(DriverError) {
        try instance.performNow(
            Operation("network", 1, "detach", .kernel, .removes, quick: false), request: request, deadline: deadline
        ) { (instance, call, request, sink: UnsafePointer<ABINothing.Sink>) in
            instance.table(as: pintle_network.self).pointee.detach?(instance.handle, call, request, sink)
        }
    }

    /// `version` on this thread; see ``detachNow(_:deadline:)``.
    package func versionNow(deadline: UInt64) throws(DriverError) -> NetworkVersion {
        try instance.valueNow(
            Operation("network", 5, "version", .nothing, .changes, quick: false), request: ABINothing(),
            deadline: deadline
        ) { (instance, call, request, sink: UnsafePointer<NetworkVersion.Sink>) in
            instance.table(as: pintle_network.self).pointee.version?(instance.handle, call, request, sink)
        }
    }

    /// Calls the driver's `detach` and `version` through their pointers, with everything prepared, `count` times each.
    package func direct(_ request: NetworkDetachRequest, count: Int) -> (detach: UInt64, version: UInt64) {
        let table = instance.table(as: pintle_network.self).pointee
        return CallFrame.withFrame(quick: false) { frame in
            frame.begin(operation: 5, deadline: 0)
            let lowered = frame.arena.place(request)
            var nothing = pintle_nothing(size: 8, reserved0: 0)
            var none = pintle_nothing_sink()
            var sink = pintle_network_network_version_sink()
            sink.put = { _, _ in 0 }
            let began = monotonicNanoseconds()
            for _ in 0..<count { _ = table.detach?(instance.handle, frame.raw, lowered, &none) }
            let between = monotonicNanoseconds()
            for _ in 0..<count { _ = table.version?(instance.handle, frame.raw, &nothing, &sink) }
            return (between - began, monotonicNanoseconds() - between)
        }
    }
}

/// Drops what drivers say.
private struct SilentSink: DriverSink {
    func log(_ level: DriverLogLevel, _ driver: String, _ message: String) {}
    func event(_ level: DriverLogLevel, _ driver: String, reason: String, _ message: String) {}
    func metric(_ driver: String, _ name: String, add: Int64) {}
}
