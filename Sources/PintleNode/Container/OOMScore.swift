internal import PintleObjects

/// Who is killed first when the node's memory is short: kubelet's `oom_score_adj`.
enum OOMScore {
    static let guaranteed: Int64 = -997
    static let bestEffort: Int64 = 1000
    /// Priority of pods that the node can't do without.
    private static let nodeCritical: Int64 = 2_000_001_000

    /// The adjustment of one container: the less of the node's memory it asks for, the sooner it goes.
    ///
    /// - Parameters:
    ///   - container: From the spec of `pod`.
    ///   - pod: The container's pod.
    ///   - memoryCapacity: The node's, bytes.
    /// - Returns: From -997, the last to go, to 1000.
    static func adjustment(_ container: JSON, pod: JSON, memoryCapacity: Int64) -> Int64 {
        let spec = pod["spec"]
        if let priority = spec["priority"].int, priority >= nodeCritical { return guaranteed }
        switch ContainerResources.qos(pod) {
        case "Guaranteed": return guaranteed
        case "BestEffort": return bestEffort
        default: break
        }
        guard memoryCapacity > 0 else { return bestEffort - 1 }
        let regular = spec["containers"].array ?? []
        let spare = spareRequest(spec)
        func score(_ request: Int128) -> Int128 { 1000 - 1000 * (request + spare) / Int128(memoryCapacity) }
        var result = score(request(container))
        // A sidecar lives no shorter than the containers that it serves.
        if container["restartPolicy"].string == "Always", let least = regular.map({ request($0) }).min(),
            (spec["initContainers"].array ?? []).contains(where: { $0["name"] == container["name"] })
        {
            result = min(result, score(least))
        }
        return Int64(clamping: min(max(result, Int128(1000 + guaranteed)), Int128(bestEffort - 1)))
    }

    /// What the pod as a whole asks for beyond its containers, shared among them.
    private static func spareRequest(_ spec: JSON) -> Int128 {
        guard let whole = ContainerResources.bytes(spec["resources"]["requests"]["memory"]) else { return 0 }
        let sidecars = (spec["initContainers"].array ?? []).filter { $0["restartPolicy"].string == "Always" }
        let all = (spec["containers"].array ?? []) + sidecars
        let asked = all.reduce(Int128(0)) { $0 + request($1) }
        return all.isEmpty ? 0 : max(0, Int128(whole) - asked) / Int128(all.count)
    }

    private static func request(_ container: JSON) -> Int128 {
        let resources = container["resources"]
        let amount =
            ContainerResources.bytes(resources["requests"]["memory"])
            ?? ContainerResources.bytes(resources["limits"]["memory"]) ?? 0
        return Int128(max(0, amount))
    }
}
