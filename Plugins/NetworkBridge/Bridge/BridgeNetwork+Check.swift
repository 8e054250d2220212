package import PintleInterfaces
internal import PintleNetlink
package import PintleSDK

extension BridgeNetwork {
    package func check(_ request: NetworkCheckRequest, _ call: Call) throws {
        let attachment = try AttachPlan.attachment(request.attachmentId)
        let interface = try AttachPlan.interface(request.interface)
        guard let holding = leases.holding(of: attachment) else {
            throw DriverFailure(.notFound, reason: "NotAttached", "attachment \(attachment) is not known")
        }
        guard request.netnsFd > 0 else {
            throw DriverFailure(.invalid, reason: "InvalidRequest", "netns_fd is missing")
        }
        try DriverFailure.fromKernel(attachment: attachment) {
            try checkPort(attachment)
            try checkPod(attachment, interface, namespace: request.netnsFd, holding.addresses)
        }
        try checkRules(attachment, holding.ports)
    }

    private func checkPort(_ attachment: String) throws {
        let name = names.link(of: attachment)
        let session = try NetlinkSession()
        guard let bridge = try session.link(named: names.bridge) else {
            throw drift(attachment, "LinkNotFound", "link \(names.bridge) is missing")
        }
        guard let link = try session.link(named: name) else {
            throw drift(attachment, "LinkNotFound", "link \(name) is missing")
        }
        guard bridge.isUp, link.isUp else {
            throw drift(attachment, "LinkDown", "link \(bridge.isUp ? name : names.bridge) is down")
        }
        guard link.controller == bridge.index else {
            throw drift(attachment, "NoPort", "link \(name) is no port of \(names.bridge)")
        }
    }

    private func checkPod(
        _ attachment: String, _ interface: String, namespace: Int32, _ addresses: [IPAddress]
    ) throws {
        let session = try NetlinkSession(namespace: namespace)
        guard let link = try session.link(named: interface) else {
            throw drift(attachment, "LinkNotFound", "link \(interface) is missing in the pod")
        }
        guard link.isUp else { throw drift(attachment, "LinkDown", "link \(interface) is down in the pod") }
        let present = try session.addresses(of: link.id)
        if let missing = addresses.first(where: { wanted in !present.contains { $0.address == wanted } }) {
            throw drift(attachment, "AddressMissing", "address \(missing) is missing on \(interface) in the pod")
        }
        let leases = configuration.subnets.compactMap { subnet -> Leases.Address? in
            guard let address = addresses.first(where: subnet.contains), let pool = AddressPool(subnet) else {
                return nil
            }
            return Leases.Address(address: address, subnet: subnet, gateway: pool.gateway)
        }
        let routes = try session.routes()
        for wanted in self.routes(through: leases)
        where !routes.contains(where: { $0.destination == wanted.destination && $0.gateway == wanted.gateway }) {
            throw drift(
                attachment, "RouteMissing",
                "route to \(wanted.destination) through \(wanted.gateway) is missing in the pod")
        }
    }

    private func checkRules(_ attachment: String, _ ports: [HostPort]) throws {
        for port in ports {
            let answer: String
            do {
                answer = try filter.run(rules.query(port), about: port.description)
            } catch {
                throw drift(attachment, "RuleMissing", "\(port.description) does not lead to \(port.target): \(error)")
            }
            guard answer.contains(rules.answer(for: port)) else {
                throw drift(attachment, "RuleMissing", "\(port.description) leads elsewhere: \(answer)")
            }
        }
    }

    private func drift(_ attachment: String, _ reason: String, _ what: String) -> DriverFailure {
        DriverFailure(.conflict, reason: reason, "attachment \(attachment): \(what)")
    }
}
