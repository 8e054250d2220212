import PintleInterfaces
import PintleNetlink
import PintleSDK
import Testing

@testable import NetworkBridgeCore

@Suite("Traffic of pods", .serialized)
struct TrafficTests {
    @Test("pods reach each other without translation", arguments: [0, 1])
    func podToPod(_ family: Int) throws {
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/64"])
        let (one, other) = (try node.pod("a"), try node.pod("b"))
        let server = try Server(in: other.namespace.descriptor, port: 80, family: other.addresses[family].family)
        let seen = try Wire.converse(
            from: one.namespace.descriptor, to: other.addresses[family], port: 80, with: server)
        #expect(seen == one.addresses[family])
    }

    @Test("node and pod reach each other", arguments: ["10.244.0.1", "fd00::1"])
    func podToNode(_ gateway: String) throws {
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/64"])
        let pod = try node.pod("a")
        let gateway = ip(gateway)
        let address = try #require(pod.addresses.first { $0.family == gateway.family })
        let onNode = try Server(in: node.lab.descriptor, port: 80, family: gateway.family)
        #expect(try Wire.converse(from: pod.namespace.descriptor, to: gateway, port: 80, with: onNode) == address)
        let inPod = try Server(in: pod.namespace.descriptor, port: 80, family: gateway.family)
        #expect(try Wire.converse(from: node.lab.descriptor, to: address, port: 80, with: inPod) == gateway)
    }

    @Test("a pod's own loopback works")
    func loopback() throws {
        let pod = try Node().pod("a")
        let server = try Server(in: pod.namespace.descriptor, port: 80)
        let seen = try Wire.converse(from: pod.namespace.descriptor, to: ip("127.0.0.1"), port: 80, with: server)
        #expect(seen == ip("127.0.0.1"))
    }

    @Test("a pod that takes over an address with another hardware address is heard of at once")
    func announcesAddress() throws {
        let node = try Node()
        let (old, other) = (try node.pod("a"), try node.pod("b"))
        let before = try Server(in: old.namespace.descriptor, port: 80)
        _ = try Wire.converse(from: other.namespace.descriptor, to: old.addresses[0], port: 80, with: before)
        _ = try Wire.converse(from: node.lab.descriptor, to: old.addresses[0], port: 80, with: before)
        try node.detach("a", old.namespace)
        let new = try node.pod("c") { request in
            request.ips = ["10.244.0.2"]
            request.mac = "02:11:22:33:44:55"
        }
        let after = try Server(in: new.namespace.descriptor, port: 80)
        _ = try Wire.converse(from: other.namespace.descriptor, to: new.addresses[0], port: 80, with: after)
        _ = try Wire.converse(from: node.lab.descriptor, to: new.addresses[0], port: 80, with: after)
    }

    @Test("beyond the node, a pod's traffic comes from the node's address", arguments: [0, 1])
    func masquerades(_ family: Int) throws {
        let lab = try Lab()
        let outside = try lab.neighbour()
        let pod = try Node(lab: lab, subnets: ["10.244.0.0/24", "fd00::/64"]).pod("a")
        let target = [Lab.neighbourAddress, Lab.neighbourAddress6][family]
        let server = try Server(in: outside.descriptor, port: 80, family: target.family)
        let seen = try Wire.converse(from: pod.namespace.descriptor, to: target, port: 80, with: server)
        #expect(seen == [Lab.nodeAddress, Lab.nodeAddress6][family])
    }

    @Test(
        "networks named in noMasquerade, and everyone without ipMasq, see the pod's address", arguments: [true, false])
    func withoutMasquerade(_ byNetwork: Bool) throws {
        let lab = try Lab()
        let outside = try lab.neighbour()
        let node = try Node(lab: lab) { configuration in
            if byNetwork { configuration.noMasquerade = [net("192.0.2.0/24")] } else { configuration.ipMasq = false }
        }
        let pod = try node.pod("a")
        let server = try Server(in: outside.descriptor, port: 80)
        let seen = try Wire.converse(
            from: pod.namespace.descriptor, to: Lab.neighbourAddress, port: 80, with: server)
        #expect(seen == pod.addresses[0])
    }

    @Test("a pod cannot reach what listens on the node's 127.0.0.1")
    func loopbackIsGuarded() throws {
        let node = try Node()
        let pod = try node.pod("a") { $0.portMappings = [mapping(8080, 80)] }
        let server = try Server(in: node.lab.descriptor, port: 80, address: ip("127.0.0.1"))
        try pod.namespace.netlink { batch in
            let link = try pod.namespace.link("eth0")
            try batch.change(.id(link)) { $0.routesLoopback = true }
            try batch.deleteAddress(ip("127.0.0.1"), prefix: 8, from: pod.namespace.link("lo"))
            try batch.setRoute(to: net("127.0.0.0/8"), through: ip("10.244.0.1"), link: link)
        }
        #expect(throws: LabError.self) {
            try Wire.converse(from: pod.namespace.descriptor, to: ip("127.0.0.1"), port: 80, with: server)
        }
    }

    @Test("two instances on one node have pods that work, and one ends without the other")
    func twoInstances() throws {
        let lab = try Lab()
        let outside = try lab.neighbour()
        let first = try Node(lab: lab, instance: "11111111", subnets: ["10.244.0.0/24"])
        let second = try Node(lab: lab, instance: "22222222", subnets: ["10.244.1.0/24"])
        let one = try first.pod("a") { $0.portMappings = [mapping(8080, 80)] }
        let other = try second.pod("a") { $0.portMappings = [mapping(8081, 80)] }
        try first.detach("a", one.namespace)
        #expect(try first.collect([]) == ["bridge pintle-11111111"])
        try second.check("a", other.namespace)
        #expect(try lab.links().filter { $0.hasSuffix("11111111") }.isEmpty)
        #expect(try !lab.ruleset().contains("11111111"))
        let server = try Server(in: other.namespace.descriptor, port: 80)
        #expect(
            try Wire.converse(from: outside.descriptor, to: Lab.nodeAddress, port: 8081, with: server)
                == Lab.neighbourAddress)
    }
}
