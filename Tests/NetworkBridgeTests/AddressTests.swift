import PintleNetlink
import Testing

@Suite("Addresses and networks")
struct AddressTests {
    @Test(
        "an address is read and written in its shortest form",
        arguments: [
            ("10.244.0.7", "10.244.0.7"), ("0.0.0.0", "0.0.0.0"), ("FD00:0:0:0::7", "fd00::7"), ("::", "::"),
            ("::ffff:10.0.0.1", "::ffff:10.0.0.1"),
        ])
    func addressesRoundTrip(_ text: String, _ written: String) {
        #expect(IPAddress(text)?.description == written)
    }

    @Test(
        "what is no address is refused",
        arguments: [
            "", "10.244.0", "10.244.0.256", "010.0.0.1", "10.0.0.1/24", "fd00::7%eth0", ":::", "10.0.0.1\0x",
            " 10.0.0.1",
        ])
    func badAddresses(_ text: String) {
        #expect(IPAddress(text) == nil)
    }

    @Test(
        "what is no network is refused",
        arguments: [
            "10.244.0.1/24", "10.244.0.0/33", "10.244.0.0/", "10.244.0.0", "10.244.0.0/-1", "10.244.0.0/+8",
            "fd00::/129", "/8",
        ])
    func badNetworks(_ text: String) {
        #expect(Subnet(text) == nil)
    }

    @Test(
        "networks overlap when one lies in the other",
        arguments: [
            ("10.244.0.0/16", "10.244.3.0/24", true), ("10.244.3.0/24", "10.244.0.0/16", true),
            ("10.244.3.0/24", "10.244.4.0/24", false), ("0.0.0.0/0", "10.244.4.0/24", true),
            ("::/0", "10.244.4.0/24", false), ("fd00::/64", "fd00::5/128", true),
        ])
    func overlaps(_ one: String, _ other: String, _ expected: Bool) {
        #expect(net(one).overlaps(net(other)) == expected)
    }

    @Test(
        "the first free network overlaps nothing that is taken",
        arguments: [
            ([], "10.244.0.0/24"), (["0.0.0.0/0"], "10.244.0.0/24"), (["10.0.0.0/8"], "10.244.0.0/24"),
            (["10.244.0.0/24"], "10.244.1.0/24"), (["10.244.0.0/22", "10.244.4.7/32"], "10.244.5.0/24"),
            (["10.244.1.0/24", "fd00::/64"], "10.244.0.0/24"), (["10.244.0.0/16"], nil),
            (["10.244.0.0/17", "10.244.128.0/18", "10.244.192.0/18"], nil), (["10.244.0.128/25"], "10.244.1.0/24"),
        ] as [([String], String?)])
    func firstFree(_ taken: [String], _ expected: String?) {
        #expect(net("10.244.0.0/16").firstFree(prefix: 24, avoiding: taken.map(net))?.description == expected)
    }

    @Test("the first network without a route skips those of the namespace's links")
    func firstWithoutRoute() throws {
        let lab = try Lab()
        let before = try lab.run { try net("10.244.0.0/16").firstWithoutRoute(prefix: 24) }
        let node = try Node(lab: lab)
        _ = try node.pod("a")
        let after = try lab.run { try net("10.244.0.0/16").firstWithoutRoute(prefix: 24) }
        #expect(before == net("10.244.0.0/24"))
        #expect(after == net("10.244.1.0/24"))
    }

    @Test("a hardware address is read and written", arguments: [("0A:58:0a:f4:00:07", "0a:58:0a:f4:00:07")])
    func hardwareAddresses(_ text: String, _ written: String) {
        #expect(MACAddress(text)?.description == written)
    }

    @Test(
        "what is no hardware address is refused",
        arguments: [
            "", "0a:58:0a:f4:00", "0a:58:0a:f4:00:07:01", "0a:58:0a:f4:00:zz", "a:58:0a:f4:00:07", "0a:58:0a:f4:00:+7",
        ])
    func badHardwareAddresses(_ text: String) {
        #expect(MACAddress(text) == nil)
    }
}
