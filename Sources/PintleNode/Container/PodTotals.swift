internal import PintleObjects

/// What a pod asks for and may use in all, as kubelet sums it for the pod's cgroup.
///
/// Containers and sidecars run together and add up; an ordinary init container runs with the sidecars before it only,
/// so the larger of both counts. What the pod says for itself overrides, overhead comes on top.
struct PodTotals: Sendable {
    private(set) var requests: [String: Quantity]
    /// Processor and memory only if every container limits them.
    private(set) var limits: [String: Quantity]

    init(_ spec: JSON) {
        requests = Self.sum(spec) { $0["requests"] }
        limits = Self.sum(spec) { $0["limits"] }
        let all = (spec["containers"].array ?? []) + (spec["initContainers"].array ?? [])
        for name in ["cpu", "memory"]
        where all.contains(where: { (Quantity($0["resources"]["limits"][name])?.isZero ?? true) }) {
            limits[name] = nil
        }
        for (name, value) in spec["resources"]["requests"].object?.members ?? [] { requests[name] = Quantity(value) }
        for (name, value) in spec["resources"]["limits"].object?.members ?? [] { limits[name] = Quantity(value) }
        for (name, value) in spec["overhead"].object?.members ?? [] {
            guard let extra = Quantity(value) else { continue }
            requests[name] = requests[name].map { $0 + extra } ?? extra
            if let limit = limits[name] { limits[name] = limit + extra }
        }
    }

    private static func sum(_ spec: JSON, _ list: (JSON) -> JSON) -> [String: Quantity] {
        var running: [String: Quantity] = [:], sidecars: [String: Quantity] = [:], initial: [String: Quantity] = [:]
        for container in spec["containers"].array ?? [] { add(list(container["resources"]), to: &running) }
        for container in spec["initContainers"].array ?? [] {
            let amounts = list(container["resources"])
            if container["restartPolicy"].string == "Always" {
                add(amounts, to: &running)
                add(amounts, to: &sidecars)
                raise(&initial, to: sidecars)
            } else {
                var together = sidecars
                add(amounts, to: &together)
                raise(&initial, to: together)
            }
        }
        raise(&running, to: initial)
        return running
    }

    private static func add(_ list: JSON, to total: inout [String: Quantity]) {
        for (name, value) in list.object?.members ?? [] {
            if let amount = Quantity(value) { total[name] = total[name].map { $0 + amount } ?? amount }
        }
    }

    private static func raise(_ total: inout [String: Quantity], to other: [String: Quantity]) {
        for (name, amount) in other { total[name] = max(total[name] ?? amount, amount) }
    }
}
