import CPintleABI
import PintleInterfaces
import PintleSDK
import Testing

@Suite("A driver in Swift, called through its C table")
struct DispatchTests {
    private let raw = try? RawDriver()
    private var driver: RawDriver { get throws { try #require(raw) } }

    @Test("the descriptor says what the plugin said")
    func descriptor() throws {
        let plugin = try driver.plugin
        #expect(plugin.size == UInt32(MemoryLayout<pintle_plugin>.size))
        #expect(try ABIReader.text(plugin.id, "id") == "dev.pintle.sdk-test")
        #expect(try ABIReader.text(plugin.version, "version") == "3.2.1")
        #expect(plugin.interfaces.count == 1)
    }

    @Test("open hands over the configuration and answers handle and capabilities")
    func open() throws {
        let opened = try driver.open(config: "{\"mtu\": 9000}")
        #expect(opened.status == PINTLE_OK)
        #expect(opened.handle != 0)
        #expect(opened.capabilities == ["pintle.network.mac/1"])
        #expect(try driver.host.lines == ["info: opened with {\"mtu\": 9000} as 0a1b2c3d"])
        #expect(try driver.close(opened.handle) == PINTLE_OK)
        #expect(try driver.host.lines.last == "info: closed")
    }

    @Test("what the initialiser throws arrives as status, reason and sentence")
    func openFails() throws {
        let opened = try driver.open(config: "refuse")
        #expect(opened.status == PINTLE_RESOURCE)
        #expect(opened.handle == 0)
        #expect(
            try driver.call.failures == [
                .init(
                    code: PINTLE_RESOURCE, reason: "NoRange", message: "no range is free", errno: 28,
                    retry: 2_500_000_000)
            ])
    }

    @Test("an instance whose result nobody takes is closed again")
    func openUnwanted() throws {
        let opened = try driver.open(config: "{}", taking: false)
        #expect(opened.status == PINTLE_CANCELLED)
        #expect(try driver.host.lines.last == "info: closed")
    }

    @Test("an unknown interface is unsupported")
    func unknownInterface() throws {
        #expect(try driver.open(config: "{}", interface: "pintle.storage/1").status == PINTLE_UNSUPPORTED)
    }

    @Test("a request arrives whole and the result goes back")
    func attach() throws {
        let handle = try driver.open(config: "{}").handle
        var request = NetworkAttachRequest()
        request.attachmentId = "a"
        request.interface = "eth0"
        request.annotations = ["k": "v", "ä": "ö"]
        request.ips = ["10.0.0.1", "fd00::1"]
        let (status, items) = try driver.attach(handle, request)
        #expect(status == PINTLE_OK)
        #expect(items.map { $0.interfaces.map(\.name) } == [["eth0"]])
        #expect(items.first?.addresses.map(\.address) == ["10.0.0.1", "fd00::1"])
    }

    @Test("a thrown failure puts nothing and says everything")
    func fails() throws {
        let handle = try driver.open(config: "{}").handle
        var request = NetworkAttachRequest()
        request.attachmentId = "fail"
        let (status, items) = try driver.attach(handle, request)
        #expect(status == PINTLE_CONFLICT)
        #expect(items.isEmpty)
        #expect(
            try driver.call.failures == [
                .init(code: PINTLE_CONFLICT, reason: "PortTaken", message: "port 80 is taken", errno: 98, retry: 0)
            ])
    }

    @Test("any other error is internal and named")
    func uncaught() throws {
        let handle = try driver.open(config: "{}").handle
        var request = NetworkAttachRequest()
        request.attachmentId = "throw"
        #expect(try driver.attach(handle, request).0 == PINTLE_INTERNAL)
        #expect(try driver.call.failures.first?.reason == "UncaughtError")
        #expect(try driver.call.failures.first?.message.contains("Unforeseen") == true)
    }

    @Test("text that is not UTF-8 is an invalid request")
    func notUTF8() throws {
        let handle = try driver.open(config: "{}").handle
        let status = try driver.attach(handle, NetworkAttachRequest()) { request, arena in
            request.pod_name = arena.bytes([0xC3, 0x28])
        }.0
        #expect(status == PINTLE_INVALID)
        #expect(try driver.call.failures.first?.message.contains("pod_name: not UTF-8") == true)
    }

    @Test("a request that is too short is invalid")
    func short() throws {
        let handle = try driver.open(config: "{}").handle
        #expect(
            try driver.attach(handle, NetworkAttachRequest()) { request, _ in request.size = 16 }.0 == PINTLE_INVALID)
    }

    @Test("a sink that wants no more ends a driver's list")
    func stopped() throws {
        let handle = try driver.open(config: "{}").handle
        let (status, items) = try driver.collect(handle, taking: 3)
        #expect(status == PINTLE_CANCELLED)
        #expect(items == ["0", "1", "2"])
        #expect(try driver.collect(handle, taking: 100).1 == (0..<10).map { "\($0)" })
    }

    @Test("cancellation and deadline are seen by the driver")
    func cancelled() throws {
        let handle = try driver.open(config: "{}").handle
        try driver.call.isCancelled = true
        #expect(try driver.collect(handle, taking: 100).0 == PINTLE_CANCELLED)
        #expect(try driver.call.failures.first?.reason == "Cancelled")
        try driver.call.isCancelled = false
        try driver.call.deadline = 77
        _ = try driver.status(handle)
        #expect(try driver.host.lines.last == "debug: deadline 77, descriptor 42")
        try driver.call.deadline = 0
        _ = try driver.status(handle)
        #expect(try driver.host.lines.last == "debug: deadline none, descriptor 42")
    }

    @Test("stale and random handles are not found")
    func handles() throws {
        let handle = try driver.open(config: "{}").handle
        #expect(try driver.close(handle) == PINTLE_OK)
        for other in [handle, 0, 1, .max, UInt64.random(in: 2..<UInt64.max)] {
            #expect(try driver.status(other) == PINTLE_NOT_FOUND)
            #expect(try driver.close(other) == PINTLE_NOT_FOUND)
        }
    }

    @Test("the host's services are reached from Swift")
    func services() throws {
        let handle = try driver.open(config: "{}").handle
        var request = NetworkAttachRequest()
        request.attachmentId = "services"
        #expect(try driver.attach(handle, request).0 == PINTLE_OK)
        #expect(
            try driver.host.lines.dropFirst() == [
                "warning: Ünïcode", "event error Broken: something broke", "metric attached 3",
                "put address 10.0.0.1 a", "list address",
                "delete address 10.0.0.1",
            ])
        try driver.host.ledgerStatus = PINTLE_CONFLICT
        #expect(try driver.attach(handle, request).0 == PINTLE_CONFLICT)
        #expect(try driver.call.failures.last?.reason == "HeldByAnother")
    }

    @Test("a driver's failure describes itself")
    func description() {
        #expect("\(DriverFailure(.notFound, reason: "LinkNotFound", "no link eth0"))" == "no link eth0 (LinkNotFound)")
        #expect(Call.unbounded.deadline == nil && !Call.unbounded.isCancelled && Call.unbounded.cancelDescriptor == nil)
    }
}
