internal import NetworkBridgeCore
internal import PintleSDK

private let plugin = Plugin(id: BridgeNetwork.id, version: BridgeNetwork.version, .network(BridgeNetwork.self))

/// What the SDK's entry function asks for: the driver's descriptor.
@c(pintle_driver) public func pintleDriver() -> UInt64 { plugin.definition }
