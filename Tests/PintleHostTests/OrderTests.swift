import Glibc
import PintleInterfaces
import PintleLedger
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("Order and the ledger")
    struct Order {
        @Test("calls for one object come one after the other, in the order they were made; others overlap")
        func gate() async throws {
            let driver = try DriverUnderTest("logs_order")
            let network = try driver.network()
            try await withThrowingTaskGroup { group in
                for index in 0..<40 {
                    group.addTask { _ = try await network.attach(attachRequest("o\(index % 4)", sandbox: "\(index)")) }
                }
                try await group.waitForAll()
            }
            let lines = driver.sink.lines.dropFirst().map { $0.split(separator: " ").map(String.init) }
            #expect(lines.count == 80)
            for object in 0..<4 {
                let own = lines.filter { $0[1] == "o\(object)" }
                #expect(own.map { $0[0] } == (0..<10).flatMap { _ in ["begin", "end"] })
                for pair in stride(from: 0, to: own.count, by: 2) { #expect(own[pair][2] == own[pair + 1][2]) }
            }
            let overlaps = zip(lines, lines.dropFirst()).contains { $0[0] == "begin" && $1[0] == "begin" }
            #expect(overlaps, "calls for different objects never overlapped")
        }

        @Test("calls for one object that are made one by one run in that order")
        func fifo() async throws {
            let driver = try DriverUnderTest("logs_order")
            let network = try driver.network()
            try await withThrowingTaskGroup { group in
                for index in 0..<10 {
                    group.addTask { _ = try await network.attach(attachRequest("a", sandbox: "\(index)")) }
                    // The next one is made when this one waits or runs.
                    try await Task.sleep(for: .microseconds(200))
                }
                try await group.waitForAll()
            }
            let begun = driver.sink.lines.filter { $0.hasPrefix("begin") }.compactMap { $0.split(separator: " ").last }
            #expect(begun == (0..<10).map { "\($0)" })
        }

        @Test("hundreds of calls at once all end, with their own results")
        func many() async throws {
            let network = try DriverUnderTest("logs_order").network()
            let ended = await withTaskGroup { group in
                for index in 0..<400 {
                    group.addTask { (try? await network.attach(attachRequest("\(index)")))?.addresses.count ?? 0 }
                }
                return await group.reduce(0, +)
            }
            #expect(ended == 400)
        }

        @Test("a changing call has an intent around it: success is held, failure forgotten, removal leaves nothing")
        func intents() async throws {
            let folder = try TemporaryFolder()
            let ledger = try Ledger(directory: folder.path)
            defer { ledger.close() }
            let good = try DriverUnderTest("good").network(ledger: ledger)
            _ = try await good.attach(attachRequest("a"))
            #expect(try records(ledger) == ["network.attach a held"])
            _ = try await good.status()
            try await good.detach(detachRequest("a"))
            #expect(try records(ledger) == [])

            let failing = try DriverUnderTest("puts_and_fails").network(ledger: ledger)
            _ = try? await failing.attach(attachRequest("b"))
            #expect(try records(ledger) == [])
        }

        @Test(
            "what is left of a broken promise or a failed removal is unknown",
            arguments: ["two_results", "unknown_status"])
        func unknown(_ name: String) async throws {
            let folder = try TemporaryFolder()
            let ledger = try Ledger(directory: folder.path)
            defer { ledger.close() }
            let network = try DriverUnderTest(name).network(ledger: ledger)
            if name == "two_results" {
                _ = try? await network.attach(attachRequest("a"))
                #expect(try records(ledger) == ["network.attach a unknown"])
            } else {
                _ = try? await network.detach(detachRequest("a"))
                #expect(try records(ledger) == ["network.detach a unknown"])
            }
        }

        @Test("the intent of a call that hangs stays open until it returns")
        func hanging() async throws {
            let folder = try TemporaryFolder()
            let ledger = try Ledger(directory: folder.path)
            defer { ledger.close() }
            let driver = try DriverUnderTest("hangs")
            let network = try driver.network(ledger: ledger)
            let request = attachRequest("a", path: "\(driver.folder.path)/release")
            _ = try await failure { try await network.attach(request, timeout: .milliseconds(50)) }
            #expect(try records(ledger) == ["network.attach a open"])
            try driver.folder.write("release", "")
            try eventually("the call returns") { network.instance.stuckCalls == 0 }
            #expect(try records(ledger) == ["network.attach a held"])
        }

        @Test("equal requests have equal digests, others do not")
        func digests() async throws {
            let folder = try TemporaryFolder()
            let ledger = try Ledger(directory: folder.path)
            defer { ledger.close() }
            let network = try DriverUnderTest("good").network(ledger: ledger)
            var digests: [[UInt8]] = []
            for sandbox in ["one", "one", "two"] {
                _ = try await network.attach(attachRequest("a", sandbox: sandbox))
                digests += try ledger.contents().intents.map(\.digest)
            }
            #expect(digests.count == 3)
            #expect(digests[0] == digests[1])
            #expect(digests[1] != digests[2])
            #expect(digests[0].count == 8)
        }

        private func records(_ ledger: Ledger) throws -> [String] {
            try ledger.contents().intents.map { "\($0.operation) \($0.intent.object) \($0.state)" }
        }
    }
}
