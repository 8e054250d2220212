import Glibc
import PintleInterfaces
import Testing

@testable import PintleHost

extension HostSuite {
    @Suite("Calls that do not end")
    struct Stuck {
        @Test("a driver that polls is told of the deadline, and the error says so")
        func deadlineByPolling() async throws {
            let network = try DriverUnderTest("waits_for_cancellation").network()
            let began = monotonicNanoseconds()
            let error = try await failure { try await network.attach(attachRequest(), timeout: .milliseconds(100)) }
            let took = monotonicNanoseconds() - began
            #expect(error.code == .deadline)
            #expect(error.reason == "Cancelled")
            #expect(took > 90_000_000 && took < 900_000_000, "\(took) ns")
        }

        @Test("a driver that sleeps on the call's descriptor is told too, call after call")
        func deadlineByDescriptor() async throws {
            let network = try DriverUnderTest("waits_for_cancellation").network()
            for _ in 0..<5 {
                let error = try await failure {
                    try await network.check(NetworkCheckRequest(), timeout: .milliseconds(50))
                }
                #expect(error.code == .deadline)
                #expect(error.reason == "Cancelled")
            }
            #expect(network.instance.stuckCalls == 0)
        }

        @Test("cancelling the task cancels the call", arguments: [0, 50])
        func cancelled(_ milliseconds: UInt64) async throws {
            let network = try DriverUnderTest("waits_for_cancellation").network()
            let task = Task { try await failure { try await network.attach(attachRequest()) } }
            if milliseconds > 0 { try await Task.sleep(for: .milliseconds(milliseconds)) }
            task.cancel()
            #expect(try await task.value.code == .cancelled)
        }

        @Test("a call of a cancelled task is not made")
        func cancelledBefore() async throws {
            let driver = try DriverUnderTest("logs_order")
            let network = try driver.network()
            let task = Task {
                while !Task.isCancelled { await Task.yield() }
                return try await failure { try await network.attach(attachRequest()) }
            }
            task.cancel()
            #expect(try await task.value.code == .cancelled)
            #expect(!driver.sink.lines.contains { $0.hasPrefix("begin") })
        }

        @Test("cancelling after the end changes nothing")
        func cancelledAfter() async throws {
            let network = try DriverUnderTest("good").network()
            let task = Task { try await network.attach(attachRequest()) }
            _ = try await task.value
            task.cancel()
            #expect(try await network.attach(attachRequest()).addresses.count == 1)
        }

        @Test("a call that hangs is written off, its object is stuck until it returns, and the instance stays usable")
        func writtenOff() async throws {
            let driver = try DriverUnderTest("hangs")
            let network = try driver.network()
            let release = "\(driver.folder.path)/release"
            let error = try await failure {
                try await network.attach(attachRequest("a", path: release), timeout: .milliseconds(50))
            }
            #expect(error.code == .deadline)
            #expect(error.reason == "CallStuck")
            #expect(error.message.contains("did not return within 1 s of its deadline (PD-9)"))
            #expect(network.instance.stuckCalls == 1)
            #expect(driver.sink.lines.contains { $0.contains("network.attach for a is stuck and written off") })

            let again = try await failure { try await network.attach(attachRequest("a")) }
            #expect(again.code == .busyRetry)
            #expect(again.reason == "ObjectStuck")
            #expect(again.retryAfter == .seconds(10))
            #expect(try await failure { try await network.detach(detachRequest("a")) }.code == .busyRetry)
            #expect(try await network.attach(attachRequest("b")).addresses.count == 1)
            #expect(try await network.status().ready)

            try driver.folder.write("release", "")
            try eventually("the call returns") { network.instance.stuckCalls == 0 }
            #expect(try await network.attach(attachRequest("a")).addresses.count == 1)
        }

        @Test("calls that wait behind one that hangs are refused when it is written off")
        func behind() async throws {
            let driver = try DriverUnderTest("hangs")
            let network = try driver.network()
            let release = "\(driver.folder.path)/release"
            async let first = failure {
                try await network.attach(attachRequest("a", path: release), timeout: .milliseconds(50))
            }
            try eventually("the first call runs") {
                network.instance.statistics.isEmpty && driver.sink.lines.count == 1
            }
            usleep(20_000)
            async let second = failure { try await network.attach(attachRequest("a"), timeout: .seconds(20)) }
            async let third = failure { try await network.attach(attachRequest("a"), timeout: .milliseconds(100)) }
            #expect(try await third.code == .deadline)
            #expect(try await first.reason == "CallStuck")
            #expect(try await second.code == .busyRetry)
            try driver.folder.write("release", "")
            try eventually("the call returns") { network.instance.stuckCalls == 0 }
        }

        @Test("a driver that ignores cancellation is written off a second later")
        func ignoresCancellation() async throws {
            let driver = try DriverUnderTest("hangs")
            let network = try driver.network()
            let release = "\(driver.folder.path)/release"
            let task = Task { try await failure { try await network.attach(attachRequest("a", path: release)) } }
            try await Task.sleep(for: .milliseconds(50))
            let began = monotonicNanoseconds()
            task.cancel()
            let error = try await task.value
            let took = monotonicNanoseconds() - began
            #expect(error.code == .cancelled)
            #expect(error.message.contains("within 1 s of being cancelled"))
            #expect(took > 900_000_000 && took < 3_000_000_000, "\(took) ns")
            try driver.folder.write("release", "")
            try eventually("the call returns") { network.instance.stuckCalls == 0 }
        }

        @Test("an instance with too many stuck calls is not called any more until they return")
        func tooMany() async throws {
            let driver = try DriverUnderTest("hangs")
            let network = try driver.network(maxStuckCalls: 3)
            let release = "\(driver.folder.path)/release"
            await withTaskGroup { group in
                for index in 0..<3 {
                    group.addTask {
                        _ = try? await network.attach(
                            attachRequest("\(index)", path: release), timeout: .milliseconds(50))
                    }
                }
            }
            #expect(network.instance.hasFailed)
            let error = try await failure { try await network.status() }
            #expect(error.code == .unavailable)
            #expect(error.reason == "TooManyStuckCalls")
            #expect(try await failure { try await network.version() }.code == .unavailable)
            // Closing leaves the driver alone while it runs.
            network.instance.close()
            #expect(!driver.sink.lines.contains("closed"))
            try driver.folder.write("release", "")
            try eventually("the calls return") { network.instance.stuckCalls == 0 }
            #expect(try await network.status().ready)
        }

        @Test("opening an instance ends at its deadline too, and an instance that comes late is closed")
        func open() throws {
            let driver = try DriverUnderTest("hangs_on_open")
            let error = try refusal { try driver.open(limit: .milliseconds(100)) }
            #expect(error.code == .deadline)
            #expect(error.operation == "open")
            try eventually("the late instance is closed") { driver.sink.lines.last == "closed" }
        }

        @Test("calls without a timeout of their own have the instance's")
        func instanceTimeout() async throws {
            let network = try DriverUnderTest("waits_for_cancellation").network(timeout: .milliseconds(50))
            #expect(try await failure { try await network.attach(attachRequest()) }.code == .deadline)
        }
    }
}
