internal import PintleInterfaces
internal import PintleObjects

/// What to do next for a pod that is not being deleted: a decision without I/O.
struct PodPlan: Sendable, Equatable {
    /// What to do with one container.
    enum Step: Sendable, Equatable {
        /// It runs, or it has ended for good.
        case keep
        /// Create and start it as this attempt.
        case start(attempt: Int32)
        /// Start it again after this many seconds.
        case wait(Double)
    }

    /// A new sandbox is needed, as this attempt.
    var newSandbox: Int32?
    /// By container name.
    var steps: [String: Step] = [:]
    /// Every container has ended and none will run again.
    var finished = false

    /// Plans from what is wanted and what is.
    ///
    /// - Parameters:
    ///   - pod: What is wanted.
    ///   - view: What is.
    ///   - backoffs: By container name.
    ///   - now: Seconds since 1970.
    init(pod: JSON, view: PodView, backoffs: [String: Backoff], now: Double) {
        let policy = pod["spec"]["restartPolicy"].string ?? "Always"
        let containers = pod["spec"]["containers"].array ?? []
        for container in containers {
            let name = container["name"].string ?? ""
            steps[name] = Self.step(policy, view.current(name), backoffs[name], now)
        }
        finished =
            !containers.isEmpty && steps.values.allSatisfy { $0 == .keep }
            && containers.allSatisfy { view.current($0["name"].string ?? "")?.state == .exited }
        if !finished, view.sandbox == nil {
            newSandbox = (view.sandboxes.first?.attempt ?? -1) + 1
            // What ran in the old sandbox is gone with it.
            for container in containers {
                let name = container["name"].string ?? ""
                if steps[name] == .keep, let current = view.current(name), current.state != .exited {
                    steps[name] = .start(attempt: current.attempt + 1)
                }
            }
        }
    }

    private static func step(
        _ policy: String, _ current: RuntimeContainerStatus?, _ backoff: Backoff?, _ now: Double
    ) -> Step {
        guard let current else { return .start(attempt: 0) }
        switch current.state {
        case .running: return .keep
        case .created: return .start(attempt: current.attempt)
        default: break
        }
        let again = policy == "Always" || (policy == "OnFailure" && current.exitCode != 0)
        guard again else { return .keep }
        let ended = Double(current.finishedAtNs) / 1e9
        if let left = backoff?.remaining(since: ended, now: now) { return .wait(left) }
        return .start(attempt: current.attempt + 1)
    }
}
