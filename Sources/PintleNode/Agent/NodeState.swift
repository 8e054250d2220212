internal import PintleKinds
internal import PintleObjects
internal import Synchronization

/// A shortage that the node has, as its condition is called.
enum NodePressure: String, Sendable, Hashable, CaseIterable {
    case memory = "MemoryPressure"
    case disk = "DiskPressure"
    case pid = "PIDPressure"

    /// The taint that keeps new pods away meanwhile.
    var taint: String {
        switch self {
        case .memory: "node.kubernetes.io/memory-pressure"
        case .disk: "node.kubernetes.io/disk-pressure"
        case .pid: "node.kubernetes.io/pid-pressure"
        }
    }

    /// The condition as the kubelet words it.
    func condition(_ holds: Bool) -> (reason: String, message: String) {
        switch self {
        case .memory:
            holds
                ? ("KubeletHasInsufficientMemory", "kubelet has insufficient memory available")
                : ("KubeletHasSufficientMemory", "kubelet has sufficient memory available")
        case .disk:
            holds
                ? ("KubeletHasDiskPressure", "kubelet has disk pressure")
                : ("KubeletHasNoDiskPressure", "kubelet has no disk pressure")
        case .pid:
            holds
                ? ("KubeletHasInsufficientPID", "kubelet has insufficient PID available")
                : ("KubeletHasSufficientPID", "kubelet has sufficient PID available")
        }
    }
}

/// What the node agent knows of its own node now; any thread.
final class NodeState: Sendable {
    /// One moment's knowledge.
    struct Facts: Sendable {
        var name: String
        var labels: [String: String]
        var taints: [Taint] = []
        var pressures: Set<NodePressure> = []
        var resources: NodeResources
        /// The machine goes down: no pod is taken any more.
        var isShuttingDown = false
    }

    private let state: Mutex<Facts>
    /// Fires when pressures or the shutdown change; for one reader.
    let changes: AsyncStream<Void>
    private let changed: AsyncStream<Void>.Continuation

    init(_ facts: Facts) {
        state = Mutex(facts)
        (changes, changed) = AsyncStream.makeStream(bufferingPolicy: .bufferingNewest(1))
    }

    var facts: Facts { state.withLock { $0 } }

    /// Takes labels and taints of the Node object.
    func update(node: JSON) {
        let labels = (node["metadata"]["labels"].object?.members ?? []).compactMap { key, value in
            value.string.map { (key, $0) }
        }
        let taints = (node["spec"]["taints"].array ?? []).map { Taint($0) }
        state.withLock { state in
            state.labels = Dictionary(labels, uniquingKeysWith: { $1 })
            state.taints = taints
        }
    }

    /// Takes new pressures; what did not change wakes nobody.
    func update(pressures: Set<NodePressure>) {
        let differs = state.withLock { state in
            defer { state.pressures = pressures }
            return state.pressures != pressures
        }
        if differs { changed.yield() }
    }

    /// No pod is taken from now on.
    func shutDown() {
        state.withLock { $0.isShuttingDown = true }
        changed.yield()
    }
}
