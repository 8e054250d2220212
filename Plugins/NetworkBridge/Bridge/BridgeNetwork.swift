package import PintleInterfaces
internal import PintleNetlink
package import PintleSDK

/// A node's pods on one bridge: a veth pair each, addresses from the node's ranges, packet rules for what leaves the node
/// and for host ports.
///
/// Threads: any number at once. All of the kernel's objects are named after the instance (``InstanceNames``) and act in
/// the network namespace of the calling threads.
package final class BridgeNetwork: NetworkDriver {
    /// The manifest's id.
    package static let id = "dev.pintle.bridge"
    /// The manifest's version.
    package static let version = "1.0.0"

    let names: InstanceNames
    let configuration: BridgeConfiguration
    let host: any HostServices
    let leases: Leases
    let rules: PacketRules
    let filter: PacketFilter
    let node: BridgeNode
    let activity = Activity()
    /// Called after each step of an attach; what it throws fails the attach.
    ///
    /// Tests put faults here.
    let afterStep: @Sendable (AttachStep) throws -> Void

    package convenience init(_ context: OpenContext) throws {
        try self.init(
            configuration: BridgeConfiguration(json: context.config), instance: context.instanceID, host: context.host)
    }

    init(
        configuration: BridgeConfiguration, instance: String, host: any HostServices,
        afterStep: @escaping @Sendable (AttachStep) throws -> Void = { _ in }
    ) throws {
        guard let names = InstanceNames(instance: instance) else {
            throw DriverFailure(
                .invalid, reason: "InvalidInstance", "instance id \"\(instance)\" is not eight hexadecimal digits")
        }
        try configuration.validate()
        self.names = names
        self.configuration = configuration
        self.host = host
        self.afterStep = afterStep
        leases = try Leases(subnets: configuration.subnets, host: host)
        rules = PacketRules(names: names, configuration: configuration)
        filter = PacketFilter()
        node = BridgeNode(names: names, configuration: configuration, rules: rules, filter: filter, leases: leases)
    }

    package var capabilities: [String] {
        ["port-mappings", "ips", "mac", "dns"].map { "pintle.network.\($0)/1" }
    }

    package func close() {}

    package func version(_ call: Call) throws -> NetworkVersion {
        var version = NetworkVersion()
        version.name = Self.id
        version.version = Self.version
        version.protocols = ["0.4.0", "1.0.0", "1.1.0"]
        return version
    }
}

/// The steps of an attach, in order.
enum AttachStep: CaseIterable, Sendable {
    /// Addresses are taken and in the ledger.
    case addressesTaken
    /// The veth pair exists and is a port of the bridge.
    case linkMade
    /// The pod's end has addresses and routes.
    case podConfigured
    /// Host ports are taken and in the ledger.
    case portsTaken
    /// Host ports lead to the pod.
    case portsOpened
}
