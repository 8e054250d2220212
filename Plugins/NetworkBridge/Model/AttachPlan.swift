internal import PintleInterfaces
internal import PintleNetlink
internal import PintleSDK

/// An attach request, understood: what it asks for in types that cannot be malformed.
struct AttachPlan: Sendable {
    /// A port mapping before the pod's addresses are known.
    struct PortRequest: Sendable, Hashable {
        let transport: Transport
        let port: UInt16
        let targetPort: UInt16
        /// nil means every address of every family that the pod has.
        let address: IPAddress?
    }

    let attachment: String
    /// The link's name inside the pod.
    let interface: String
    /// Borrowed from the request.
    let namespace: Int32
    let mac: MACAddress?
    /// Addresses the pod insists on.
    let addresses: [IPAddress]
    let ports: [PortRequest]

    /// Reads `request`, or throws `invalid` or `unsupported` and names the field.
    init(_ request: NetworkAttachRequest) throws {
        try Self.refuseUnsupported(request)
        attachment = try Self.attachment(request.attachmentId)
        interface = try Self.interface(request.interface)
        guard request.netnsFd > 0 else {
            throw Self.invalid(
                "netns_fd", "is missing: a pod is attached through a descriptor of its network namespace")
        }
        namespace = request.netnsFd
        mac = try Self.mac(request.mac)
        addresses = try request.ips.enumerated().map { index, text in
            guard let address = IPAddress(text) ?? Subnet.parse(text)?.address else {
                throw Self.invalid("ips[\(index)]", "\(text) is no address")
            }
            return address
        }
        ports = try request.portMappings.enumerated().map { try Self.port($1, "port_mappings[\($0)]") }
    }

    /// The id, or `invalid` when it is empty.
    static func attachment(_ id: String) throws -> String {
        guard !id.isEmpty else { throw invalid("attachment_id", "is empty") }
        return id
    }

    /// The name, or `invalid` when no link can have it.
    static func interface(_ name: String) throws -> String {
        let bytes = name.utf8
        guard (1...15).contains(bytes.count), !bytes.contains(where: { $0 <= 32 || $0 == 47 || $0 == 58 || $0 == 127 }),
            name != ".", name != "..", name != "lo"
        else { throw invalid("interface", "\"\(name)\" is no name for a pod's link") }
        return name
    }

    /// The ports of the pod whose addresses are `addresses`, one for each family concerned.
    func hostPorts(for addresses: [IPAddress]) throws -> [HostPort] {
        try ports.flatMap { request in
            let targets = addresses.reduce(into: [IPAddress]()) { found, address in
                let isWanted = request.address.map { $0.family == address.family } ?? true
                if isWanted, !found.contains(where: { $0.family == address.family }) { found.append(address) }
            }
            guard !targets.isEmpty else {
                throw Self.invalid(
                    "port_mappings",
                    "ask for \(request.transport.rawValue) port \(request.port) of "
                        + "\(request.address?.description ?? "the node"), but the pod has no address of that family")
            }
            return targets.map { target in
                HostPort(
                    transport: request.transport, address: request.address ?? IPAddress(unspecifiedOf: target.family),
                    port: request.port, target: target, targetPort: request.targetPort)
            }
        }
    }

    private static func refuseUnsupported(_ request: NetworkAttachRequest) throws {
        let asked: [(String, Bool)] = [
            ("bandwidth", request.bandwidth != nil), ("ip-ranges", !request.ipRanges.isEmpty),
            ("infiniband-guid", !request.infinibandGuid.isEmpty), ("device-id", !request.deviceId.isEmpty),
        ]
        if let (capability, _) = asked.first(where: \.1) {
            throw DriverFailure(
                .unsupported, reason: "UnsupportedCapability",
                "attachment \(request.attachmentId): this driver has no capability pintle.network.\(capability)/1")
        }
    }

    private static func mac(_ text: String) throws -> MACAddress? {
        guard !text.isEmpty else { return nil }
        guard let mac = MACAddress(text), mac.isUnicast else {
            throw invalid("mac", "\(text) is no hardware address of one link")
        }
        return mac
    }

    private static func port(_ mapping: NetworkPortMapping, _ path: String) throws -> PortRequest {
        guard let transport = Transport(name: mapping.protocol.isEmpty ? "tcp" : mapping.protocol) else {
            throw invalid("\(path).protocol", "\(mapping.protocol) is none of tcp, udp, sctp")
        }
        guard let port = UInt16(exactly: mapping.hostPort), port > 0 else {
            throw invalid("\(path).host_port", "\(mapping.hostPort) is not between 1 and 65535")
        }
        guard let target = UInt16(exactly: mapping.containerPort), target > 0 else {
            throw invalid("\(path).container_port", "\(mapping.containerPort) is not between 1 and 65535")
        }
        let address = IPAddress(mapping.hostIp)
        guard address != nil || mapping.hostIp.isEmpty else {
            throw invalid("\(path).host_ip", "\(mapping.hostIp) is no address")
        }
        return PortRequest(transport: transport, port: port, targetPort: target, address: address)
    }

    private static func invalid(_ field: String, _ problem: String) -> DriverFailure {
        DriverFailure(.invalid, reason: "InvalidRequest", "\(field) \(problem)")
    }
}
