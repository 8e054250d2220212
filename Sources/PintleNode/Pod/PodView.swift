internal import PintleInterfaces
internal import PintleObjects

/// What exists of one pod on the node, as the runtime told.
struct PodView: Sendable {
    /// Newest first.
    var sandboxes: [RuntimeSandboxStatus] = []
    /// By container name, newest first.
    var containers: [String: [RuntimeContainerStatus]] = [:]

    init() {}

    init(sandboxes: [RuntimeSandboxStatus], containers: [RuntimeContainerStatus]) {
        self.sandboxes = sandboxes.sorted { $0.attempt > $1.attempt }
        for container in containers { self.containers[container.name, default: []].append(container) }
        for name in self.containers.keys { self.containers[name]?.sort { $0.attempt > $1.attempt } }
    }

    /// The sandbox that can take containers.
    var sandbox: RuntimeSandboxStatus? { sandboxes.first.flatMap { $0.state == .ready ? $0 : nil } }

    /// The newest container of a name.
    func current(_ name: String) -> RuntimeContainerStatus? { containers[name]?.first }

    /// The one before it.
    func previous(_ name: String) -> RuntimeContainerStatus? { containers[name].flatMap { $0.count > 1 ? $0[1] : nil } }

    var running: [RuntimeContainerStatus] { containers.values.compactMap(\.first).filter { $0.state == .running } }

    /// Takes in what was heard of a container.
    ///
    /// Its state only moves forward, so what is older than what is known, such as the answer of a start that an exit has
    /// overtaken, changes nothing.
    mutating func put(_ container: RuntimeContainerStatus) {
        var list = containers[container.name] ?? []
        if let known = list.first(where: { $0.id == container.id }), known.state.rawValue > container.state.rawValue,
            known.state != .unknown
        {
            return
        }
        list.removeAll { $0.id == container.id }
        list.append(container)
        list.sort { $0.attempt > $1.attempt }
        containers[container.name] = list
    }

    /// This view, but with what `earlier` knows better: containers that were seen to go further than here.
    func merging(_ earlier: PodView) -> PodView {
        var merged = self
        for known in earlier.containers.values.flatMap({ $0 }) {
            guard let found = containers[known.name]?.first(where: { $0.id == known.id }),
                known.state.rawValue > found.state.rawValue
            else { continue }
            merged.put(known)
        }
        return merged
    }

    mutating func remove(container id: String) {
        for name in containers.keys { containers[name]?.removeAll { $0.id == id } }
        containers = containers.filter { !$0.value.isEmpty }
    }

    mutating func put(_ sandbox: RuntimeSandboxStatus) {
        sandboxes.removeAll { $0.id == sandbox.id }
        sandboxes.append(sandbox)
        sandboxes.sort { $0.attempt > $1.attempt }
    }
}
