internal import PintleNodePolicy
internal import PintleObjects

/// Why a pod was evicted, in the kubelet's words.
enum EvictionMessage {
    /// For a threshold of the node.
    static func make(
        _ candidate: EvictionCandidate, _ threshold: EvictionThreshold, _ observed: Observation?
    ) -> String {
        let resource = resource(threshold.signal)
        var message = "The node was low on resource: \(resource). "
        if let observed {
            let isBytes = resource == "memory" || resource == "ephemeral-storage"
            func text(_ amount: Int64) -> String { Quantity(amount, format: isBytes ? .binary : .decimal).text }
            message +=
                "Threshold quantity: \(text(threshold.amount.of(observed.capacity))), available: \(text(observed.available)). "
        }
        for container in candidate.pod["spec"]["containers"].array ?? [] {
            let name = container["name"].string ?? ""
            let used: Int64
            switch resource {
            case "memory": used = candidate.usage.memory[name] ?? 0
            case "ephemeral-storage": used = candidate.usage.disk[name] ?? 0
            default: continue
            }
            let request = Quantity(container["resources"]["requests"][resource])
            guard used > request?.value ?? 0 else { continue }
            message +=
                "Container \(name) was using \(Quantity(used, format: .binary).text), request is \(request?.text ?? "0"), has larger consumption of \(resource). "
        }
        return message
    }

    /// The resource that a signal is about.
    static func resource(_ signal: EvictionThreshold.Signal) -> String {
        switch signal {
        case .memoryAvailable: "memory"
        case .pidAvailable: "pids"
        case .nodefsInodesFree, .imagefsInodesFree, .containerfsInodesFree: "inodes"
        default: "ephemeral-storage"
        }
    }
}
