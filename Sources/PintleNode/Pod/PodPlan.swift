internal import PintleInterfaces
internal import PintleObjects

/// What to do next for a pod that is not being deleted: a decision without I/O.
///
/// It follows the order of Kubernetes: init containers one after the other, each to its end; side-cars in their turn, each
/// until it has started; then the main containers. With a new sandbox all of it starts again.
struct PodPlan: Sendable, Equatable {
    /// What to do with one container.
    enum Step: Sendable, Equatable {
        /// It runs, it has ended for good, or its turn has not come.
        case keep
        /// Create and start it as this attempt.
        case start(attempt: Int32)
        /// Start it again after this many seconds.
        case wait(Double)
    }

    /// What is known of containers beside what the runtime says.
    struct Facts: Sendable {
        /// By container name.
        var backoffs: [String: Backoff] = [:]
        /// Ids of running containers whose start is not complete: a postStart hook or a startup probe is under way.
        var unstarted: Set<String> = []
        /// Ids of running containers whose postStart hook is under way; the next one waits for it.
        var hooked: Set<String> = []
        /// Seconds since 1970.
        var now: Double = 0
    }

    /// A new sandbox is needed, as this attempt; what the steps say is to be asked again when it is there.
    var newSandbox: Int32?
    /// By container name.
    var steps: [String: Step] = [:]
    /// Every init container has done its part in this sandbox.
    var initialized = false
    /// No container will run again; side-cars may be left to be stopped.
    var finished = false
    /// An init container failed and must not be tried again.
    var initFailed = false

    private let pod: JSON
    private let view: PodView
    private let facts: Facts

    /// Plans from what is wanted and what is.
    init(pod: JSON, view: PodView, facts: Facts) {
        self.pod = pod
        self.view = view
        self.facts = facts
        let all = PodContainer.all(of: pod)
        let mains = all.filter { $0.role == .main }
        for container in all { steps[container.name] = .keep }
        // Once a main container has been in this sandbox, init containers are not looked at any more.
        let begun = view.sandbox != nil && mains.contains { inSandbox($0) != nil }
        let mainsEnded = !mains.isEmpty && mains.allSatisfy { hasEnded($0) }
        initialized = begun || planInit(all.filter(\.comesFirst))
        if initFailed || mainsEnded {
            finished = true
            for name in steps.keys { steps[name] = .keep }
            return
        }
        if begun { planSidecars(all.filter { $0.role == .sidecar }) }
        if initialized { planMains(mains) }
        if view.sandbox != nil {
            for container in all where container.role == .ephemeral && view.current(container.name) == nil {
                steps[container.name] = .start(attempt: 0)
            }
        } else {
            newSandbox = (view.sandboxes.first?.attempt ?? -1) + 1
        }
    }

    static func == (left: PodPlan, right: PodPlan) -> Bool {
        left.newSandbox == right.newSandbox && left.steps == right.steps && left.finished == right.finished
            && left.initialized == right.initialized && left.initFailed == right.initFailed
    }

    private var policy: String { pod["spec"]["restartPolicy"].string ?? "Always" }

    /// The newest container of a name, if it belongs to the sandbox that is ready.
    private func inSandbox(_ container: PodContainer) -> RuntimeContainerStatus? {
        guard let sandbox = view.sandbox, let current = view.current(container.name) else { return nil }
        return current.sandboxId == sandbox.id ? current : nil
    }

    /// Ended for good.
    private func hasEnded(_ container: PodContainer) -> Bool {
        guard let current = view.current(container.name), current.state == .exited else { return false }
        return !container.restarts(after: current.exitCode, podPolicy: policy)
    }

    /// Plans the init containers of a sandbox without main containers; true when all have done their part.
    private mutating func planInit(_ containers: [PodContainer]) -> Bool {
        for (index, container) in containers.enumerated() {
            guard let current = inSandbox(container) else {
                // One that failed for good in an earlier sandbox stays failed.
                if view.sandbox == nil, hasEnded(container), view.current(container.name)?.exitCode != 0 {
                    initFailed = true
                    return false
                }
                steps[container.name] = next(container)
                return false
            }
            switch current.state {
            case .running:
                guard container.role == .sidecar, !facts.unstarted.contains(current.id) else { return false }
            case .exited where container.role == .initial && current.exitCode == 0: continue
            case .exited:
                guard container.restarts(after: current.exitCode, podPolicy: policy) else {
                    initFailed = true
                    return false
                }
                steps[container.name] = next(container)
                // A side-car that others have started after runs again beside them.
                let passed = containers[(index + 1)...].contains { inSandbox($0) != nil }
                guard container.role == .sidecar, passed else { return false }
            default:
                steps[container.name] = next(container)
                return false
            }
        }
        return true
    }

    private mutating func planSidecars(_ sidecars: [PodContainer]) {
        for sidecar in sidecars where inSandbox(sidecar)?.state != .running { steps[sidecar.name] = next(sidecar) }
    }

    private mutating func planMains(_ mains: [PodContainer]) {
        for container in mains {
            let current = inSandbox(container)
            if let current, current.state == .running {
                if facts.hooked.contains(current.id) { return }
                continue
            }
            if hasEnded(container) { continue }
            steps[container.name] = next(container)
        }
    }

    /// The step that brings a container up, for one that does not run in this sandbox.
    private func next(_ container: PodContainer) -> Step {
        guard let current = view.current(container.name) else { return .start(attempt: 0) }
        guard inSandbox(container) != nil else { return .start(attempt: current.attempt + 1) }
        if current.state == .created { return .start(attempt: current.attempt) }
        let ended = Double(current.finishedAtNs) / 1e9
        if let left = facts.backoffs[container.name]?.remaining(since: ended, now: facts.now) { return .wait(left) }
        return .start(attempt: current.attempt + 1)
    }
}
