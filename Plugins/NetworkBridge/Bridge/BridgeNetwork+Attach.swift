import Glibc
package import PintleInterfaces
internal import PintleNetlink
package import PintleSDK

extension BridgeNetwork {
    package func attach(_ request: NetworkAttachRequest, _ call: Call) throws -> NetworkAttachment {
        let plan = try AttachPlan(request)
        return try activity.during(plan.attachment) { try attachOnceMore(plan, request, call) }
    }

    private func attachOnceMore(
        _ plan: AttachPlan, _ request: NetworkAttachRequest, _ call: Call
    ) throws -> NetworkAttachment {
        do {
            return try DriverFailure.fromKernel(attachment: plan.attachment) { try attach(plan, request, call) }
        } catch is BridgeMissing {
            // Somebody removed the bridge behind our back. Once more, with a new one.
            node.invalidate()
            return try DriverFailure.fromKernel(attachment: plan.attachment) {
                do {
                    return try attach(plan, request, call)
                } catch is BridgeMissing {
                    throw DriverFailure(
                        .conflict, reason: "LinkNotFound", "link \(names.bridge) was removed while it was needed")
                }
            }
        }
    }

    /// The bridge that an attach relied on is gone.
    struct BridgeMissing: Error {}

    private func attach(
        _ plan: AttachPlan, _ request: NetworkAttachRequest, _ call: Call
    ) throws -> NetworkAttachment {
        try node.use { bridge in
            var undo = UndoList()
            do {
                let session = try NetlinkSession()
                let addresses = try takeAddresses(plan, &undo)
                try call.checkCancellation()
                let link = try connect(plan, addresses, bridge, session, &undo)
                try call.checkCancellation()
                try configurePod(plan, addresses, link, session)
                try call.checkCancellation()
                try openPorts(plan, addresses, &undo)
                return result(of: plan, request, addresses, link, bridge)
            } catch {
                undo.run(host)
                throw error
            }
        }
    }

    // MARK: Steps

    private func takeAddresses(_ plan: AttachPlan, _ undo: inout UndoList) throws -> [Leases.Address] {
        let taken = try leases.takeAddresses(for: plan.attachment, wanted: plan.addresses)
        undo.add("addresses of \(plan.attachment)") { [leases] in
            try leases.release(addresses: taken.new, of: plan.attachment)
        }
        try afterStep(.addressesTaken)
        return taken.all
    }

    private func openPorts(_ plan: AttachPlan, _ addresses: [Leases.Address], _ undo: inout UndoList) throws {
        let wanted = try plan.hostPorts(for: addresses.map(\.address))
        guard !wanted.isEmpty else { return }
        let new = try leases.takePorts(wanted, for: plan.attachment)
        undo.add("host ports of \(plan.attachment)") { [leases] in
            try leases.release(ports: new, of: plan.attachment)
        }
        try afterStep(.portsTaken)
        undo.add("rules of \(plan.attachment)") { [self] in try closePorts(new) }
        let subject = "attachment \(plan.attachment): " + wanted.map(\.description).joined(separator: ", ")
        do {
            try filter.run(rules.adding(wanted), about: subject)
        } catch {
            // Somebody may have flushed the table; what is in the ledger is put back with it.
            guard !filter.succeeds(rules.probe) else { throw error }
            try filter.run(rules.install(leases.ports), about: subject)
        }
        try filter.forgetFlows(to: new)
        try afterStep(.portsOpened)
    }

    private func result(
        of plan: AttachPlan, _ request: NetworkAttachRequest, _ addresses: [Leases.Address], _ pair: Pair,
        _ bridge: BridgeNode.Bridge
    ) -> NetworkAttachment {
        var result = request.previous ?? NetworkAttachment()
        result.interfaces.append(Self.describe(names.bridge, names.bridgeMAC, bridge.mtu, inPod: false))
        result.interfaces.append(Self.describe(pair.node.name, pair.node.mac, bridge.mtu, inPod: false))
        result.interfaces.append(Self.describe(pair.pod.name, pair.pod.mac, bridge.mtu, inPod: true))
        let interface = Int32(result.interfaces.count)
        result.addresses += addresses.map { lease in
            var address = NetworkAddress()
            address.address = "\(lease.address)/\(lease.subnet.prefix)"
            address.gateway = "\(lease.gateway)"
            address.interface = interface
            return address
        }
        result.routes += routes(through: addresses).map { item in
            var route = NetworkRoute()
            route.destination = "\(item.destination)"
            route.gateway = "\(item.gateway)"
            return route
        }
        result.dns = request.dns ?? result.dns
        return result
    }

    private static func describe(_ name: String, _ mac: MACAddress, _ mtu: UInt32, inPod: Bool) -> NetworkInterface {
        var interface = NetworkInterface()
        interface.name = name
        interface.mac = "\(mac)"
        interface.mtu = Int32(mtu)
        interface.sandbox = inPod
        return interface
    }
}
