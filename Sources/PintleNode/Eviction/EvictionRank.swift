internal import PintleKinds
internal import PintleNodePolicy
internal import PintleObjects

/// A pod that runs, with what it uses.
struct EvictionCandidate: Sendable {
    let pod: JSON
    let usage: PodUsage

    var uid: String { pod["metadata"]["uid"].string ?? "" }
    var priority: Int64 { pod["spec"]["priority"].int ?? 0 }

    func request(_ resource: String) -> Int64 { PodResources.requests(of: pod["spec"])[resource]?.value ?? 0 }
}

/// Who is evicted first: Kubernetes' order for each resource.
enum EvictionRank {
    /// The candidates, the first to go first; critical pods are left out.
    static func order(_ candidates: [EvictionCandidate], for signal: EvictionThreshold.Signal) -> [EvictionCandidate] {
        let all = candidates.filter { !AdmittedPod.isCritical($0.pod) }
        switch signal {
        case .memoryAvailable:
            return sort(all, resource: "memory") { $0.totalMemory }
        case .pidAvailable:
            return all.sorted {
                $0.priority == $1.priority ? $0.usage.processes > $1.usage.processes : $0.priority < $1.priority
            }
        case .nodefsInodesFree, .imagefsInodesFree, .containerfsInodesFree:
            return all.sorted {
                $0.priority == $1.priority ? $0.usage.totalInodes > $1.usage.totalInodes : $0.priority < $1.priority
            }
        default:
            return sort(all, resource: "ephemeral-storage") { $0.totalDisk }
        }
    }

    /// Those above their requests first, then by priority, then by how far they are above.
    private static func sort(
        _ candidates: [EvictionCandidate], resource: String, _ used: (PodUsage) -> Int64
    ) -> [EvictionCandidate] {
        candidates.map { ($0, used($0.usage) - $0.request(resource)) }
            .sorted { first, second in
                if (first.1 > 0) != (second.1 > 0) { return first.1 > 0 }
                if first.0.priority != second.0.priority { return first.0.priority < second.0.priority }
                return first.1 > second.1
            }
            .map(\.0)
    }
}
