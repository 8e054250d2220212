import Glibc
package import PintleInterfaces
internal import PintleNetlink
package import PintleSDK

extension BridgeNetwork {
    package func detach(_ request: NetworkDetachRequest, _ call: Call) throws {
        let attachment = try AttachPlan.attachment(request.attachmentId)
        try DriverFailure.fromKernel(attachment: attachment) {
            try releasePorts(of: attachment)
            // Deleting a link takes tens of milliseconds. A namespace that ends takes its links along for nothing.
            if request.netnsFd > 0, !request.namespaceEnding {
                try deleteLink(names.link(of: attachment))
            }
            try releaseAddresses(of: attachment)
        }
        activity.forget(attachment)
    }

    /// Closes the host ports of `attachment` and gives them back.
    ///
    /// Returns them.
    @discardableResult
    func releasePorts(of attachment: String) throws -> [HostPort] {
        let ports = leases.holding(of: attachment)?.ports ?? []
        guard !ports.isEmpty else { return [] }
        try closePorts(ports)
        try leases.release(ports: ports, of: attachment)
        return ports
    }

    /// Gives the addresses of `attachment` back.
    ///
    /// Returns them.
    @discardableResult
    func releaseAddresses(of attachment: String) throws -> [IPAddress] {
        let addresses = leases.holding(of: attachment)?.addresses ?? []
        try leases.release(addresses: addresses, of: attachment)
        return addresses
    }

    /// Makes `ports` lead nowhere, whether they led to a pod or not.
    func closePorts(_ ports: [HostPort]) throws {
        do {
            try filter.run(
                rules.removing(ports), about: ports.map(\.description).joined(separator: ", "))
        } catch {
            // Without its table a port leads nowhere.
            guard !filter.succeeds(rules.probe) else { throw error }
        }
        try filter.forgetFlows(to: ports)
    }

    /// Deletes a link; a missing one is a success.
    func deleteLink(_ name: String) throws {
        let session = try NetlinkSession()
        var batch = try NetlinkBatch()
        try batch.deleteLink(name, tolerating: ENODEV)
        try session.send(&batch)
    }
}
