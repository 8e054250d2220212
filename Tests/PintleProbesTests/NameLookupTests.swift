import Dispatch
import Glibc
import Synchronization
import Testing

@testable import PintleProbes

@Suite("Names in checks")
struct NameLookupTests {
    @Test("a name server that hangs for one name holds up no other, and is asked once however many wait")
    func hanging() async {
        let release = DispatchSemaphore(value: 0)
        let asked = Mutex<[String]>([])
        let lookups = NameLookups { key in
            asked.withLock { $0.append(key.name) }
            if key.name == "slow" { release.wait() }
            return ["192.0.2.1"]
        }
        let slow = Mutex(0)
        for _ in 0..<3 { lookups.find(.init(name: "slow", family: AF_INET)) { _ in slow.withLock { $0 += 1 } } }
        let found = await withCheckedContinuation { continuation in
            lookups.find(.init(name: "quick", family: AF_INET)) { continuation.resume(returning: $0) }
        }
        #expect(found == ["192.0.2.1"])
        #expect(slow.withLock { $0 } == 0)
        release.signal()
        while slow.withLock({ $0 }) < 3 { await Task.yield() }
        #expect(asked.withLock { $0.sorted() } == ["quick", "slow"])
    }

    @Test("a name with several addresses is tried until one answers")
    func localhost() async throws {
        let server = try await TestServer(.answer { _ in answer("200 OK") })
        #expect(await outcome(of: .http(HTTPCheck(host: "localhost", port: server.port))) == .success)
        await server.stop()
    }
}
