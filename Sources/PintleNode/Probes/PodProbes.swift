internal import PintleObjects
internal import Synchronization

/// The liveness, readiness and startup probes of one pod.
///
/// Tell it what is with ``update(pod:view:podIPs:)``; it starts, stops and resets probes to match. Any thread may call
/// it; nothing here blocks. Timers and checks run on event loops, so a probe that hangs holds up nothing else.
final class PodProbes: Sendable {
    private let environment: ProbeEnvironment
    private let onChange: @Sendable (ProbeEvent) -> Void
    private let core: Mutex<Core>

    private struct Core {
        var schedule: ProbeSchedule
        var timers: [ProbeSchedule.Key: ProbeEnvironment.Cancel] = [:]
        var pod: JSON = .null
        var isStopped = false
    }

    /// Makes a pod's probes; none runs before the first update.
    ///
    /// - Parameters:
    ///   - context: The node's runtime and recorder of events.
    ///   - onChange: Called from any thread, and not from within ``update(pod:view:podIPs:)``; must not block.
    convenience init(context: PodContext, onChange: @escaping @Sendable (ProbeEvent) -> Void) {
        self.init(environment: .real(context), onChange: onChange)
    }

    init(environment: ProbeEnvironment, onChange: @escaping @Sendable (ProbeEvent) -> Void) {
        self.environment = environment
        self.onChange = onChange
        core = Mutex(Core(schedule: ProbeSchedule(random: environment.random)))
    }

    /// What the probes have found so far.
    var results: ProbeResults { core.withLock { $0.schedule.results } }

    /// How often each probe of the pod's containers succeeded, failed or told nothing, for `/metrics/probes`.
    var counts: [ProbeCount] { core.withLock { $0.schedule.counts } }

    /// Makes the probes match what is; the same again changes nothing.
    ///
    /// - Parameters:
    ///   - pod: The pod as the API has it, status included: what it says of a container that runs already counts until
    ///     the first check.
    ///   - view: What runs.
    ///   - podIPs: The pod's addresses, the primary one first; for a pod in the node's network, the node's.
    func update(pod: JSON, view: PodView, podIPs: [String]) {
        perform { core, now in
            core.pod = pod
            let facts = ProbeFacts(pod: pod, view: view, podIP: podIPs.first ?? "", wallClock: environment.wallClock())
            return core.schedule.update(facts, now: now)
        }
    }

    /// Ends all probes for good; checks that are on their way are forgotten.
    func stop() {
        let timers = core.withLock { core in
            core.isStopped = true
            defer { core.timers = [:] }
            return Array(core.timers.values)
        }
        for cancel in timers { cancel() }
    }

    private func perform(_ decide: (inout Core, Int64) -> [ProbeSchedule.Action]) {
        let (pod, actions) = core.withLock { core -> (JSON, [ProbeSchedule.Action]) in
            guard !core.isStopped else { return (.null, []) }
            let now = environment.now()
            let actions = decide(&core, now)
            for action in actions {
                switch action {
                case .wake(let key, let serial, let time):
                    core.timers[key]?()
                    core.timers[key] = environment.schedule(max(0, time - now)) { [weak self] in
                        self?.perform { $0.schedule.due(key, serial, now: $1) }
                    }
                case .sleep(let key): core.timers.removeValue(forKey: key)?()
                default: break
                }
            }
            return (core.pod, actions)
        }
        for action in actions {
            switch action {
            case .check(let key, let serial, let check, let seconds):
                environment.check(check, seconds) { [weak self] outcome in
                    self?.perform { $0.schedule.finished(key, serial, outcome, now: $1) }
                }
            case .event(let type, let reason, let message, let path):
                environment.record(pod, type, reason, message, path)
            case .tell(let event): onChange(event)
            case .wake, .sleep: break
            }
        }
    }
}

/// How the checks of one probe ended so far.
struct ProbeCount: Sendable, Hashable {
    let container: String
    let kind: ProbeKind
    var successful = 0
    var failed = 0
    var unknown = 0
}
