import CPintleABI
import PintleInterfaces
import PintleSDK
import Testing

/// The test plugin as a host in C sees it.
///
/// One thread.
final class RawDriver {
    let plugin: pintle_plugin
    let call = FakeCall()
    let host = FakeHost()

    init() throws {
        let pointer = try #require(UnsafePointer<pintle_plugin>(bitPattern: UInt(testPlugin.definition)))
        plugin = pointer.pointee
    }

    private func table() throws -> pintle_network {
        let interface = try #require(plugin.interfaces.data).loadUnaligned(as: pintle_interface.self)
        return try #require(interface.table).loadUnaligned(as: pintle_network.self)
    }

    func open(
        config: String, interface: String = "pintle.network/1", taking: Bool = true
    ) throws -> (status: Int32, handle: UInt64, capabilities: [String]) {
        final class Box {
            var result: (UInt64, [String]) = (0, [])
            var taking = true
        }
        let arena = ABIArena()
        var request = pintle_open_request()
        request.size = UInt32(MemoryLayout<pintle_open_request>.size)
        request.interface_id = arena.text(interface)
        request.config = arena.text(config)
        request.instance_id = arena.text("0a1b2c3d")
        request.host = UnsafePointer(host.raw)
        let box = Box()
        box.taking = taking
        var sink = pintle_open_result_sink()
        sink.size = UInt32(MemoryLayout<pintle_open_result_sink>.size)
        sink.context = Unmanaged.passUnretained(box).toOpaque()
        sink.put = { context, item in
            guard let context, let item else { return 1 }
            let box = Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
            guard box.taking else { return 1 }
            box.result = (item.pointee.instance, (try? ABIReader.texts(item.pointee.capabilities, "")) ?? [])
            return 0
        }
        let function = try #require(plugin.open)
        let status = withExtendedLifetime((arena, box)) { function(call.raw, &request, &sink) }
        return (status, box.result.0, box.result.1)
    }

    func close(_ handle: UInt64) throws -> Int32 {
        let function = try #require(plugin.close)
        return function(handle, call.raw)
    }

    func attach(
        _ handle: UInt64, _ request: NetworkAttachRequest,
        _ change: (inout pintle_network_attach_request, ABIArena) -> Void = { _, _ in }
    ) throws -> (Int32, [NetworkAttachment]) {
        let arena = ABIArena()
        var lowered = request.lower(into: arena)
        change(&lowered, arena)
        let function = try #require(table().attach)
        let collector = ABICollector<NetworkAttachment>()
        let status = withExtendedLifetime((arena, collector)) {
            var sink = NetworkAttachment.makeSink(collector)
            return function(handle, call.raw, &lowered, &sink)
        }
        return (status, collector.items)
    }

    func collect(_ handle: UInt64, taking count: Int) throws -> (Int32, [String]) {
        var names: [String] = []
        let arena = ABIArena()
        let function = try #require(table().gc)
        let status = withoutActuallyEscaping({ (item: NetworkGcItem) in
            guard names.count < count else { return false }
            names.append(item.name)
            return true
        }) { receive in
            let collector = ABICollector<NetworkGcItem>(receive)
            return withExtendedLifetime((arena, collector)) {
                var sink = NetworkGcItem.makeSink(collector)
                return function(handle, call.raw, arena.place(NetworkGcRequest()), &sink)
            }
        }
        return (status, names)
    }

    func status(_ handle: UInt64) throws -> Int32 {
        let function = try #require(table().status)
        let collector = ABICollector<NetworkStatus>()
        return withExtendedLifetime(collector) {
            var sink = NetworkStatus.makeSink(collector)
            var request = pintle_nothing(size: 8, reserved0: 0)
            return function(handle, call.raw, &request, &sink)
        }
    }
}

/// A call whose every part the test decides.
final class FakeCall {
    struct Failure: Equatable {
        var code: Int32
        var reason: String
        var message: String
        var errno: Int32
        var retry: UInt64
    }

