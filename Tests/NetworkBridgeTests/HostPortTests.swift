import PintleInterfaces
import PintleNetlink
import PintleSDK
import Testing

@testable import NetworkBridgeCore

@Suite("Host ports", .serialized)
struct HostPortTests {
    /// A node with a neighbour and a pod whose port 80 is port 8080 of the node.
    private struct Scene {
        let lab: Lab
        let outside: Namespace
        let node: Node
        let pod: Namespace
        let addresses: [IPAddress]

        init(_ transport: String = "tcp", on address: String = "") throws {
            lab = try Lab()
            outside = try lab.neighbour()
            node = try Node(lab: lab, subnets: ["10.244.0.0/24", "fd00::/64"])
            let pod = try node.pod("a") { $0.portMappings = [mapping(8080, 80, transport, on: address)] }
            self.pod = pod.namespace
            addresses = pod.addresses
        }
    }

    @Test(
        "another machine reaches the pod by the node's address and is seen as itself",
        arguments: Transport.allCases.filter { $0 != .sctp })
    func fromOutside(_ transport: Transport) throws {
        let scene = try Scene(transport.rawValue)
        let server = try Server(in: scene.pod.descriptor, transport, port: 80)
        let seen = try Wire.converse(
            from: scene.outside.descriptor, transport, to: Lab.nodeAddress, port: 8080, with: server)
        #expect(seen == Lab.neighbourAddress)
    }

    @Test("over IPv6 too")
    func fromOutside6() throws {
        let scene = try Scene()
        let server = try Server(in: scene.pod.descriptor, port: 80, family: .ipv6)
        let seen = try Wire.converse(
            from: scene.outside.descriptor, to: Lab.nodeAddress6, port: 8080, with: server)
        #expect(seen == Lab.neighbourAddress6)
    }

    @Test("the node reaches the pod by each of its own addresses", arguments: ["127.0.0.1", "192.0.2.1", "10.244.0.1"])
    func fromNode(_ address: String) throws {
        let scene = try Scene()
        let server = try Server(in: scene.pod.descriptor, port: 80)
        _ = try Wire.converse(from: scene.lab.descriptor, to: ip(address), port: 8080, with: server)
    }

    @Test("UDP from the node's 127.0.0.1 is answered")
    func fromNodeByUDP() throws {
        let scene = try Scene("udp")
        let server = try Server(in: scene.pod.descriptor, .udp, port: 80)
        _ = try Wire.converse(from: scene.lab.descriptor, .udp, to: ip("127.0.0.1"), port: 8080, with: server)
    }

    @Test("another pod reaches it, and so does the pod itself")
    func fromPods() throws {
        let scene = try Scene()
        let other = try scene.node.pod("b")
        let server = try Server(in: scene.pod.descriptor, port: 80)
        for client in [other.namespace, scene.pod] {
            _ = try Wire.converse(from: client.descriptor, to: Lab.nodeAddress, port: 8080, with: server)
        }
    }

    @Test("a port of one address does not answer on another")
    func oneAddress() throws {
        let scene = try Scene(on: "192.0.2.1")
        let server = try Server(in: scene.pod.descriptor, port: 80)
        _ = try Wire.converse(from: scene.outside.descriptor, to: Lab.nodeAddress, port: 8080, with: server)
        #expect(throws: LabError.self) {
            try Wire.converse(from: scene.lab.descriptor, to: ip("10.244.0.1"), port: 8080, with: server)
        }
    }

    @Test("one port on two addresses can lead to two pods")
    func twoAddresses() throws {
        let scene = try Scene(on: "192.0.2.1")
        let other = try scene.node.pod("b") { $0.portMappings = [mapping(8080, 80, on: "127.0.0.1")] }
        let server = try Server(in: other.namespace.descriptor, port: 80)
        _ = try Wire.converse(from: scene.lab.descriptor, to: ip("127.0.0.1"), port: 8080, with: server)
    }

    @Test("a port that another attachment has is refused with its name, and the pod gets no link")
    func taken() throws {
        let scene = try Scene()
        let links = try scene.lab.links()
        let failure = failure {
            _ = try scene.node.pod("b") { $0.portMappings = [mapping(8080, 8080, on: "127.0.0.1")] }
        }
        #expect(failure?.code == .conflict)
        #expect(failure?.message == "tcp port 8080 of 127.0.0.1 is taken by attachment a")
        #expect(try scene.lab.links() == links)
    }

    @Test("one port asked for twice is refused")
    func twice() throws {
        let node = try Node()
        let failure = failure { _ = try node.pod("a") { $0.portMappings = [mapping(8080, 80), mapping(8080, 81)] } }
        #expect(failure?.message == "tcp port 8080 is asked for twice: for 10.244.0.2 port 80 too")
        #expect(node.host.ledger.isEmpty)
    }

    @Test("detaching closes the port, and the next pod can have it")
    func closes() throws {
        let scene = try Scene()
        try scene.node.detach("a", scene.pod)
        #expect(throws: LabError.self) { try Client(in: scene.outside.descriptor, to: Lab.nodeAddress, port: 8080) }
        let next = try scene.node.pod("b") { $0.portMappings = [mapping(8080, 80)] }
        let server = try Server(in: next.namespace.descriptor, port: 80)
        _ = try Wire.converse(from: scene.outside.descriptor, to: Lab.nodeAddress, port: 8080, with: server)
    }

    @Test("a UDP sender that never pauses reaches the pod that has the port now")
    func movesFlows() throws {
        let scene = try Scene("udp")
        let client = try Client(in: scene.outside.descriptor, .udp, to: Lab.nodeAddress, port: 8080)
        let before = try Server(in: scene.pod.descriptor, .udp, port: 80)
        _ = try client.converse(with: before)
        try scene.node.detach("a", scene.pod)
        let next = try scene.node.pod("b") { $0.portMappings = [mapping(8080, 80, "udp")] }
        let after = try Server(in: next.namespace.descriptor, .udp, port: 80)
        _ = try client.converse(with: after)
    }

    @Test("an SCTP port gets its rule")
    func sctp() throws {
        let scene = try Scene("sctp")
        try scene.node.check("a", scene.pod)
        #expect(try scene.lab.ruleset().contains("10.244.0.2 . 80"))
    }

    @Test("a hundred ports of one pod open in one transaction")
    func many() throws {
        let node = try Node()
        let pod = try node.pod("a") { $0.portMappings = (0..<100).map { mapping(10000 + $0, 1000 + $0) } }
        try node.check("a", pod.namespace)
        try node.detach("a", pod.namespace)
        #expect(try !node.lab.ruleset().contains("10.244.0.2"))
    }
}
