import Glibc
import PintleInterfaces
import PintleObjects
import PintleProbes
import Synchronization

@testable import PintleNode

/// A clock that a test moves, and commands that end when it says so.
final class FakeWorld: Sendable {
    private struct State {
        var now: Int64 = 0
        var lastTimer = 0
        var timers: [Int: (at: Int64, body: @Sendable () -> Void)] = [:]
        var checks: [[String]] = []
        var waiting: [String: @Sendable (ProbeOutcome) -> Void] = [:]
        var told: [ProbeEvent] = []
    }
    private let state = Mutex(State())

    var told: [ProbeEvent] { state.withLock { $0.told } }
    var checks: [[String]] { state.withLock { $0.checks } }
    var timerCount: Int { state.withLock { $0.timers.count } }

    func tell(_ event: ProbeEvent) { state.withLock { $0.told.append(event) } }

    func answer(_ command: String, _ outcome: ProbeOutcome) {
        state.withLock { $0.waiting.removeValue(forKey: command) }?(outcome)
    }

    /// Moves the clock and runs what has come due.
    func advance(seconds: Int64) {
        state.withLock { $0.now += seconds * 1_000_000_000 }
        while let body = state.withLock({ state -> (@Sendable () -> Void)? in
            guard let next = state.timers.min(by: { $0.value.at < $1.value.at }), next.value.at <= state.now else {
                return nil
            }
            state.timers[next.key] = nil
            return next.value.body
        }) { body() }
    }

    var environment: ProbeEnvironment {
        ProbeEnvironment(
            now: { self.state.withLock { $0.now } },
            wallClock: { 0 },
            random: { 0 },
            schedule: { delay, body in
                let number = self.state.withLock { state in
                    state.lastTimer += 1
                    state.timers[state.lastTimer] = (state.now + delay, body)
                    return state.lastTimer
                }
                return { self.state.withLock { _ = $0.timers.removeValue(forKey: number) } }
            },
            check: { check, _, done in
                guard case .exec(_, let command) = check else { return }
                self.state.withLock {
                    $0.checks.append(command)
                    $0.waiting[command.joined(separator: " ")] = done
                }
            },
            record: { _, _, _, _, _ in })
    }
}

/// Blocks until all of it is written.
func writeAll(_ descriptor: Int32, _ bytes: [UInt8]) {
    var rest = bytes[...]
    while !rest.isEmpty {
        let count = rest.withUnsafeBytes { write(descriptor, $0.baseAddress, $0.count) }
        guard count > 0 else { return }
        rest = rest.dropFirst(count)
    }
}
