internal import PintleInterfaces
internal import PintleObjects

/// What counts for the probes of a pod: its containers that have one, and which of them run.
struct ProbeFacts: Sendable {
    struct Container: Sendable {
        let name: String
        let spec: JSON
        /// Its place in the pod, for events.
        let fieldPath: String
        /// Whether it will be started again when it ends, whatever its exit code.
        let restarts: Bool
        /// nil when it does not run.
        let running: Running?
    }

    struct Running: Sendable {
        let id: String
        /// Nanoseconds since it started, never negative.
        let age: Int64
        /// What the pod's status said of it when the node agent found it, for a container that ran before.
        let wasStarted: Bool
        let wasReady: Bool
    }

    let containers: [Container]
    let isDeleting: Bool
    let podIP: String

    /// Reads them from a pod and what runs of it.
    ///
    /// - Parameters:
    ///   - pod: Spec and status.
    ///   - view: What runs.
    ///   - podIP: The pod's first address; empty while it has none.
    ///   - wallClock: Nanoseconds since 1970.
    init(pod: JSON, view: PodView, podIP: String, wallClock: Int64) {
        let spec = pod["spec"], status = pod["status"]
        let policy = spec["restartPolicy"].string ?? "Always"
        let sidecars = (spec["initContainers"].array ?? []).filter { $0["restartPolicy"].string == "Always" }
        let all =
            sidecars.map { ($0, "spec.initContainers") }
            + (spec["containers"].array ?? []).map { ($0, "spec.containers") }
        containers = all.compactMap { container, list in
            guard ProbeKind.allCases.contains(where: { !container[$0.field].isNull }) else { return nil }
            let name = container["name"].string ?? ""
            var running: Running?
            if let current = view.current(name), current.state == .running {
                let known = ["containerStatuses", "initContainerStatuses"].lazy
                    .flatMap { status[$0].array ?? [] }
                    .first { $0["containerID"].string?.hasSuffix("://\(current.id)") == true }
                running = Running(
                    id: current.id, age: max(0, wallClock - current.startedAtNs),
                    wasStarted: known?["started"].bool == true, wasReady: known?["ready"].bool == true)
            }
            return Container(
                name: name, spec: container, fieldPath: "\(list){\(name)}",
                restarts: (container["restartPolicy"].string ?? policy) != "Never",
                running: running)
        }
        isDeleting = !pod["metadata"]["deletionTimestamp"].isNull
        self.podIP = podIP
    }
}
