public import PintleObjects

/// What a pod asks for and may use, summed over its containers.
public enum PodResources {
    /// The requests that the scheduler reserves for a pod.
    ///
    /// Containers and sidecars run together, so they add up; an ordinary init container runs with the sidecars before
    /// it only, so the larger of both counts. Pod-level requests override what the containers say, overhead comes on top.
    /// `spec` is that of a pod.
    public static func requests(of spec: JSON) -> [String: Quantity] {
        var total = containerRequests(of: spec)
        for (name, quantity) in spec["resources"]["requests"].entries {
            if let quantity = Quantity(quantity) { total[name] = quantity }
        }
        for (name, quantity) in spec["overhead"].entries {
            if let quantity = Quantity(quantity) { total[name] = (total[name] ?? .nothing) + quantity }
        }
        return total
    }

    /// The requests of the containers alone.
    static func containerRequests(of spec: JSON) -> [String: Quantity] {
        var running: [String: Quantity] = [:]
        for container in spec["containers"].items { running.add(container["resources"]["requests"]) }
        var sidecars: [String: Quantity] = [:]
        var initial: [String: Quantity] = [:]
        for container in spec["initContainers"].items {
            let requests = container["resources"]["requests"]
            if container["restartPolicy"].text == "Always" {
                running.add(requests)
                sidecars.add(requests)
                initial.raise(to: sidecars)
            } else {
                var together = sidecars
                together.add(requests)
                initial.raise(to: together)
            }
        }
        running.raise(to: initial)
        return running
    }

    /// `Guaranteed`, `Burstable` or `BestEffort`, from the `spec` of a pod.
    public static func qualityOfService(of spec: JSON) -> String {
        let podLevel = spec["resources"]
        let all =
            podLevel["requests"].isAbsentOrEmpty && podLevel["limits"].isAbsentOrEmpty
            ? (spec["containers"].items + spec["initContainers"].items).map { $0["resources"] } : [podLevel]
        var requests: [String: Quantity] = [:]
        var limits: [String: Quantity] = [:]
        var guaranteed = true
        for resources in all {
            requests.add(resources["requests"], only: ["cpu", "memory"])
            var own: [String: Quantity] = [:]
            own.add(resources["limits"], only: ["cpu", "memory"])
            if own.count < 2 { guaranteed = false }
            for (name, quantity) in own { limits[name] = (limits[name] ?? .nothing) + quantity }
        }
        if requests.isEmpty && limits.isEmpty { return "BestEffort" }
        return guaranteed && requests == limits ? "Guaranteed" : "Burstable"
    }
}

extension [String: Quantity] {
    /// Adds the members of a resource list; members of `only`, if given, that aren't zero.
    mutating func add(_ list: JSON, only names: [String]? = nil) {
        for (name, value) in list.entries {
            guard let quantity = Quantity(value) else { continue }
            if let names, names.contains(name) == false || quantity <= .nothing { continue }
            self[name] = (self[name] ?? .nothing) + quantity
        }
    }

    /// Raises each entry to at least that of `other`.
    mutating func raise(to other: [String: Quantity]) {
        for (name, quantity) in other { self[name] = Swift.max(self[name] ?? quantity, quantity) }
    }
}
