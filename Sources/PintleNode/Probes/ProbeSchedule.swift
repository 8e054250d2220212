internal import PintleObjects
internal import PintleProbes

/// When which probe of a pod checks, and what follows from what it found: decisions without I/O.
///
/// Each running container of the pod has one run for each of its probes. Readiness checks as soon as the container has
/// started and its delay is over; liveness, when it has no delay, after one period. A container's very first startup
/// check, when that has no delay, is free: its failure does not count. All times are nanoseconds of one clock.
struct ProbeSchedule: Sendable {
    struct Key: Sendable, Hashable {
        let container: String
        let kind: ProbeKind
    }

    /// What the owner must do, in this order.
    enum Action: Sendable, Hashable {
        /// Call ``due(_:_:now:)`` at this time, and not at an earlier one that was asked for.
        case wake(Key, serial: UInt64, at: Int64)
        /// Forget what was asked for.
        case sleep(Key)
        /// Check, then call ``finished(_:_:_:now:)``; the last is the timeout in seconds.
        case check(Key, serial: UInt64, ProbeCheck, timeout: Int64)
        case event(EventRecorder.EventType, reason: String, message: String, fieldPath: String)
        case tell(ProbeEvent)
    }

    /// One probe of one container that runs.
    struct Run: Sendable {
        let spec: ProbeSpec
        let serial: UInt64
        /// When the container started.
        let began: Int64
        let isAdopted: Bool
        /// When it checks next, or checks now.
        var due: Int64 = 0
        var isChecking = false
        /// The check that is due does not count when it fails.
        var isFree = false
        /// It has found what it looks for, and looks no more.
        var isDone = false
        /// What the last check that counted found, and how often in a row.
        var last: Bool?
        var streak = 0
    }

    private(set) var results = ProbeResults()
    var counts: [ProbeCount] { Array(counted.values) }
    private var counted: [Key: ProbeCount] = [:]
    private var containers: [String: ProbeFacts.Container] = [:]
    private var runs: [Key: Run] = [:]
    private var podIP = ""
    private var isDeleting = false
    private var lastSerial: UInt64 = 0
    private var events = EventAllowance()
    private let random: @Sendable () -> Double

    init(random: @escaping @Sendable () -> Double) { self.random = random }

    // MARK: What is

    /// Starts, stops and resets runs to match `facts`.
    mutating func update(_ facts: ProbeFacts, now: Int64) -> [Action] {
        var actions: [Action] = []
        podIP = facts.podIP
        isDeleting = facts.isDeleting
        results.withStartup = []
        results.withReadiness = []
        var gone = Set(containers.keys)
        for container in facts.containers {
            gone.remove(container.name)
            if !container.spec[ProbeKind.startup.field].isNull { results.withStartup.insert(container.name) }
            if !container.spec[ProbeKind.readiness.field].isNull { results.withReadiness.insert(container.name) }
            if let running = container.running {
                let isNew = containers[container.name]?.running?.id != running.id
                if isNew { actions += end(container.name) }
                containers[container.name] = container
                if isNew { begin(container, running, now, &actions) }
                if isDeleting { actions += retire(container.name, running.id, now) }
            } else {
                actions += end(container.name)
                containers[container.name] = container
            }
        }
        for name in gone {
            actions += end(name)
            containers[name] = nil
            for kind in ProbeKind.allCases { counted[Key(container: name, kind: kind)] = nil }
        }
        return actions
    }

    private mutating func begin(
        _ container: ProbeFacts.Container, _ running: ProbeFacts.Running, _ now: Int64, _ actions: inout [Action]
    ) {
        // One that has run for a while was found, not started, by this node agent.
        let isAdopted = running.wasStarted || running.wasReady || running.age > 5_000_000_000
        for spec in ProbeSpec.all(of: container.spec) {
            lastSerial += 1
            let key = Key(container: container.name, kind: spec.kind)
            runs[key] = Run(spec: spec, serial: lastSerial, began: now - running.age, isAdopted: isAdopted)
            if counted[key] == nil { counted[key] = ProbeCount(container: container.name, kind: spec.kind) }
        }
        if running.wasReady { results.readyIDs.insert(running.id) }
        if runs[Key(container: container.name, kind: .startup)] == nil || running.wasStarted {
            actions += started(container.name, running.id, now)
        } else {
            actions += activate(Key(container: container.name, kind: .startup), notBefore: now)
        }
    }

    /// What the container's startup probe held back begins.
    private mutating func started(_ name: String, _ id: String, _ now: Int64) -> [Action] {
        let startup = Key(container: name, kind: .startup)
        let isLate = runs[startup].map { !$0.isAdopted } ?? false
        if runs[startup] != nil { results.startedIDs.insert(id) }
        runs[startup]?.isDone = true
        let liveness = Key(container: name, kind: .liveness)
        let wait = isLate ? runs[liveness]?.spec.period ?? 0 : 0
        return activate(Key(container: name, kind: .readiness), notBefore: now)
            + (isDeleting ? [] : activate(liveness, notBefore: now + wait))
    }

    private mutating func activate(_ key: Key, notBefore time: Int64) -> [Action] {
        guard var run = runs[key] else { return [] }
        let isFirst = run.spec.initialDelay == 0
        run.due = run.began + (isFirst && key.kind == .liveness ? run.spec.period : run.spec.initialDelay)
        run.isFree = isFirst && key.kind == .startup && !run.isAdopted
        if run.due < time {
            run.due = time
            let isWanted = key.kind == .readiness && !isReady(key.container)
            // After a restart of the node agent not all probes of the node check at once.
            if run.isAdopted, !isWanted { run.due += Int64(random() * Double(run.spec.period)) }
        }
        runs[key] = run
        return [.wake(key, serial: run.serial, at: run.due)]
    }

