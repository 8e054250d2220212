internal import Logging
internal import PintleClient
internal import PintleHost
internal import PintleNode
internal import PintleNodePolicy

extension NodeDrivers {
    /// The node agent on these drivers, as the configuration file wants it.
    func agent(name: String, client: any APIClient, logger: Logger, kubeletPort: Int = 0) -> NodeAgent {
        let node = file.configuration.node
        var settings = NodeSettings(
            name: name, instanceID: directory.instanceID, dataDirectory: directory.path,
            logDirectory: directory.podLogs, cgroupParent: "/pintle-\(directory.instanceID)", podRanges: [podRange],
            maxPods: node.maxPods, logMaxBytes: node.containerLogMaxSize, logMaxFiles: node.containerLogMaxFiles,
            version: ProductVersion.text)
        settings.policy = node.policy
        settings.allowedUnsafeSysctls = node.allowedUnsafeSysctls
        settings.podPidsLimit = max(0, node.podPidsLimit)
        settings.userNamespaceBase = node.userNamespaceBase
        settings.kubeletAddress = node.address
        settings.kubeletPort = kubeletPort
        return NodeAgent(
            settings: settings, client: client, runtime: host.runtime, networks: host.networks,
            storage: host.storages[0]
        ) { logger.warning("\($0)") }
    }
}
