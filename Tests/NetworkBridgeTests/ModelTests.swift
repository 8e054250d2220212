import PintleInterfaces
import PintleNetlink
import PintleSDK
import Testing

@testable import NetworkBridgeCore

@Suite("What the driver decides without the kernel")
struct ModelTests {
    @Test("addresses are given out in turn, and one given back rests until all others were used")
    func turns() throws {
        var pool = try #require(AddressPool(net("10.244.0.0/29")))
        #expect(pool.gateway == ip("10.244.0.1"))
        let first = [pool.take(), pool.take()].compactMap { $0?.description }
        pool.release(ip("10.244.0.2"))
        let rest = (0..<4).map { _ in pool.take()?.description ?? "none" }
        #expect(first == ["10.244.0.2", "10.244.0.3"])
        #expect(rest == ["10.244.0.4", "10.244.0.5", "10.244.0.6", "10.244.0.2"])
        #expect(pool.take() == nil)
        #expect((pool.usedCount, pool.freeCount) == (5, 0))
    }

    @Test(
        "a range too small for a gateway and a pod makes no pool",
        arguments: ["10.0.0.0/31", "10.0.0.0/32", "fd00::/127", "fd00::/128"])
    func tooSmall(_ range: String) {
        #expect(AddressPool(net(range)) == nil)
    }

    @Test("the network's, the gateway's and the broadcast address are never given out", arguments: [0, 1, 255])
    func reserved(_ offset: Int) throws {
        var pool = try #require(AddressPool(net("10.244.0.0/24")))
        #expect(pool.take(ip("10.244.0.\(offset)")) == false)
    }

    @Test("names are derived, fit into a link's 15 bytes and are told from those of other instances")
    func names() throws {
        let names = try #require(InstanceNames(instance: "1a2b3c4d"))
        let other = try #require(InstanceNames(instance: "99999999"))
        let link = names.link(of: "pod-1/eth0")
        #expect(names.bridge == "pintle-1a2b3c4d")
        #expect(link == names.link(of: "pod-1/eth0"))
        #expect(link.utf8.count == 15)
        #expect(names.isLink(link))
        #expect(!other.isLink(link))
        #expect(!names.isLink("veth12341a2b3c4d0"))
        #expect(names.bridgeMAC.isUnicast && names.linkMAC(of: "a").isUnicast)
    }

    @Test("ten thousand attachments have different names")
    func distinctNames() throws {
        let names = try #require(InstanceNames(instance: "1a2b3c4d"))
        #expect(Set((0..<10_000).map { names.link(of: "attachment-\($0)") }).count == 10_000)
    }

    @Test(
        "an instance id is eight lower-case hexadecimal digits",
        arguments: ["", "1a2b3c4", "1A2B3C4D", "1a2b3c4d5", "1a2b3c4z"])
    func badInstance(_ id: String) {
        #expect(InstanceNames(instance: id) == nil)
    }

