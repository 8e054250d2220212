internal import CPintleABI
internal import PintleInterfaces
internal import Synchronization

/// An interface that a driver offers: made by `.runtime(_:)`, `.network(_:)` or `.storage(_:)`.
public struct PluginInterface {
    let id: String
    let table: UnsafeRawPointer
    let type: any Driver.Type

    init<Table>(id: String, table: Table, type: any Driver.Type) {
        let memory = UnsafeMutablePointer<Table>.allocate(capacity: 1)
        memory.initialize(to: table)
        self.id = id
        self.table = UnsafeRawPointer(memory)
        self.type = type
    }
}

/// What a driver's `.so` is.
///
/// Made once, while the library is loaded, and never freed.
///
/// ```swift
/// private let plugin = Plugin(id: "com.example.null", version: "1.0.0", .network(NullNetwork.self))
///
/// @c(pintle_driver) public func pintleDriver() -> UInt64 { plugin.definition }
/// ```
public struct Plugin: Sendable {
    /// What `pintle_driver` returns: the descriptor's address.
    public let definition: UInt64

    /// Describes a driver.
    ///
    /// - Parameters:
    ///   - id: The manifest's id.
    ///   - version: The manifest's version.
    ///   - interfaces: What it offers; at most one of each kind.
    public init(id: String, version: String, _ interfaces: PluginInterface...) {
        let list = UnsafeMutablePointer<pintle_interface>.allocate(capacity: max(1, interfaces.count))
        for (index, interface) in interfaces.enumerated() {
            (list + index).initialize(
                to: pintle_interface(
                    size: UInt32(MemoryLayout<pintle_interface>.size), reserved0: 0, id: Views.permanent(interface.id),
                    table: interface.table))
            Self.types.withLock { $0[interface.id] = interface.type }
        }
        let plugin = UnsafeMutablePointer<pintle_plugin>.allocate(capacity: 1)
        plugin.initialize(to: pintle_plugin())
        plugin.pointee.size = UInt32(MemoryLayout<pintle_plugin>.size)
        plugin.pointee.abi_minor = UInt32(PINTLE_ABI_MINOR)
        plugin.pointee.id = Views.permanent(id)
        plugin.pointee.version = Views.permanent(version)
        plugin.pointee.interfaces = pintle_array(
            data: UnsafeRawPointer(list), count: UInt64(interfaces.count),
            stride: UInt64(MemoryLayout<pintle_interface>.stride))
        plugin.pointee.open = { Plugin.open($0, $1, $2) }
        plugin.pointee.close = { Plugin.close($0, $1) }
        definition = UInt64(UInt(bitPattern: plugin))
    }
}

extension Plugin {
    private static let types = Mutex<[String: any Driver.Type]>([:])

    private static func open(
        _ raw: UnsafeMutablePointer<pintle_call>?, _ request: UnsafePointer<pintle_open_request>?,
        _ out: UnsafePointer<pintle_open_result_sink>?
    ) -> Int32 {
        let call = Call(raw)
        return Dispatch.status(call) {
            guard let request, let out, let host = request.pointee.host else {
                throw DriverFailure(.invalid, reason: "BadRequest", "open: a pointer is null")
            }
            let id = try ABIReader.text(request.pointee.interface_id, "interface_id")
            guard let type = types.withLock({ $0[id] }) else {
                throw DriverFailure(.unsupported, reason: "NoSuchInterface", "this driver does not offer \(id)")
            }
            let driver = try type.init(
                OpenContext(
                    config: ABIReader.bytes(request.pointee.config, "config"),
                    instanceID: ABIReader.text(request.pointee.instance_id, "instance_id"), host: TableHost(raw: host)))
            let handle = Dispatch.register(driver)
            let arena = ABIArena()
            var result = pintle_open_result()
            result.size = UInt32(MemoryLayout<pintle_open_result>.size)
            result.instance = handle
            result.capabilities = arena.texts(driver.capabilities)
            if out.pointee.put?(out.pointee.context, &result) != 0 {
                Dispatch.remove(handle)?.close()
                throw SinkStopped()
            }
        }
    }

    private static func close(_ handle: UInt64, _ raw: UnsafeMutablePointer<pintle_call>?) -> Int32 {
        guard let driver = Dispatch.remove(handle) else {
            return Call(raw).fail(
                DriverFailure(.notFound, reason: "NoSuchInstance", "no open instance has the handle \(handle)"))
        }
        driver.close()
        return PINTLE_OK
    }
}
