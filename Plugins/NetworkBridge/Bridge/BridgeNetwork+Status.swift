package import PintleInterfaces
internal import PintleNetlink
package import PintleSDK

extension BridgeNetwork {
    package func status(_ call: Call) throws -> NetworkStatus {
        var status = NetworkStatus()
        let counts = leases.counts
        status.subnets = configuration.subnets.map(\.description)
        status.addressesUsed = counts.used
        status.addressesFree = counts.free
        let (reason, message) = problem()
        status.ready = reason == nil
        status.reason = reason ?? (counts.free == 0 ? "RangeExhausted" : "Ready")
        status.message = reason == nil && counts.free == 0 ? "every address is in use" : message
        return status
    }

    /// What keeps pods from being attached, or a nil reason and what is well.
    private func problem() -> (reason: String?, message: String) {
        do {
            let session = try NetlinkSession()
            let link = try session.link(named: names.bridge)
            guard node.bridge != nil || !leases.isEmpty else {
                return (nil, "the bridge \(names.bridge) is made with the first pod")
            }
            guard let link else { return ("BridgeMissing", "link \(names.bridge) is missing") }
            guard link.isUp else { return ("BridgeDown", "link \(names.bridge) is down") }
            guard filter.succeeds(rules.probe) else {
                return ("RulesMissing", "nftables table inet \(names.table) is missing")
            }
            return (nil, "link \(names.bridge) is up")
        } catch {
            return ("KernelRefused", "\(error)")
        }
    }
}