    let raw = UnsafeMutablePointer<pintle_call>.allocate(capacity: 1)
    var isCancelled = false
    var failures: [Failure] = []
    var deadline: UInt64 {
        get { raw.pointee.deadline_ns }
        set { raw.pointee.deadline_ns = newValue }
    }

    init() {
        raw.initialize(to: pintle_call())
        raw.pointee.size = UInt32(MemoryLayout<pintle_call>.size)
        raw.pointee.context = Unmanaged.passUnretained(self).toOpaque()
        raw.pointee.is_cancelled = { FakeCall.of($0).map { $0.isCancelled ? 1 : 0 } ?? 0 }
        raw.pointee.cancel_fd = { _ in 42 }
        raw.pointee.fail = { call, failure in
            guard let failure = failure?.pointee else { return }
            FakeCall.of(call)?.failures.append(
                Failure(
                    code: failure.code, reason: (try? ABIReader.text(failure.reason, "")) ?? "?",
                    message: (try? ABIReader.text(failure.message, "")) ?? "?", errno: failure.os_error,
                    retry: failure.retry_after_ns))
        }
    }

    deinit { raw.deallocate() }

    private static func of(_ call: UnsafeMutablePointer<pintle_call>?) -> FakeCall? {
        call?.pointee.context.map { Unmanaged<FakeCall>.fromOpaque($0).takeUnretainedValue() }
    }
}

/// A host that writes down what it is asked.
final class FakeHost {
    let raw = UnsafeMutablePointer<pintle_host>.allocate(capacity: 1)
    var lines: [String] = []
    var ledgerStatus = PINTLE_OK

    init() {
        raw.initialize(to: pintle_host())
        raw.pointee.size = UInt32(MemoryLayout<pintle_host>.size)
        raw.pointee.context = Unmanaged.passUnretained(self).toOpaque()
        raw.pointee.log = { FakeHost.of($0)?.say("\(FakeHost.level($1)): \(FakeHost.text($2))") }
        raw.pointee.event = {
            FakeHost.of($0)?.say("event \(FakeHost.level($1)) \(FakeHost.text($2)): \(FakeHost.text($3))")
        }
        raw.pointee.metric = { FakeHost.of($0)?.say("metric \(FakeHost.text($1)) \($2)") }
        raw.pointee.ledger_put = { host, entry in
            guard let host = FakeHost.of(host), let entry = entry?.pointee else { return PINTLE_INVALID }
            host.say("put \(FakeHost.text(entry.kind)) \(FakeHost.text(entry.key)) \(FakeHost.text(entry.owner))")
            return host.ledgerStatus
        }
        raw.pointee.ledger_delete = { host, kind, key in
            FakeHost.of(host)?.say("delete \(FakeHost.text(kind)) \(FakeHost.text(key))")
            return PINTLE_OK
        }
        raw.pointee.ledger_list = { host, kind, out in
            FakeHost.of(host)?.say("list \(FakeHost.text(kind))")
            let arena = ABIArena()
            var entry = pintle_ledger_entry(
                size: UInt32(MemoryLayout<pintle_ledger_entry>.size), reserved0: 0, kind: kind, key: arena.text("k"),
                owner: arena.text("o"))
            _ = out?.pointee.put?(out?.pointee.context, &entry)
            return PINTLE_OK
        }
    }

    deinit { raw.deallocate() }

    private func say(_ line: String) { lines.append(line) }
    private static func text(_ view: pintle_bytes) -> String { (try? ABIReader.text(view, "")) ?? "?" }

    private static func level(_ level: Int32) -> String {
        let names = ["trace", "debug", "info", "warning", "error"]
        return names.indices.contains(Int(level)) ? names[Int(level)] : "?"
    }

    private static func of(_ host: UnsafePointer<pintle_host>?) -> FakeHost? {
        host?.pointee.context.map { Unmanaged<FakeHost>.fromOpaque($0).takeUnretainedValue() }
    }
}
