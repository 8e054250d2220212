import CPintleABI
import PintleInterfaces
import Synchronization
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("Results and failures")
    struct Results {
        @Test(
            "a malformed result fails its call and names the field",
            arguments: [
                ("not_utf8", "name: not UTF-8"),
                ("null_result", "pintle_network_network_version: null pointer"),
                ("null_view", "name: null with a count"),
                ("result_size_0", "pintle_network_network_version.size: expected at least 64, found 0"),
                ("result_size_3", "pintle_network_network_version.size: expected at least 64, found 3"),
                ("result_size_4gb", "pintle_network_network_version.size: expected at least 64, found 4294967295"),
            ])
        func malformed(_ name: String, _ expected: String) async throws {
            let driver = try DriverUnderTest(name)
            let network = try driver.network()
            let error = try await failure { try await network.version() }
            #expect(error.code == .misbehaved)
            #expect(error.operation == "network.version")
            #expect(error.message.contains(expected), "\(error)")
            // The instance goes on.
            #expect(try await network.status().ready)
        }

        @Test("elements that lie too near to each other are refused")
        func narrowArray() async throws {
            let network = try DriverUnderTest("narrow_array").network()
            let error = try await failure { try await network.attach(attachRequest()) }
            #expect(error.code == .misbehaved)
            #expect(error.message.contains("addresses: array of 2 elements with stride 4"))
        }

        @Test("one result is promised, so none and two are faults", arguments: [("no_result", 0), ("two_results", 2)])
        func count(_ name: String, _ count: Int) async throws {
            let network = try DriverUnderTest(name).network()
            let error = try await failure { try await network.attach(attachRequest()) }
            #expect(error.code == .misbehaved)
            #expect(error.message.contains("the driver put \(count) results, promised is one"))
        }

        @Test("what a failed call put does not count, and its own reason is reported")
        func putsAndFails() async throws {
            let network = try DriverUnderTest("puts_and_fails").network()
            let attach = try await failure { try await network.attach(attachRequest()) }
            #expect(attach.code == .resource)
            #expect(attach.reason == "RangeUsedUp")
            #expect(attach.message == "no address is left")
            let gc = try await failure { try await network.gc(NetworkGcRequest()) }
            #expect(gc.code == .conflict)
            #expect(gc.reason == "HalfWay")
        }

        @Test("every part of a failure arrives")
        func whole() async throws {
            let network = try DriverUnderTest("fails_fully").network()
            let error = try await failure { try await network.detach(detachRequest()) }
            #expect(error.code == .busyRetry)
            #expect(error.reason == "LinkBusy")
            #expect(error.message == "the link is busy")
            #expect(error.errno == 16)
            #expect(error.retryAfter == .milliseconds(1500))
            #expect(error.driver == "dev.pintle.test")
            #expect("\(error)" == "dev.pintle.test network.detach: the link is busy (LinkBusy)")
        }

        @Test("an unknown status counts as internal")
        func unknownStatus() async throws {
            let network = try DriverUnderTest("unknown_status").network()
            let error = try await failure { try await network.detach(detachRequest()) }
            #expect(error.code == .internal)
            #expect(error.message.contains("answered 99 without a reason"))
        }

        @Test("texts for people that are not UTF-8 are replaced")
        func notUTF8Message() async throws {
            let driver = try DriverUnderTest("not_utf8_message")
            let error = try await failure { try await driver.network().version() }
            #expect(error.code == .conflict)
            #expect(error.reason == "")
            #expect(error.message.contains("not UTF-8"))
            #expect(driver.sink.lines.contains { $0.contains("not UTF-8") })
        }

        @Test("many items arrive in their order")
        func many() async throws {
            let items = try await DriverUnderTest("many_items").network().gc(NetworkGcRequest())
            #expect(items.map(\.name) == (0..<10_000).map { "\($0)" })
        }

        @Test("a stream that is told to stop ends without an error")
        func stopped() async throws {
            let network = try DriverUnderTest("many_items").network()
            let names = Mutex<[String]>([])
            try await network.instance.stream(
                Operation("network", 4, "gc", .nothing, .changes, quick: false), object: nil,
                request: NetworkGcRequest(), timeout: nil,
                onItem: { (item: NetworkGcItem) in
                    names.withLock {
                        $0.append(item.name)
                        return $0.count < 3
                    }
                }
            ) { (instance, call, request, sink: UnsafePointer<NetworkGcItem.Sink>) in
                instance.table(as: pintle_network.self).pointee.gc?(instance.handle, call, request, sink)
            }
            #expect(names.withLock { $0 } == ["0", "1", "2"])
            #expect(network.instance.statistics["gc"]?.failures == 0)
        }

        @Test("a quick operation is told that it must not block, the others that they may")
        func threadCheck() async throws {
            let network = try DriverUnderTest("good").network()
            #expect(try await network.version().name == "must not block")
            #expect(try await network.status().message == "may block")
        }

        @Test("calls and failures are counted, with their time")
        func statistics() async throws {
            let network = try DriverUnderTest("fails_fully").network()
            for _ in 0..<5 { _ = try await network.attach(attachRequest()) }
            for _ in 0..<3 { _ = try? await network.detach(detachRequest()) }
            let statistics = network.instance.statistics
            #expect(Set(statistics.keys) == ["attach", "detach"])
            #expect(statistics["attach"]?.calls == 5)
            #expect(statistics["attach"]?.failures == 0)
            #expect(statistics["detach"]?.calls == 3)
            #expect(statistics["detach"]?.failures == 3)
            #expect(statistics["attach"]?.histogram.reduce(0, +) == 5)
            #expect((statistics["attach"]?.nanoseconds ?? 0) > 0)
        }

        @Test("a slow call is in the histogram's bucket for its time")
        func histogram() async throws {
            let network = try DriverUnderTest("logs_order").network()
            _ = try await network.attach(attachRequest())
            let attach = try #require(network.instance.statistics["attach"])
            let bucket = try #require(attach.histogram.firstIndex(of: 1))
            // More than 1 ms: 2^10 units of 1.024 µs are 1.05 ms.
            #expect(bucket >= 10 && bucket <= 16, "bucket \(bucket) of \(attach.nanoseconds) ns")
        }
    }
}
