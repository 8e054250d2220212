internal import PintleInterfaces
internal import PintleObjects

/// What probes mean for the pod.
extension PodWorker {
    private static let probeFields = ["livenessProbe", "readinessProbe", "startupProbe"]

    /// Makes the probes match what runs, and ends containers that they found unhealthy.
    func followProbes() {
        if probes == nil {
            let isProbed = PodContainer.all(of: pod).contains { container in
                Self.probeFields.contains { !container.spec[$0].isNull }
            }
            guard isProbed else { return }
            probes = PodProbes(context: context) { [weak self] _ in
                Task { [weak self] in await self?.signal() }
            }
        }
        probes?.update(pod: pod, view: view, podIPs: podIPs)
        guard let unhealthy = probes?.results.unhealthy, !unhealthy.isEmpty else { return }
        for container in view.running {
            guard let verdict = unhealthy[container.id] else { continue }
            endOne(container, grace: verdict.gracePeriodSeconds ?? ownGrace, message: nil)
        }
    }

    /// What is known of containers beside what the runtime says.
    var facts: PodPlan.Facts {
        var unstarted = hooked
        if let results = probes?.results {
            for container in view.running where !results.started(container.name, container.id) {
                unstarted.insert(container.id)
            }
        }
        return PodPlan.Facts(backoffs: backoffs, unstarted: unstarted, hooked: hooked, now: Self.seconds())
    }

    /// Ids of running containers whose readiness probe does not succeed.
    var unready: Set<String> {
        guard let results = probes?.results else { return [] }
        return Set(view.running.filter { !results.ready($0.name, $0.id) }.map(\.id))
    }
}
