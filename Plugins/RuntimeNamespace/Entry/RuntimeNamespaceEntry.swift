import PintleSDK
import RuntimeNamespaceCore

/// What the SDK's entry function asks for: the driver's descriptor.
@c(pintle_driver) public func pintleDriver() -> UInt64 { RuntimeNamespacePlugin.plugin.definition }
