internal import PintleNodePolicy

/// Which thresholds are passed, since when, and which of them must be acted upon: decisions without I/O.
///
/// Times are seconds of a clock that only moves forward.
struct EvictionPlan: Sendable {
    let policy: NodePolicy
    private var since: [EvictionThreshold: Double] = [:]
    private var lastSeen: [NodePressure: Double] = [:]

    init(_ policy: NodePolicy) { self.policy = policy }

    /// What one observation means.
    struct Verdict: Sendable, Equatable {
        var pressures: Set<NodePressure> = []
        /// What must be acted upon, the most urgent first.
        var due: [EvictionThreshold] = []
    }

    /// Takes in an observation.
    mutating func judge(_ observed: [EvictionThreshold.Signal: Observation], now: Double) -> Verdict {
        let all = policy.evictionHard + policy.evictionSoft
        let passed = all.filter { threshold in
            guard let found = observed[threshold.signal] else { return false }
            var bound = threshold.amount.of(found.capacity)
            // Once passed, it stays so until the minimum has been won back.
            if since[threshold] != nil { bound += threshold.minimumReclaim.of(found.capacity) }
            return found.available < bound
        }
        since = Dictionary(
            passed.map { ($0, since[$0] ?? now) }, uniquingKeysWith: { $1 })
        for threshold in passed { lastSeen[Self.pressure(threshold.signal)] = now }
        var verdict = Verdict()
        verdict.pressures = Set(lastSeen.filter { now - $0.value < policy.evictionPressureTransitionPeriod }.keys)
            .union(passed.map { Self.pressure($0.signal) })
        verdict.due = passed.filter { now - (since[$0] ?? now) >= $0.gracePeriod }
            .sorted { Self.urgency($0) < Self.urgency($1) }
        return verdict
    }

    /// When, without a change of what is observed, something will be due; nil when never.
    func nextDue(now: Double) -> Double? {
        let soft = since.compactMap { threshold, began -> Double? in
            let left = began + threshold.gracePeriod - now
            return left > 0 ? left : nil
        }
        let ends = lastSeen.values.compactMap { seen -> Double? in
            let left = seen + policy.evictionPressureTransitionPeriod - now
            return left > 0 ? left : nil
        }
        return (soft + ends).min()
    }

    static func pressure(_ signal: EvictionThreshold.Signal) -> NodePressure {
        switch signal {
        case .memoryAvailable: .memory
        case .pidAvailable: .pid
        default: .disk
        }
    }

    private static func urgency(_ threshold: EvictionThreshold) -> String {
        threshold.signal == .memoryAvailable ? "" : threshold.signal.rawValue
    }
}