    @Test(
        "a wrong configuration is refused with its path",
        arguments: [
            (#"{"subnets": []}"#, "subnets names no range"),
            (#"{"subnets": ["10.244.0.1/24"]}"#, "subnets[0]"),
            (#"{"subnets": ["10.244.0.0/24", "10.244.0.0/25"]}"#, "subnets[1] 10.244.0.0/25 overlaps 10.244.0.0/24"),
            (#"{"subnets": ["10.244.0.0/32"]}"#, "subnets[0] 10.244.0.0/32 has no room"),
            (#"{"subnets": ["10.244.0.0/24"], "mtu": 70000}"#, "mtu 70000"),
            (#"{"subnets": ["10.244.0.0/24"], "routes": [{"dst": "x"}]}"#, "routes[0].dst"),
            (#"{"subnets": ["10.244.0.0/24"], "routes": [{"dst": "10.0.0.0/8", "gw": "fd00::1"}]}"#, "routes[0].gw"),
            (#"{"subnets": ["10.244.0.0/24"]"#, "configuration is no JSON"),
        ])
    func badConfiguration(_ json: String, _ words: String) {
        let failure = failure { _ = try BridgeConfiguration(json: Array(json.utf8)) }
        #expect(failure?.code == .invalid)
        #expect(failure?.message.contains(words) == true, "\(failure?.message ?? "accepted")")
    }

    @Test("a whole configuration is read")
    func configuration() throws {
        let json = """
            {"subnets": ["10.244.7.0/24", "fd00:7::/64"], "mtu": 1400, "hairpinMode": false, "promiscMode": true,
             "ipMasq": false, "noMasquerade": ["10.0.0.0/8"], "defaultRoute": false,
             "routes": [{"dst": "10.96.0.0/12", "gw": "10.244.7.9"}, {"dst": "fd01::/64"}]}
            """
        let read = try BridgeConfiguration(json: Array(json.utf8))
        #expect(read.subnets == [net("10.244.7.0/24"), net("fd00:7::/64")])
        #expect((read.mtu, read.hairpinMode, read.promiscMode) == (1400, false, true))
        #expect((read.ipMasq, read.noMasquerade, read.defaultRoute) == (false, [net("10.0.0.0/8")], false))
        #expect(
            read.routes == [
                .init(destination: net("10.96.0.0/12"), gateway: ip("10.244.7.9")),
                .init(destination: net("fd01::/64"), gateway: nil),
            ])
    }

    /// A mistake in a request, and the field that the refusal names.
    struct Mistake: Sendable {
        let field: String
        let make: @Sendable (inout NetworkAttachRequest) -> Void

        static let all = [
            Mistake(field: "attachment_id") { $0.attachmentId = "" },
            Mistake(field: "interface") { $0.interface = "" },
            Mistake(field: "interface") { $0.interface = "sixteen-bytes-xx" },
            Mistake(field: "interface") { $0.interface = "a/b" },
            Mistake(field: "interface") { $0.interface = "lo" },
            Mistake(field: "netns_fd") { $0.netnsFd = 0 },
            Mistake(field: "mac") { $0.mac = "01:00:5e:00:00:01" },
            Mistake(field: "mac") { $0.mac = "nonsense" },
            Mistake(field: "ips[0]") { $0.ips = ["10.244.0"] },
            Mistake(field: "port_mappings[0].protocol") { $0.portMappings = [mapping(80, 80, "icmp")] },
            Mistake(field: "port_mappings[1].host_port") { $0.portMappings = [mapping(80, 80), mapping(0, 80)] },
            Mistake(field: "port_mappings[0].container_port") { $0.portMappings = [mapping(80, 65536)] },
            Mistake(field: "port_mappings[0].host_ip") { $0.portMappings = [mapping(80, 80, on: "localhost")] },
        ]
    }

    @Test("a wrong request is refused with the field", arguments: Mistake.all)
    func badRequest(_ mistake: Mistake) {
        var request = NetworkAttachRequest()
        request.attachmentId = "a"
        request.interface = "eth0"
        request.netnsFd = 99
        mistake.make(&request)
        let failure = failure { _ = try AttachPlan(request) }
        #expect(failure?.code == .invalid)
        #expect(failure?.message.hasPrefix(mistake.field) == true, "\(failure?.message ?? "accepted")")
    }

    @Test("a capability that the driver lacks is refused by name")
    func unsupported() {
        var request = NetworkAttachRequest()
        request.attachmentId = "a"
        request.interface = "eth0"
        request.netnsFd = 99
        request.bandwidth = NetworkBandwidth()
        let failure = failure { _ = try AttachPlan(request) }
        #expect(failure?.code == .unsupported)
        #expect(failure?.message.contains("pintle.network.bandwidth/1") == true)
    }

    @Test(
        "a host port's key is read back",
        arguments: ["tcp/0.0.0.0/8080/10.244.0.7/80", "udp/::/53/fd00::7/53", "sctp/192.0.2.1/1/10.244.0.7/65535"])
    func keys(_ key: String) {
        #expect(HostPort(key: key)?.key == key)
    }

    @Test(
        "host ports collide when an address stands for the other's",
        arguments: [
            ("tcp/0.0.0.0/80/10.244.0.7/80", "tcp/192.0.2.1/80/10.244.0.8/80", true),
            ("tcp/192.0.2.1/80/10.244.0.7/80", "tcp/192.0.2.1/80/10.244.0.8/80", true),
            ("tcp/192.0.2.2/80/10.244.0.7/80", "tcp/192.0.2.1/80/10.244.0.8/80", false),
            ("tcp/0.0.0.0/80/10.244.0.7/80", "udp/0.0.0.0/80/10.244.0.8/80", false),
            ("tcp/0.0.0.0/80/10.244.0.7/80", "tcp/0.0.0.0/81/10.244.0.8/80", false),
            ("tcp/0.0.0.0/80/10.244.0.7/80", "tcp/::/80/fd00::8/80", false),
        ])
    func collisions(_ one: String, _ other: String, _ expected: Bool) throws {
        let one = try #require(HostPort(key: one))
        let other = try #require(HostPort(key: other))
        #expect(one.collides(with: other) == expected)
    }
}
