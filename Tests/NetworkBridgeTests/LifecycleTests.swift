import Glibc
import PintleInterfaces
import PintleNetlink
import PintleSDK
import Testing

@testable import NetworkBridgeCore

@Suite("Detaching, checking and collecting", .serialized)
struct LifecycleTests {
    @Test("detaching a pod whose namespace stays deletes its link and gives everything back")
    func detaches() throws {
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/64"])
        let pod = try node.pod("a") { $0.portMappings = [mapping(8080, 80)] }
        try node.detach("a", pod.namespace)
        #expect(node.host.ledger.isEmpty)
        #expect(try node.lab.links() == ["pintle-1a2b3c4d"])
        #expect(try pod.namespace.addresses(of: "eth0").isEmpty)
        #expect(try !node.lab.ruleset().contains("8080"))
    }

    @Test("detaching again, or what never was, succeeds")
    func detachesAgain() throws {
        let node = try Node()
        let pod = try node.pod("a")
        try node.detach("a", pod.namespace)
        try node.detach("a", pod.namespace)
        try node.detach("a")
        try node.detach("never was")
    }

    @Test("a namespace that ends takes its link along, so detach leaves the link alone")
    func endingNamespace() throws {
        let node = try Node()
        let pod = try node.pod("a")
        let link = node.driver.names.link(of: "a")
        try node.detach("a", pod.namespace, ending: true)
        #expect(node.host.ledger.isEmpty)
        #expect(try node.lab.links().contains(link))
    }

    @Test("the link of a namespace that has ended goes by itself")
    func endedNamespace() throws {
        let node = try Node()
        try node.attachAndForget("a")
        try node.detach("a")
        #expect(node.host.ledger.isEmpty)
        #expect(try eventually { try node.lab.links() == ["pintle-1a2b3c4d"] })
    }

    /// Something that goes wrong with an attachment, and what a check calls it.
    struct Damage: Sendable {
        let reason: String
        let inflict: @Sendable (Node, Namespace) throws -> Void

        static let all = [
            Damage(reason: "LinkNotFound") { node, _ in
                try node.lab.netlink { try $0.deleteLink(node.driver.names.link(of: "a")) }
            },
            Damage(reason: "AddressMissing") { _, pod in
                try pod.edit { try $0.deleteAddress(ip("10.244.0.2"), prefix: 24, from: $1) }
            },
            Damage(reason: "AddressMissing") { _, pod in
                try pod.edit { try $0.deleteAddress(ip("fd00::2"), prefix: 64, from: $1) }
            },
            Damage(reason: "RouteMissing") { _, pod in
                try pod.edit { try $0.setRoute(to: net("0.0.0.0/0"), through: ip("10.244.0.9"), link: $1) }
            },
            Damage(reason: "RuleMissing") { node, _ in try node.lab.nft("flush map inet pintle-1a2b3c4d ports4") },
            Damage(reason: "RuleMissing") { node, _ in try node.lab.nft("flush ruleset") },
        ]
    }

    @Test("check names what differs", arguments: Damage.all)
    func checks(_ damage: Damage) throws {
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/64"])
        let pod = try node.pod("a") { $0.portMappings = [mapping(8080, 80)] }
        try node.check("a", pod.namespace)
        try damage.inflict(node, pod.namespace)
        let failure = failure { try node.check("a", pod.namespace) }
        #expect(failure?.code == .conflict)
        #expect(failure?.reason == damage.reason)
        #expect(failure?.message.hasPrefix("attachment a: ") == true)
    }

    @Test("checking what is not attached says so")
    func checksUnknown() throws {
        let node = try Node()
        let failure = failure { try node.check("a", Namespace()) }
        #expect(failure?.code == .notFound)
    }

    @Test("collecting removes what is not valid and keeps the rest")
    func collects() throws {
        let node = try Node()
        let keep = try node.pod("keep") { $0.portMappings = [mapping(8080, 80)] }
        let drop = try node.pod("drop") { $0.portMappings = [mapping(8081, 80)] }
        let removed = try node.collect(["keep"])
        #expect(removed == ["address 10.244.0.3", "link \(node.driver.names.link(of: "drop"))", "rule tcp port 8081"])
        try node.check("keep", keep.namespace)
        #expect(try drop.namespace.addresses(of: "eth0").isEmpty)
        #expect(node.host.ledger == ["address 10.244.0.2 keep", "hostport tcp/0.0.0.0/8080/10.244.0.2/80 keep"])
        #expect(try node.collect(["keep"]).isEmpty)
    }

    @Test("after a restart collecting removes what the ledger and the names tell of")
    func collectsAfterRestart() throws {
        let node = try Node()
        let pod = try node.pod("a") { $0.portMappings = [mapping(8080, 80)] }
        let restarted = try Node(lab: node.lab, host: node.host)
        try restarted.collect([])
        #expect(node.host.ledger.isEmpty)
        #expect(try node.lab.links().isEmpty)
        #expect(try node.lab.ruleset().isEmpty)
        withExtendedLifetime(pod) {}
    }

