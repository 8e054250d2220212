import Glibc
import PintleInterfaces
import PintleNetlink
import PintleSDK
import Testing

@testable import NetworkBridgeCore

@Suite("Attaching pods", .serialized)
struct AttachTests {
    @Test("a pod gets an address of each range, default routes, and a link on the bridge")
    func attaches() throws {
        let node = try Node(subnets: ["10.244.3.0/24", "fd00:3::/64"])
        let pod = try Namespace()
        let result = try node.attach("pod-1/eth0", pod)
        #expect(try pod.addresses(of: "eth0") == ["10.244.3.2/24", "fd00:3::2/64"])
        #expect(result.addresses.map(\.address) == ["10.244.3.2/24", "fd00:3::2/64"])
        #expect(result.addresses.map(\.gateway) == ["10.244.3.1", "fd00:3::1"])
        #expect(result.addresses.map(\.interface) == [3, 3])
        #expect(result.routes.map(\.destination) == ["0.0.0.0/0", "::/0"])
        #expect(result.interfaces.map(\.sandbox) == [false, false, true])
        let link = node.driver.names.link(of: "pod-1/eth0")
        #expect(try node.lab.links() == ["pintle-1a2b3c4d", link].sorted())
        try node.check("pod-1/eth0", pod)
    }

    @Test("what attach reports about its links is what the kernel has")
    func reportsLinks() throws {
        let node = try Node { $0.mtu = 1400 }
        let pod = try Namespace()
        let result = try node.attach("a", pod)
        let outside = try node.lab.run { try NetlinkSession().links() }
        let inside = try NetlinkSession(namespace: pod.descriptor).links()
        for interface in result.interfaces {
            let link = try #require((interface.sandbox ? inside : outside).first { $0.name == interface.name })
            #expect(link.mac?.description == interface.mac)
            #expect(Int32(link.mtu) == interface.mtu)
            #expect(link.mtu == 1400)
            #expect(link.isUp)
        }
        #expect(outside.first { $0.kind == "veth" }?.isHairpin == true)
    }

