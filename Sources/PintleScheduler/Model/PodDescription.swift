import PintleClient
import PintleKinds
import PintleObjects

/// What placing a pod needs to know about it; equal as long as nothing of that changes.
struct PodDescription: Sendable, Equatable {
    let name: ObjectName
    let uid: String
    /// The node that it's bound to, or empty.
    let node: String
    let labels: JSON
    let priority: Int64
    /// What it occupies for good.
    let requests: Amounts
    let ports: [HostPort]
    let tolerations: [Toleration]
    let nodeLabels: [String: String]
    let requiredNodes: NodeChoice?
    let preferredNodes: [NodePreference]
    let neighbours: PodNeighbours
    /// Whether this scheduler is to find a node for it now.
    let isWaiting: Bool
    /// Whether it has ended, so that it occupies nothing.
    let hasEnded: Bool

    /// Reads a pod; `scheduler` is the value of `spec.schedulerName` that is ours.
    init(_ pod: JSON, scheduler: String) {
        let spec = pod["spec"]
        name = ObjectName(of: pod)
        uid = pod["metadata"]["uid"].string ?? ""
        node = spec["nodeName"].string ?? ""
        labels = pod["metadata"]["labels"]
        priority = spec["priority"].int ?? 0
        requests = Amounts(PodResources.requests(of: spec))
        ports = HostPort.all(of: spec)
        tolerations = (spec["tolerations"].array ?? []).map(Toleration.init)
        nodeLabels = spec["nodeSelector"].texts
        let affinity = spec["affinity"]["nodeAffinity"]
        let required = affinity["requiredDuringSchedulingIgnoredDuringExecution"]
        requiredNodes = required.isNull ? nil : NodeChoice(required)
        preferredNodes = (affinity["preferredDuringSchedulingIgnoredDuringExecution"].array ?? []).map(
            NodePreference.init)
        neighbours = PodNeighbours(spec, namespace: name.namespace)
        let phase = pod["status"]["phase"].string
        hasEnded = phase == "Succeeded" || phase == "Failed"
        isWaiting =
            node.isEmpty && hasEnded == false && pod["metadata"]["deletionTimestamp"].isNull
            && spec["schedulerName"].string == scheduler && (spec["schedulingGates"].array ?? []).isEmpty
    }
}
