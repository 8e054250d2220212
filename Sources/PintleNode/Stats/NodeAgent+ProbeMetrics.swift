internal import PintleObjects

extension NodeAgent {
    /// The body of `/metrics/probes`: how the checks of every pod's probes ended so far.
    package func probeMetrics() async -> String {
        var pods: [(PodIdentity, [ProbeCount])] = []
        for worker in allWorkers {
            if let counts = await worker.probes?.counts, !counts.isEmpty { pods.append((worker.identity, counts)) }
        }
        return Self.probeMetrics(pods)
    }

    static func probeMetrics(_ pods: [(PodIdentity, [ProbeCount])]) -> String {
        var text = MetricText()
        text.begin(
            "prober_probe_total", .counter,
            "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.")
        for (identity, counts) in pods.sorted(by: { ($0.0.namespace, $0.0.name) < ($1.0.namespace, $1.0.name) }) {
            for count in counts.sorted(by: { ($0.container, $0.kind.rawValue) < ($1.container, $1.kind.rawValue) }) {
                let results = [("failed", count.failed), ("successful", count.successful), ("unknown", count.unknown)]
                for (result, number) in results where number > 0 {
                    text.add(
                        [
                            ("container", count.container), ("namespace", identity.namespace), ("pod", identity.name),
                            ("pod_uid", identity.uid), ("probe_type", count.kind.rawValue), ("result", result),
                        ], UInt64(number))
                }
            }
        }
        return text.text
    }
}
