import PintleInterfaces
import PintleObjects
import PintleProbes

@testable import PintleNode

/// A schedule of probes with a clock that moves only when a check is due, and a record of all that it asks for.
struct ProbeBench {
    var pod: JSON
    var statuses: [JSON] = []
    var schedule: ProbeSchedule
    /// Seconds.
    private(set) var now = 0.0
    private(set) var wakes: [ProbeSchedule.Key: (serial: UInt64, at: Int64)] = [:]
    private(set) var checks: [ProbeCheck] = []
    private(set) var events: [String] = []
    private(set) var told: [ProbeEvent] = []
    private(set) var running: String?
    private var view = PodView()

    init(
        liveness: JSON = .null, readiness: JSON = .null, startup: JSON = .null, policy: String = "Always",
        random: Double = 0
    ) {
        var container: JSON = ["name": "main"]
        for (field, probe) in [("livenessProbe", liveness), ("readinessProbe", readiness), ("startupProbe", startup)]
        where !probe.isNull {
            container[field] = probe
            container[field]["tcpSocket"] = ["port": 80]
        }
        pod = [
            "metadata": ["name": "p", "namespace": "default", "uid": "u"],
            "spec": ["restartPolicy": .string(policy), "containers": [container]],
        ]
        schedule = ProbeSchedule(random: { random })
    }

    var results: ProbeResults { schedule.results }

    func key(_ kind: ProbeKind, _ name: String = "main") -> ProbeSchedule.Key { .init(container: name, kind: kind) }

    /// When a probe checks next, in seconds; nil when it does not.
    func due(_ kind: ProbeKind) -> Double? { wakes[key(kind)].map { Double($0.at) / 1e9 } }

    /// A container runs now, instead of any other of its name.
    mutating func run(id: String, name: String = "main", age: Double = 0) {
        var status = RuntimeContainerStatus()
        status.id = id
        status.name = name
        status.state = .running
        status.startedAtNs = 1_000_000_000_000 - Int64(age * 1e9) + nanoseconds
        running = id
        view = PodView(sandboxes: [], containers: [status])
        update()
    }

    /// It has ended.
    mutating func exit() {
        running = nil
        view = PodView()
        update()
    }

    mutating func delete() {
        pod["metadata"]["deletionTimestamp"] = "2026-01-01T00:00:00Z"
        update()
    }

    mutating func update() {
        pod["status"] = ["containerStatuses": .array(statuses)]
        let facts = ProbeFacts(pod: pod, view: view, podIP: "10.0.0.9", wallClock: 1_000_000_000_000 + nanoseconds)
        take(schedule.update(facts, now: nanoseconds))
    }

    /// Moves the clock to the probe's next check and begins it.
    ///
    /// Returns the run's number.
    mutating func begin(_ kind: ProbeKind, _ name: String = "main") -> UInt64 {
        guard let wake = wakes.removeValue(forKey: key(kind, name)) else { return 0 }
        now = max(now, Double(wake.at) / 1e9)
        take(schedule.due(key(kind, name), wake.serial, now: nanoseconds))
        return wake.serial
    }

    mutating func finish(_ kind: ProbeKind, _ serial: UInt64, _ outcome: ProbeOutcome) {
        take(schedule.finished(key(kind), serial, outcome, now: nanoseconds))
    }

    /// The probe's next check, which takes `after` seconds.
    mutating func check(_ kind: ProbeKind, _ outcome: ProbeOutcome, after: Double = 0) {
        let serial = begin(kind)
        now += after
        finish(kind, serial, outcome)
    }

    private var nanoseconds: Int64 { Int64(now * 1e9) }

    private mutating func take(_ actions: [ProbeSchedule.Action]) {
        for action in actions {
            switch action {
            case .wake(let key, let serial, let time): wakes[key] = (serial, time)
            case .sleep(let key): wakes[key] = nil
            case .check(_, _, let check, _): checks.append(check)
            case .event(let type, let reason, let message, _): events.append("\(type.rawValue) \(reason) \(message)")
            case .tell(let event): told.append(event)
            }
        }
    }
}
