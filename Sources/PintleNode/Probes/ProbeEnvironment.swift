internal import Glibc
internal import PintleObjects
internal import PintleProbes
internal import Synchronization

/// What a pod's probes need of the world, so that tests can give them another.
struct ProbeEnvironment: Sendable {
    typealias Cancel = @Sendable () -> Void

    /// Nanoseconds of a clock that only moves forward.
    var now: @Sendable () -> Int64
    /// Nanoseconds since 1970.
    var wallClock: @Sendable () -> Int64
    /// From 0 up to 1.
    var random: @Sendable () -> Double
    /// Runs something after so many nanoseconds; never within the call.
    var schedule: @Sendable (Int64, @escaping @Sendable () -> Void) -> Cancel
    /// Checks, and tells the outcome once; never within the call.
    ///
    /// The number is the timeout in seconds.
    var check: @Sendable (ProbeCheck, Int64, @escaping @Sendable (ProbeOutcome) -> Void) -> Void
    /// Records an event of a pod: its type, reason, message and field path.
    var record: @Sendable (JSON, EventRecorder.EventType, String, String, String) -> Void

    /// The machine's clocks, an event loop, the node's runtime and its recorder of events.
    static func real(_ context: PodContext) -> ProbeEnvironment {
        let exec = ExecCheck(runtime: context.runtime)
        return machine(
            exec: { await exec.probe($0, $1, $2) },
            record: { pod, type, reason, message, path in
                context.events.record(pod, type, reason, message, fieldPath: path)
            })
    }

    /// The machine's clocks and an event loop.
    static func machine(
        exec: @escaping @Sendable (_ container: String, _ command: [String], _ seconds: Int64) async -> ProbeOutcome,
        record: @escaping @Sendable (JSON, EventRecorder.EventType, String, String, String) -> Void
    ) -> ProbeEnvironment {
        let place = ProbePlace()
        return ProbeEnvironment(
            now: { monotonic() },
            wallClock: { Timestamp.now.nanoseconds },
            random: { Double.random(in: 0..<1) },
            schedule: { nanoseconds, body in
                let timer = place.loop.schedule(after: .nanoseconds(nanoseconds), body)
                return { timer.cancel() }
            },
            check: { check, seconds, done in
                switch check {
                case .network(let check): place.loop.run(check, timeout: .seconds(seconds), done)
                case .exec(let container, let command):
                    Task { done(await exec(container, command, seconds)) }
                case .impossible(let why):
                    _ = place.loop.schedule(after: .zero) { done(.error(why)) }
                }
            },
            record: record)
    }

    private static func monotonic() -> Int64 {
        var time = timespec()
        clock_gettime(CLOCK_MONOTONIC, &time)
        return Int64(time.tv_sec) * 1_000_000_000 + Int64(time.tv_nsec)
    }
}

/// A pod's event loop, chosen when its first probe wants one.
private final class ProbePlace: Sendable {
    private let chosen = Mutex<ProbeLoop?>(nil)

    var loop: ProbeLoop {
        chosen.withLock { chosen in
            let loop = chosen ?? ProbeLoop.next()
            chosen = loop
            return loop
        }
    }
}

/// What one check does.
enum ProbeCheck: Sendable, Hashable {
    /// Connects to something.
    case network(NetworkCheck)
    /// Runs a command in a container, named by its id.
    case exec(container: String, command: [String])
    /// It can't be done, for this reason.
    case impossible(String)
}