    @Test("the same attachment again gives the same result and changes nothing")
    func repeats() throws {
        let node = try Node()
        let pod = try Namespace()
        let first = try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] }
        let links = try node.lab.run { try NetlinkSession().links() }
        let second = try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] }
        #expect(first == second)
        #expect(try node.lab.run { try NetlinkSession().links() } == links)
        #expect(node.host.ledger == ["address 10.244.0.2 a", "hostport tcp/0.0.0.0/8080/10.244.0.2/80 a"])
    }

    @Test("a driver opened later on the same ledger knows the attachments, and gives nobody their addresses")
    func survivesRestart() throws {
        let node = try Node()
        let pod = try Namespace()
        let first = try node.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] }
        let restarted = try Node(lab: node.lab, host: node.host)
        let other = try restarted.pod("b")
        #expect(other.addresses == [ip("10.244.0.3")])
        #expect(try restarted.attach("a", pod) { $0.portMappings = [mapping(8080, 80)] } == first)
        try restarted.check("a", pod)
        try restarted.detach("a", pod)
        try restarted.detach("b", other.namespace)
        #expect(node.host.ledger.isEmpty)
    }

    @Test("a link that an earlier pod of the same id left behind is replaced")
    func replacesLeftover() throws {
        let node = try Node()
        let old = try Namespace()
        _ = try node.attach("a", old)
        try node.detach("a", old, ending: true)
        let new = try Namespace()
        _ = try node.attach("a", new)
        try node.check("a", new)
        #expect(try old.addresses(of: "eth0").isEmpty)
    }

    @Test("the address and hardware address that a pod asks for are the ones it gets")
    func honoursRequests() throws {
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/64"])
        let pod = try Namespace()
        let result = try node.attach("a", pod) { request in
            request.ips = ["10.244.0.77/24", "fd00::beef"]
            request.mac = "02:11:22:33:44:55"
        }
        #expect(result.addresses.map(\.address) == ["10.244.0.77/24", "fd00::beef/64"])
        let link = try NetlinkSession(namespace: pod.descriptor).link(named: "eth0")
        #expect(link?.mac?.description == "02:11:22:33:44:55")
    }

    @Test("an address that another attachment has is refused with its name")
    func refusesTakenAddress() throws {
        let node = try Node()
        _ = try node.pod("a")
        let failure = failure { _ = try node.pod("b") { $0.ips = ["10.244.0.2"] } }
        #expect(failure?.code == .conflict)
        #expect(failure?.message == "address 10.244.0.2 cannot be had: attachment a has it")
    }

    @Test("an address outside the ranges is refused", arguments: ["10.244.1.2", "10.244.0.1", "fd00::1"])
    func refusesForeignAddress(_ address: String) throws {
        let node = try Node()
        let failure = failure { _ = try node.pod("a") { $0.ips = [address] } }
        #expect(failure?.code == .invalid)
        #expect(failure?.reason == "AddressOutOfRange")
    }

    @Test("a used-up range says which and how many, and an address given back is given out again")
    func exhaustion() throws {
        let node = try Node(subnets: ["10.244.0.0/29"])
        let pods = try (0..<5).map { try node.pod("pod-\($0)").namespace }
        let failure = failure { _ = try node.pod("one more") }
        #expect(failure?.code == .resource)
        #expect(failure?.message == "range 10.244.0.0/29 is used up: all 5 of its addresses are in use")
        #expect(try node.status().reason == "RangeExhausted")
        try node.detach("pod-2", pods[2])
        #expect(try node.pod("one more").addresses == [ip("10.244.0.4")])
    }

    @Test("when the second range is used up, nothing of the first stays taken")
    func secondRangeExhausted() throws {
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/126"])
        _ = try node.pod("a")
        _ = try node.pod("b")
        let ledger = node.host.ledger
        let failure = failure { _ = try node.pod("c") }
        #expect(failure?.message.contains("range fd00::/126 is used up") == true)
        #expect(node.host.ledger == ledger)
    }

    @Test("a pod that has a link of that name already is refused, and nothing stays behind")
    func interfaceTaken() throws {
        let node = try Node()
        let pod = try Namespace()
        try pod.netlink { batch in
            try batch.createBridge("eth0", mac: MACAddress(0x0200_0000_0009), mtu: 1500)
        }
        let failure = failure { _ = try node.attach("a", pod) }
        #expect(failure?.code == .conflict)
        #expect(failure?.message.contains("the pod has a link eth0 already") == true)
        #expect(failure?.errno == EEXIST)
        #expect(node.host.ledger.isEmpty)
        #expect(try node.lab.links() == ["pintle-1a2b3c4d"])
    }

    @Test("a descriptor that is no namespace is refused with the link and errno")
    func noNamespace() throws {
        let node = try Node()
        let pipe = open("/dev/null", O_RDONLY | O_CLOEXEC)
        defer { close(pipe) }
        var request = NetworkAttachRequest()
        request.attachmentId = "a"
        request.interface = "eth0"
        request.netnsFd = pipe
        let failure = failure { _ = try node.lab.run { try node.driver.attach(request, .unbounded) } }
        #expect(failure?.message.contains("link \(node.driver.names.link(of: "a")): RTM_NEWLINK:") == true)
        #expect(failure?.errno == EINVAL)
        #expect(node.host.ledger.isEmpty)
    }

    @Test("a bridge removed by somebody else is made again")
    func bridgeRemoved() throws {
        let node = try Node()
        _ = try node.pod("a")
        try node.lab.netlink { try $0.deleteLink("pintle-1a2b3c4d") }
        let pod = try node.pod("b")
        try node.check("b", pod.namespace)
    }

    @Test("a link of the bridge's name that is no bridge is left alone")
    func bridgeNameTaken() throws {
        let lab = try Lab()
        let other = try lab.neighbour()
        try lab.netlink { batch in
            let mac = MACAddress(0x0200_0000_0007)
            try batch.createVeth(
                port: .init(name: "pintle-1a2b3c4d", mac: mac), controller: lab.link("uplink"),
                peer: .init(name: "x", mac: mac),
                namespace: other.descriptor, mtu: 1500)
        }
        let node = try Node(lab: lab)
        let failure = failure { _ = try node.pod("a") }
        #expect(failure?.code == .conflict)
        #expect(failure?.message == "link pintle-1a2b3c4d exists and is no bridge but a veth link")
    }

    @Test("without a configured MTU pods have that of the link with the default route")
    func uplinkMTU() throws {
        let lab = try Lab()
        let other = try lab.neighbour(mtu: 1380)
        try lab.netlink { batch in
            try batch.setRoute(to: net("0.0.0.0/0"), through: Lab.neighbourAddress, link: lab.link("uplink"))
        }
        let node = try Node(lab: lab)
        let pod = try node.pod("a")
        #expect(try NetlinkSession(namespace: pod.namespace.descriptor).link(named: "eth0")?.mtu == 1380)
        withExtendedLifetime(other) {}
    }

    @Test("a driver of a chain passes on what the ones before it made")
    func chains() throws {
        let node = try Node()
        var previous = NetworkAttachment()
        var interface = NetworkInterface()
        interface.name = "before"
        previous.interfaces = [interface]
        var dns = NetworkDns()
        dns.nameservers = ["192.0.2.53"]
        previous.dns = dns
        let pod = try Namespace()
        let result = try node.attach("a", pod) { $0.previous = previous }
        #expect(
            result.interfaces.map(\.name) == ["before", "pintle-1a2b3c4d", node.driver.names.link(of: "a"), "eth0"])
        #expect(result.addresses.map(\.interface) == [4])
        #expect(result.dns?.nameservers == ["192.0.2.53"])
    }

    @Test("a hundred pods attached by eight threads have a hundred addresses, and leave nothing")
    func concurrent() async throws {
        let node = try Node(subnets: ["10.244.0.0/24", "fd00::/64"])
        let pods = try (0..<100).map { _ in try Namespace() }
        let results = await concurrently(100) { index in
            try node.attach("pod-\(index)", pods[index]) { $0.portMappings = [mapping(Int32(20000 + index), 80)] }
        }
        let addresses = results.compactMap { try? $0.get().addresses.first?.address }
        #expect(Set(addresses).count == 100)
        for index in [0, 50, 99] { try node.check("pod-\(index)", pods[index]) }
        let gone = await concurrently(100) { index in
            try node.detach("pod-\(index)", pods[index], ending: index % 10 != 0)
        }
        #expect(gone.allSatisfy { (try? $0.get()) != nil })
        #expect(node.host.ledger.isEmpty)
        try node.collect([])
        #expect(try node.lab.links().isEmpty)
        #expect(try node.lab.ruleset().isEmpty)
    }

    /// Runs `body` for 0..<count on eight threads that may block.
    private func concurrently<R: Sendable>(
        _ count: Int, _ body: @escaping @Sendable (Int) throws -> R
    ) async -> [Result<R, any Error>] {
        await withCheckedContinuation { continuation in
            let work = Work(count: count, body: body) { continuation.resume(returning: $0) }
            for _ in 0..<8 { work.start() }
        }
    }
}
