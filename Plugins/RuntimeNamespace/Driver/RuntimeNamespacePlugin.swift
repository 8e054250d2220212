package import PintleSDK

/// The driver as its shared object defines it.
package enum RuntimeNamespacePlugin {
    package static let plugin = Plugin(
        id: RuntimeNamespace.id, version: RuntimeNamespace.version, .runtime(RuntimeNamespace.self))
}
