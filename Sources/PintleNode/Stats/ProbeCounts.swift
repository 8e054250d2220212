internal import Synchronization

/// How often probes succeeded and failed, for `/metrics/probes`.
package final class ProbeCounts: Sendable {
    /// What was probed, and with what result.
    package struct Key: Hashable, Sendable, Comparable {
        /// `Liveness`, `Readiness` or `Startup`.
        var type: String
        /// `successful`, `failed` or `unknown`.
        var result: String
        var container: String
        var pod: String
        var namespace: String
        var uid: String

        /// Orders as the metrics are shown.
        package static func < (left: Key, right: Key) -> Bool {
            (left.namespace, left.pod, left.container, left.type, left.result)
                < (right.namespace, right.pod, right.container, right.type, right.result)
        }
    }

    private let counts = Mutex<[Key: UInt64]>([:])

    /// Counts one result of a probe.
    func add(type: String, result: String, container: String, identity: PodIdentity) {
        let key = Key(
            type: type, result: result, container: container, pod: identity.name, namespace: identity.namespace,
            uid: identity.uid)
        counts.withLock { $0[key, default: 0] += 1 }
    }

    /// Forgets a pod that is gone.
    func forget(uid: String) { counts.withLock { counts in counts = counts.filter { $0.key.uid != uid } } }

    /// The body of `/metrics/probes`.
    package func metrics() -> String {
        var text = MetricText()
        text.begin(
            "prober_probe_total", .counter,
            "[BETA] Cumulative number of a liveness, readiness or startup probe for a container by result.")
        for (key, count) in counts.withLock({ $0 }).sorted(by: { $0.key < $1.key }) {
            text.add(
                [
                    ("container", key.container), ("namespace", key.namespace), ("pod", key.pod),
                    ("pod_uid", key.uid), ("probe_type", key.type), ("result", key.result),
                ], count)
        }
        return text.text
    }
}
