import PintleInterfaces
import PintleNetlink
import PintleSDK

@testable import NetworkBridgeCore

/// A driver in a lab, called as the host calls it.
final class Node: Sendable {
    let lab: Lab
    let host: RecordingHost
    let driver: BridgeNetwork

    /// Opens a driver over `subnets` in `lab`, a new one if none is given.
    init(
        lab: Lab? = nil, host: RecordingHost = RecordingHost(), instance: String = "1a2b3c4d",
        subnets: [String] = ["10.244.0.0/24"], configure: (inout BridgeConfiguration) -> Void = { _ in },
        afterStep: @escaping @Sendable (AttachStep) throws -> Void = { _ in }
    ) throws {
        var configuration = BridgeConfiguration(subnets: subnets.map(net))
        configure(&configuration)
        let lab = try lab ?? Lab()
        self.lab = lab
        self.host = host
        driver = try lab.run {
            try BridgeNetwork(configuration: configuration, instance: instance, host: host, afterStep: afterStep)
        }
    }

    func attach(
        _ id: String, _ pod: Namespace, interface: String = "eth0",
        _ edit: (inout NetworkAttachRequest) -> Void = { _ in }
    ) throws -> NetworkAttachment {
        var request = NetworkAttachRequest()
        request.attachmentId = id
        request.sandboxId = id
        request.interface = interface
        request.netnsFd = pod.descriptor
        edit(&request)
        return try lab.run { try driver.attach(request, .unbounded) }
    }

    /// Attaches a new pod and returns its namespace and primary address.
    func pod(
        _ id: String, _ edit: (inout NetworkAttachRequest) -> Void = { _ in }
    ) throws -> (namespace: Namespace, addresses: [IPAddress]) {
        let namespace = try Namespace()
        let result = try attach(id, namespace, edit)
        return (namespace, result.addresses.compactMap { Subnet.parse($0.address)?.address })
    }

    func detach(_ id: String, _ pod: Namespace? = nil, ending: Bool = false) throws {
        var request = NetworkDetachRequest()
        request.attachmentId = id
        request.interface = "eth0"
        request.netnsFd = pod?.descriptor ?? 0
        request.namespaceEnding = ending
        try lab.run { try driver.detach(request, .unbounded) }
    }

    func check(_ id: String, _ pod: Namespace) throws {
        var request = NetworkCheckRequest()
        request.attachmentId = id
        request.interface = "eth0"
        request.netnsFd = pod.descriptor
        try lab.run { try driver.check(request, .unbounded) }
    }

    /// Collects all but `valid`; returns what was removed, as `kind name`.
    @discardableResult
    func collect(_ valid: [String]) throws -> [String] {
        var request = NetworkGcRequest()
        request.valid = valid.map { id in
            var ref = NetworkAttachmentRef()
            ref.attachmentId = id
            return ref
        }
        var removed: [String] = []
        try lab.run {
            try driver.gc(request, .unbounded) { removed.append("\($0.kind) \($0.name)") }
        }
        return removed.sorted()
    }

    func status() throws -> NetworkStatus { try lab.run { try driver.status(.unbounded) } }
}

/// A port mapping, as a request has it.
func mapping(
    _ hostPort: Int32, _ containerPort: Int32, _ transport: String = "tcp", on address: String = ""
) -> NetworkPortMapping {
    var mapping = NetworkPortMapping()
    mapping.hostPort = hostPort
    mapping.containerPort = containerPort
    mapping.protocol = transport
    mapping.hostIp = address
    return mapping
}

/// What `body` failed with, or nil.
func failure(_ body: () throws -> Void) -> DriverFailure? {
    do {
        try body()
        return nil
    } catch {
        return error as? DriverFailure
    }
}
