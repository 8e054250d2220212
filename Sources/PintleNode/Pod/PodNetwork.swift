internal import Glibc
internal import PintleInterfaces
internal import PintleObjects

/// Attaches a pod's sandbox to the configured networks, in their order.
struct PodNetwork: Sendable {
    let networks: [any NetworkService]
    let identity: PodIdentity

    /// Attaches.
    ///
    /// The same sandbox again gives the same addresses.
    ///
    /// - Parameters:
    ///   - pod: Whose host ports are mapped.
    ///   - sandbox: The sandbox's id.
    ///   - netns: The sandbox's network namespace; borrowed.
    /// - Returns: The pod's addresses without prefix length, the primary one first.
    /// - Throws: ``PodFault`` with reason `FailedCreatePodSandBox`; what had been attached is detached.
    func attach(_ pod: JSON, sandbox: String, netns: Int32) async throws(PodFault) -> [String] {
        var previous: NetworkAttachment?
        for (index, network) in networks.enumerated() {
            var request = NetworkAttachRequest()
            request.attachmentId = PodIdentity.attachmentID(sandbox: sandbox, network: index)
            request.sandboxId = sandbox
            request.interface = "eth0"
            request.netnsFd = netns
            request.podName = identity.name
            request.podNamespace = identity.namespace
            request.podUid = identity.uid
            request.portMappings = index == networks.count - 1 ? Self.ports(pod) : []
            request.previous = previous
            do {
                previous = try await network.attach(request)
            } catch {
                for done in (0..<index).reversed() {
                    try? await detach(sandbox: sandbox, network: done, ending: true)
                }
                throw PodFault("FailedCreatePodSandBox", "Failed to create pod sandbox: \(error.message)")
            }
        }
        return (previous?.addresses ?? []).map { address in
            String(address.address.prefix { $0 != "/" })
        }
    }

    /// Detaches from every network, the last one first.
    ///
    /// What is gone is a success.
    func detach(sandbox: String) async throws(PodFault) {
        for index in networks.indices.reversed() {
            do { try await detach(sandbox: sandbox, network: index, ending: true) } catch {
                throw PodFault("FailedKillPod", "network detach failed: \(error.message)")
            }
        }
    }

    private func detach(sandbox: String, network index: Int, ending: Bool) async throws(DriverError) {
        var request = NetworkDetachRequest()
        request.attachmentId = PodIdentity.attachmentID(sandbox: sandbox, network: index)
        request.sandboxId = sandbox
        request.interface = "eth0"
        request.podName = identity.name
        request.podNamespace = identity.namespace
        request.podUid = identity.uid
        request.namespaceEnding = ending
        try await networks[index].detach(request)
    }

    private static func ports(_ pod: JSON) -> [NetworkPortMapping] {
        (pod["spec"]["containers"].array ?? []).flatMap { container in
            (container["ports"].array ?? []).compactMap { port -> NetworkPortMapping? in
                guard let inside = port["containerPort"].int, let outside = port["hostPort"].int, outside > 0 else {
                    return nil
                }
                var mapping = NetworkPortMapping()
                mapping.protocol = (port["protocol"].string ?? "TCP").lowercased()
                mapping.containerPort = Int32(clamping: inside)
                mapping.hostPort = Int32(clamping: outside)
                mapping.hostIp = port["hostIP"].string ?? ""
                return mapping
            }
        }
    }
}
