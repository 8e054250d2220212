package import PintleInterfaces
internal import PintleNetlink
package import PintleSDK

extension BridgeNetwork {
    /// Removes what belongs to no valid attachment, then puts back what the valid ones lack on the node.
    ///
    /// Goes on after a failure and throws the first one at its end. Attachments made since the call began are left alone.
    package func gc(_ request: NetworkGcRequest, _ call: Call, yield: (NetworkGcItem) throws -> Void) throws {
        let moment = activity.beginCollecting()
        let valid = Set(request.valid.map(\.attachmentId))
        var failure: (any Error)?
        func attempt(_ body: () throws -> Void) throws {
            try call.checkCancellation()
            do {
                try DriverFailure.fromKernel { try body() }
            } catch {
                if failure == nil { failure = error }
            }
        }
        for owner in leases.owners where !valid.contains(owner) && !activity.since(moment).contains(owner) {
            try attempt { try collectLeases(of: owner, yield) }
        }
        try attempt { try collectLinks(keeping: { valid.union(activity.since(moment)) }, call, yield) }
        if !leases.isEmpty {
            try attempt { try repair() }
        } else {
            try attempt {
                if try node.removeWhenUnused() { try yield(item("bridge", names.bridge, "")) }
            }
        }
        if let failure { throw failure }
    }

    private func collectLeases(of owner: String, _ yield: (NetworkGcItem) throws -> Void) throws {
        for port in try releasePorts(of: owner) { try yield(item("rule", port.description, owner)) }
        for address in try releaseAddresses(of: owner) { try yield(item("address", "\(address)", owner)) }
        activity.forget(owner)
    }

    /// Deletes this instance's links but those of the attachments that `kept` names.
    ///
    /// `kept` is asked after the links were listed: a link made later is not in the list.
    private func collectLinks(
        keeping kept: () -> Set<String>, _ call: Call, _ yield: (NetworkGcItem) throws -> Void
    ) throws {
        let session = try NetlinkSession()
        let links = try session.links().filter { names.isLink($0.name) }
        guard !links.isEmpty else { return }
        let keptNames = Set(kept().map(names.link(of:)))
        for link in links where !keptNames.contains(link.name) {
            try call.checkCancellation()
            try deleteLink(link.name)
            try yield(item("link", link.name, ""))
        }
    }

    /// Makes the bridge and the rules again when they are missing, and the links its ports.
    private func repair() throws {
        let session = try NetlinkSession()
        let present = try session.link(named: names.bridge)
        if node.bridge == nil || present?.id != node.bridge?.id || present?.isUp != true
            || !filter.succeeds(rules.probe)
        {
            if present == nil { host.log(.warning, "link \(names.bridge) is missing: it is made again") }
            try node.repair()
        }
        guard let bridge = node.bridge else { return }
        for link in try session.links() where names.isLink(link.name) && link.controller != bridge.id.index {
            try setPort(link.name, bridge, session)
        }
    }

    private func item(_ kind: String, _ name: String, _ attachment: String) -> NetworkGcItem {
        var item = NetworkGcItem()
        item.kind = kind
        item.name = name
        item.attachmentId = attachment
        return item
    }
}
