import Glibc
internal import PintleNetlink
internal import PintleSDK

extension BridgeNetwork {
    /// The two ends of an attachment's veth pair.
    struct Pair {
        let node: NetlinkBatch.End
        let pod: NetlinkBatch.End
    }

    func connect(
        _ plan: AttachPlan, _ addresses: [Leases.Address], _ bridge: BridgeNode.Bridge,
        _ session: borrowing NetlinkSession, _ undo: inout UndoList
    ) throws -> Pair {
        let mac = plan.mac ?? addresses.first.map { InstanceNames.podMAC(for: $0.address) }
        let pair = Pair(
            node: .init(name: names.link(of: plan.attachment), mac: names.linkMAC(of: plan.attachment)),
            pod: .init(name: plan.interface, mac: mac ?? names.linkMAC(of: plan.attachment + plan.interface)))
        let isNew = try makePair(pair, plan, addresses.map(\.address), bridge, session)
        if isNew {
            undo.add("link \(pair.node.name)") { [self] in try deleteLink(pair.node.name) }
        }
        try afterStep(.linkMade)
        return pair
    }

    /// Makes the pair, or finds it made by an earlier attach.
    ///
    /// Returns whether it is new.
    private func makePair(
        _ pair: Pair, _ plan: AttachPlan, _ addresses: [IPAddress], _ bridge: BridgeNode.Bridge,
        _ session: borrowing NetlinkSession
    ) throws -> Bool {
        do {
            try sendPair(pair, plan, addresses, bridge, session)
            return true
        } catch let error as NetlinkError where error.index == 0 {
            guard let existing = try session.link(named: pair.node.name) else {
                if try session.link(named: names.bridge)?.id != bridge.id { throw BridgeMissing() }
                throw error.errno == EEXIST ? interfaceTaken(plan, error) : error
            }
            if try isPair(existing, plan) {
                try setPort(pair.node.name, bridge, session)
                return false
            }
            // What an earlier pod of this id left behind: its namespace has not ended yet.
            try deleteLink(pair.node.name)
            try sendPair(pair, plan, addresses, bridge, session)
            return true
        }
    }

    private func sendPair(
        _ pair: Pair, _ plan: AttachPlan, _ addresses: [IPAddress], _ bridge: BridgeNode.Bridge,
        _ session: borrowing NetlinkSession
    ) throws {
        var batch = try NetlinkBatch()
        try batch.createVeth(
            port: pair.node, controller: bridge.id, peer: pair.pod, namespace: plan.namespace, mtu: bridge.mtu)
        try addPortSettings(pair.node.name, &batch)
        for address in addresses {
            try batch.setNeighbour(address, mac: pair.pod.mac, on: bridge.id)
        }
        do {
            try session.send(&batch)
        } catch {
            // The pair was made, but something about it failed: nobody else will know of it.
            if error.index != 0 { try? deleteLink(pair.node.name) }
            throw error
        }
    }

    private func addPortSettings(_ name: String, _ batch: inout NetlinkBatch) throws {
        try batch.change(.name(name)) { change in
            change.hairpin = configuration.hairpinMode
            change.withoutLinkLocalAddress = true
        }
        try batch.change(.name(name)) { $0.up = true }
    }

    /// Makes the node's end a port of the bridge again, as a repaired bridge needs.
    func setPort(_ name: String, _ bridge: BridgeNode.Bridge, _ session: borrowing NetlinkSession) throws {
        var batch = try NetlinkBatch()
        try batch.change(.name(name)) { $0.controller = bridge.id }
        try addPortSettings(name, &batch)
        try session.send(&batch)
    }

    /// Whether `link`'s other end is the pod's interface.
    private func isPair(_ link: Link, _ plan: AttachPlan) throws -> Bool {
        let session = try NetlinkSession(namespace: plan.namespace)
        guard let inside = try session.link(named: plan.interface) else { return false }
        return link.kind == "veth" && inside.kind == "veth" && link.peer == inside.index && inside.peer == link.index
    }

    private func interfaceTaken(_ plan: AttachPlan, _ error: NetlinkError) -> DriverFailure {
        DriverFailure(
            .conflict, reason: "LinkTaken",
            "attachment \(plan.attachment): the pod has a link \(plan.interface) already: \(error)", errno: error.errno)
    }
}
