import Glibc
import Synchronization
import Testing

@testable import PintleLedger

@Suite("Sharing a sync")
struct SyncGateTests {
    @Test("many waiting threads are served by few syncs, each after its own commit")
    func sharing() throws {
        let started = Mutex(0)
        let gate = SyncGate {
            started.withLock { $0 += 1 }
            usleep(5_000)
            return 0
        }
        let failures = Mutex(0)
        try onThreads(16) {
            for _ in 0..<5 {
                let ticket = gate.didCommit()
                do { try gate.wait(for: ticket) } catch { failures.withLock { $0 += 1 } }
            }
        }
        #expect(failures.withLock { $0 } == 0)
        // 80 waits of 5 ms; sharing needs at least 5 rounds and far fewer than 80.
        let syncs = started.withLock { $0 }
        #expect(syncs >= 5 && syncs <= 30)
        #expect(gate.syncCount == UInt64(syncs))
    }

    @Test("after a failed sync nobody is told that anything is safe")
    func failing() throws {
        let result = Mutex<Int32>(EIO)
        let gate = SyncGate { result.withLock { $0 } }
        let first = gate.didCommit()
        #expect(code { () throws(LedgerError) in try gate.wait(for: first) } == .inputOutput)
        result.withLock { $0 = 0 }
        let second = gate.didCommit()
        #expect(code { () throws(LedgerError) in try gate.wait(for: second) } == .inputOutput)
        #expect(gate.syncCount == 1)
    }
}

/// Runs `body` on `count` threads at once and waits for all of them.
func onThreads(_ count: Int, _ body: @escaping @Sendable () -> Void) throws {
    var threads: [pthread_t] = []
    for _ in 0..<count {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(ThreadBody(body)).toOpaque()
        let result = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ThreadBody>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, context)
        guard result == 0 else { throw TestFailure("pthread_create: \(result)") }
        threads.append(thread)
    }
    for thread in threads { pthread_join(thread, nil) }
}

final class ThreadBody: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
