/// What the probes of a pod have found so far.
struct ProbeResults: Sendable, Equatable {
    /// A container that must be killed and restarted as the pod's policy says.
    struct Unhealthy: Sendable, Hashable {
        /// Which probe says so: liveness or startup.
        var kind: ProbeKind
        /// The probe's own grace period; nil means the pod's.
        var gracePeriodSeconds: Int64?
    }

    /// Names of containers that have a startup probe.
    var withStartup: Set<String> = []
    /// Names of containers that have a readiness probe.
    var withReadiness: Set<String> = []
    /// Ids of containers whose startup probe has succeeded.
    var startedIDs: Set<String> = []
    /// Ids of containers whose readiness probe succeeds.
    var readyIDs: Set<String> = []
    /// By container id; stays until the container has ended.
    var unhealthy: [String: Unhealthy] = [:]

    /// Whether a container that runs has started: it has no startup probe, or that has succeeded.
    func started(_ container: String, _ containerID: String) -> Bool {
        !withStartup.contains(container) || startedIDs.contains(containerID)
    }

    /// Whether a container that runs is ready: it has started, and has no readiness probe or that succeeds.
    func ready(_ container: String, _ containerID: String) -> Bool {
        started(container, containerID) && (!withReadiness.contains(container) || readyIDs.contains(containerID))
    }
}

/// What a pod's worker must know of its probes.
enum ProbeEvent: Sendable, Hashable {
    /// Readiness or startup changed: the status must be computed again.
    case changed
    /// The container must be killed, and restarted as the pod's policy says.
    ///
    /// `gracePeriodSeconds` is the probe's own; nil means the pod's. The event `Killing` has been recorded.
    case unhealthy(container: String, containerID: String, gracePeriodSeconds: Int64?, kind: ProbeKind)
}
