import Glibc
internal import PintleNetlink
internal import PintleSDK

extension BridgeNetwork {
    /// Addresses and routes of the pod's end.
    ///
    /// Needs no undoing: they go with the link.
    func configurePod(
        _ plan: AttachPlan, _ addresses: [Leases.Address], _ pair: Pair, _ session: borrowing NetlinkSession
    ) throws {
        let inside = try NetlinkSession(namespace: plan.namespace)
        let link = try raise(plan, inside)
        try settle(pair.node.name, session)
        var batch = try NetlinkBatch()
        for lease in addresses {
            try batch.addAddress(lease.address, prefix: lease.subnet.prefix, to: link, tolerating: EEXIST)
        }
        for route in routes(through: addresses) {
            try batch.setRoute(to: route.destination, through: route.gateway, link: link)
        }
        // Announces the addresses to whoever remembers another pod that had them.
        try batch.change(.id(link)) { $0.mac = pair.pod.mac }
        try inside.send(&batch)
        try inside.awaitIPv6(addresses.map(\.address))
        try afterStep(.podConfigured)
    }

    /// Brings the pod's end and its loopback up.
    private func raise(_ plan: AttachPlan, _ inside: borrowing NetlinkSession) throws -> LinkID {
        var batch = try NetlinkBatch()
        try batch.change(.name("lo")) { $0.up = true }
        try batch.change(.name(plan.interface)) { change in
            change.up = true
            change.announcesAddresses = true
        }
        try batch.getLink(plan.interface)
        guard let link = try inside.send(&batch).links.first else {
            throw DriverFailure(
                .internal, reason: "LinkNotFound", "attachment \(plan.attachment): link \(plan.interface) is gone")
        }
        return link.id
    }

    /// Makes the new port pass packets now.
    ///
    /// The kernel notices a link's carrier by and by, within a second, and drops what is sent until then. Being asked for
    /// a link it notices at once (`rtnl_getlink`, Linux 6.8): the port's first, which may give the bridge its own.
    private func settle(_ name: String, _ session: borrowing NetlinkSession) throws {
        var batch = try NetlinkBatch()
        try batch.getLink(name)
        try batch.getLink(names.bridge)
        try session.send(&batch)
    }

    /// The routes of a pod with `addresses`: a default one for each family, then the configuration's.
    func routes(through addresses: [Leases.Address]) -> [(destination: Subnet, gateway: IPAddress)] {
        var gateways: [IPAddress] = []
        for lease in addresses where !gateways.contains(where: { $0.family == lease.gateway.family }) {
            gateways.append(lease.gateway)
        }
        var routes: [(destination: Subnet, gateway: IPAddress)] = []
        for gateway in gateways where configuration.defaultRoute {
            routes.append((Subnet(everythingOf: gateway.family), gateway))
        }
        for route in configuration.routes {
            let own = gateways.first { $0.family == route.destination.family }
            if let gateway = route.gateway ?? own { routes.append((route.destination, gateway)) }
        }
        return routes
    }
}
