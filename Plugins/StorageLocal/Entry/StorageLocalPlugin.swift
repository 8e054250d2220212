internal import PintleSDK
internal import PintleVolumes

private let plugin = Plugin(id: LocalStorage.id, version: LocalStorage.version, .storage(LocalStorage.self))

/// What the SDK's entry function asks for: the driver's descriptor.
@c(pintle_driver) public func pintleDriver() -> UInt64 { plugin.definition }