    @Test("with nothing attached, collecting removes bridge and rules, and the next pod brings them back")
    func collectsNode() throws {
        let node = try Node()
        let pod = try node.pod("a")
        try node.detach("a", pod.namespace)
        #expect(try node.collect([]) == ["bridge pintle-1a2b3c4d"])
        #expect(try node.lab.links().isEmpty)
        #expect(try node.lab.ruleset().isEmpty)
        let next = try node.pod("b")
        try node.check("b", next.namespace)
    }

    @Test("collecting touches nothing of another instance, nor anybody's link of a like name")
    func collectsOwn() throws {
        let lab = try Lab()
        let other = try Node(lab: lab, instance: "22222222", subnets: ["10.244.1.0/24"])
        let pod = try other.pod("a") { $0.portMappings = [mapping(8080, 80)] }
        try lab.netlink { try $0.createBridge("vABCDEF1a2b3c4d", mac: MACAddress(0x0200_0000_0005), mtu: 0) }
        let node = try Node(lab: lab)
        #expect(try node.collect([]).isEmpty)
        try other.check("a", pod.namespace)
        #expect(try lab.links().contains("vABCDEF1a2b3c4d"))
    }

    @Test("collecting repairs the bridge, its ports and the rules of what stays")
    func repairs() throws {
        let node = try Node()
        let one = try node.pod("a") { $0.portMappings = [mapping(8080, 80)] }
        let other = try node.pod("b")
        try node.lab.netlink { try $0.deleteLink("pintle-1a2b3c4d") }
        try node.lab.nft("flush ruleset")
        #expect(try node.status().reason == "BridgeMissing")
        #expect(try node.collect(["a", "b"]).isEmpty)
        #expect(try node.status().ready)
        try node.check("a", one.namespace)
        try node.check("b", other.namespace)
        let server = try Server(in: other.namespace.descriptor, port: 80)
        _ = try Wire.converse(from: one.namespace.descriptor, to: other.addresses[0], port: 80, with: server)
    }

    @Test("an attachment made while collecting runs is left alone")
    func collectsBesideAttach() throws {
        let node = try Node()
        _ = try node.pod("old")
        var request = NetworkGcRequest()
        request.valid = []
        var late: (namespace: Namespace, addresses: [IPAddress])?
        try node.lab.run {
            try node.driver.gc(request, .unbounded) { _ in
                if late == nil { late = try node.pod("late") }
            }
        }
        let pod = try #require(late)
        try node.check("late", pod.namespace)
    }

    @Test("status tells ranges, use and readiness")
    func status() throws {
        let node = try Node(subnets: ["10.244.0.0/29", "fd00::/64"])
        let before = try node.status()
        #expect((before.ready, before.reason) == (true, "Ready"))
        #expect(before.subnets == ["10.244.0.0/29", "fd00::/64"])
        #expect((before.addressesUsed, before.addressesFree) == (0, 5))
        _ = try node.pod("a")
        let after = try node.status()
        #expect((after.addressesUsed, after.addressesFree) == (2, 4))
        try node.lab.netlink { try $0.deleteLink("pintle-1a2b3c4d") }
        let broken = try node.status()
        #expect((broken.ready, broken.reason) == (false, "BridgeMissing"))
    }

    @Test("a range dropped from the configuration: its addresses are given back, its gateway goes")
    func rangeDropped() throws {
        let node = try Node(subnets: ["10.244.0.0/24"])
        let pod = try node.pod("a")
        let changed = try Node(lab: node.lab, host: node.host, subnets: ["10.244.9.0/24"])
        let next = try changed.pod("b")
        #expect(next.addresses == [ip("10.244.9.2")])
        let gateways = try node.lab.run {
            try NetlinkSession().addresses(of: node.lab.link("pintle-1a2b3c4d")).filter { $0.address.family == .ipv4 }
                .map { "\($0.address)" }
        }
        #expect(gateways == ["10.244.9.1"])
        try changed.detach("a", pod.namespace)
        #expect(node.host.ledger == ["address 10.244.9.2 b"])
    }

    /// Whether `condition` holds within two seconds: the kernel ends namespaces in its own time.
    private func eventually(_ condition: () throws -> Bool) throws -> Bool {
        for _ in 0..<200 {
            if try condition() { return true }
            usleep(10_000)
        }
        return false
    }
}

extension Node {
    /// Attaches a pod whose namespace has ended when this returns.
    fileprivate func attachAndForget(_ id: String) throws { _ = try pod(id) }
}

extension Namespace {
    /// Sends what `fill` puts into a batch about eth0.
    fileprivate func edit(_ fill: (inout NetlinkBatch, LinkID) throws -> Void) throws {
        let link = try link("eth0")
        try netlink { try fill(&$0, link) }
    }
}