    /// The container does not run any more.
    private mutating func end(_ name: String) -> [Action] {
        guard let id = containers[name]?.running?.id else { return [] }
        results.startedIDs.remove(id)
        results.readyIDs.remove(id)
        results.unhealthy[id] = nil
        return ProbeKind.allCases.compactMap { kind in
            let key = Key(container: name, kind: kind)
            return runs.removeValue(forKey: key) == nil ? nil : .sleep(key)
        }
    }

    /// The pod is being deleted: only readiness goes on, and nothing is held back any more.
    private mutating func retire(_ name: String, _ id: String, _ now: Int64) -> [Action] {
        var actions: [Action] = []
        let startup = Key(container: name, kind: .startup)
        if let run = runs[startup], !run.isDone { actions += started(name, id, now) }
        for key in [startup, Key(container: name, kind: .liveness)] where runs.removeValue(forKey: key) != nil {
            actions.append(.sleep(key))
        }
        return actions
    }

    private func isReady(_ name: String) -> Bool {
        containers[name]?.running.map { results.readyIDs.contains($0.id) } ?? false
    }

    // MARK: Checks

    /// It is time for a check.
    mutating func due(_ key: Key, _ serial: UInt64, now: Int64) -> [Action] {
        guard let run = runs[key], run.serial == serial, !run.isChecking, !run.isDone,
            let container = containers[key.container], let running = container.running
        else { return [] }
        runs[key]?.isChecking = true
        let check = ProbeTarget.check(
            run.spec.handler, container: container.spec, containerID: running.id, podIP: podIP)
        return [.check(key, serial: serial, check, timeout: run.spec.timeout)]
    }

    /// A check has ended.
    mutating func finished(_ key: Key, _ serial: UInt64, _ outcome: ProbeOutcome, now: Int64) -> [Action] {
        guard var run = runs[key], run.serial == serial, run.isChecking, let container = containers[key.container],
            let id = container.running?.id
        else { return [] }
        run.isChecking = false
        let isFree = run.isFree
        run.isFree = false
        var actions: [Action] = []
        func say(_ reason: String, _ message: String) {
            guard events.take(now: now) else { return }
            actions.append(
                .event(
                    .warning, reason: reason, message: "\(key.kind.rawValue) probe \(message)",
                    fieldPath: container.fieldPath))
        }
        var passed: Bool?
        switch outcome {
        case .success: passed = true
        case .warning(let text):
            passed = true
            say("ProbeWarning", "warning: \(text)")
        case .failure(let text):
            if !isFree {
                passed = false
                say("Unhealthy", "failed: \(text)")
            }
        case .error(let text): say("Unhealthy", "errored and resulted in unknown state: \(text)")
        }
        count(key, outcome)
        if let passed {
            run.streak = run.last == passed ? run.streak + 1 : 1
            run.last = passed
        }
        let isSettled =
            passed.map { run.streak >= ($0 ? run.spec.successThreshold : run.spec.failureThreshold) } ?? false
        if let passed, isSettled { run.isDone = key.kind == .startup || key.kind == .liveness && !passed }
        if !run.isDone {
            // A check that took longer than the period is followed by the next at once; the beat stays the same.
            run.due += run.spec.period * max(1, (now - run.due) / run.spec.period)
            actions.append(.wake(key, serial: serial, at: run.due))
        }
        runs[key] = run
        if let passed, isSettled { actions += settle(key, container, id, passed, now) }
        return actions
    }

    private mutating func settle(
        _ key: Key, _ container: ProbeFacts.Container, _ id: String, _ passed: Bool, _ now: Int64
    ) -> [Action] {
        switch (key.kind, passed) {
        case (.startup, true): return started(key.container, id, now) + [.tell(.changed)]
        case (.readiness, true): return results.readyIDs.insert(id).inserted ? [.tell(.changed)] : []
        case (.readiness, false): return results.readyIDs.remove(id) != nil ? [.tell(.changed)] : []
        case (.liveness, true): return []
        case (.liveness, false), (.startup, false):
            let grace = runs[key]?.spec.gracePeriodSeconds
            results.unhealthy[id] = ProbeResults.Unhealthy(kind: key.kind, gracePeriodSeconds: grace)
            let message = "Container \(key.container) failed \(key.kind.word) probe"
            return [
                .event(
                    .normal, reason: "Killing", message: container.restarts ? "\(message), will be restarted" : message,
                    fieldPath: container.fieldPath),
                .tell(
                    .unhealthy(
                        container: key.container, containerID: id, gracePeriodSeconds: grace, kind: key.kind)),
            ]
        }
    }

    private mutating func count(_ key: Key, _ outcome: ProbeOutcome) {
        switch outcome {
        case .success, .warning: counted[key]?.successful += 1
        case .failure: counted[key]?.failed += 1
        case .error: counted[key]?.unknown += 1
        }
    }
}

/// How many events about probes a pod may cause: 25 at once and one more every five minutes, a kubelet's own limit.
struct EventAllowance: Sendable {
    private var left = 25.0
    private var counted: Int64 = 0

    mutating func take(now: Int64) -> Bool {
        left = min(25, left + Double(max(0, now - counted)) / 300e9)
        counted = now
        guard left >= 1 else { return false }
        left -= 1
        return true
    }
}
