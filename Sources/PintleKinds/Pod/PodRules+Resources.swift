import PintleObjects

extension PodRules {
    /// Limits and requests of a container.
    mutating func checkResources(_ resources: JSON, _ path: FieldPath) {
        let limits = resources["limits"]
        let requests = resources["requests"]
        for (name, value) in limits.entries { checkResource(name, value, path.child("limits").key(name)) }
        for (name, value) in requests.entries {
            checkResource(name, value, path.child("requests").key(name))
            checkRequest(name, value, limit: limits[name], path)
        }
        let names = limits.entries.map(\.key) + requests.entries.map(\.key)
        if names.contains(where: ResourceName.isHugePages),
            names.contains(where: { $0 == "cpu" || $0 == "memory" }) == false
        {
            errors.forbidden(path, "HugePages require cpu or memory")
        }
        checkClaims(resources["claims"], path.child("claims"))
    }

    private mutating func checkResource(_ name: String, _ value: JSON, _ path: FieldPath) {
        let problems = NameRules.qualifiedName(name)
        errors.invalid(path, name, each: problems)
        if name.contains("/") {
            if name.contains("kubernetes.io/") == false, ResourceName.isExtended(name) == false {
                errors.invalid(path, .string(name), "doesn't follow extended resource name standard")
            }
        } else if ["cpu", "memory", "ephemeral-storage"].contains(name) == false,
            ResourceName.isHugePages(name) == false
        {
            if problems.isEmpty, ResourceName.standard.contains(name) == false {
                errors.invalid(path, .string(name), "must be a standard resource type or fully qualified")
            }
            errors.invalid(path, .string(name), "must be a standard resource for containers")
        }
        guard let quantity = Quantity(value) else { return }
        if quantity < .nothing {
            errors.invalid(path, .string(quantity.text), "must be greater than or equal to 0")
        }
        if ResourceName.isCounted(name), quantity.nanos % 1_000_000_000 != 0 {
            errors.invalid(path, .string(quantity.text), "must be an integer")
        }
        if let size = ResourceName.hugePageSize(name), size.nanos > 0, quantity.nanos % size.nanos != 0 {
            errors.invalid(
                path, .string(quantity.text), "\(quantity.text) is not positive integer multiple of \(name)")
        }
    }

    private mutating func checkRequest(_ name: String, _ value: JSON, limit: JSON, _ path: FieldPath) {
        guard let request = Quantity(value) else { return }
        let exact = ResourceName.isNative(name) == false || ResourceName.isHugePages(name)
        if let limit = Quantity(limit) {
            if exact, request != limit {
                errors.invalid(
                    path.child("requests"), .string(request.text), "must be equal to \(name) limit of \(limit.text)")
            } else if request > limit {
                errors.invalid(
                    path.child("requests"), .string(request.text),
                    "must be less than or equal to \(name) limit of \(limit.text)")
            }
        } else if exact {
            errors.required(path.child("limits"), "Limit must be set for non overcommitable resources")
        }
    }

    private mutating func checkClaims(_ list: JSON, _ path: FieldPath) {
        var names: Set<String> = []
        for (index, claim) in list.items.enumerated() {
            let name = claim["name"].text
            let request = claim["request"].text
            guard errors.require(path[index], name) else { continue }
            if names.insert("\(name)/\(request)").inserted == false { errors.duplicate(path[index], .string(name)) }
            if claims.contains(name) == false { errors.notFound(path[index], name) }
        }
    }

    mutating func checkResourceClaims(_ path: FieldPath) {
        var names: Set<String> = []
        for (index, claim) in spec["resourceClaims"].items.enumerated() {
            let path = path[index]
            let name = claim["name"].text
            if errors.require(path.child("name"), name) {
                if names.insert(name).inserted {
                    errors.invalid(path.child("name"), name, each: NameRules.dns1123Label(name))
                } else {
                    errors.duplicate(path.child("name"), .string(name))
                }
            }
            let sources = ["resourceClaimName", "resourceClaimTemplateName"].filter { claim[$0].isSet }
            if sources.count > 1 {
                errors.invalid(
                    path, claim, "at most one of `resourceClaimName` or `resourceClaimTemplateName` may be specified")
            } else if sources.isEmpty {
                errors.invalid(
                    path, claim, "must specify one of: `resourceClaimName`, `resourceClaimTemplateName`")
            }
            for source in sources {
                errors.invalid(
                    path.child(source), claim[source].text, each: NameRules.dns1123Subdomain(claim[source].text))
            }
        }
    }

    /// Limits and requests of the pod as a whole.
    mutating func checkPodResources(_ path: FieldPath) {
        let resources = spec["resources"]
        guard resources.isSet else { return }
        if resources["claims"].isSet {
            errors.forbidden(path.child("claims"), "claims cannot be set for Resources at pod-level")
        }
        for list in ["limits", "requests"] {
            for (name, value) in resources[list].entries {
                let path = path.child(list).key(name)
                if name != "cpu", name != "memory", ResourceName.isHugePages(name) == false {
                    errors.notSupported(path, name, ["cpu", "hugepages-", "memory"])
                } else {
                    checkResource(name, value, path)
                    if list == "requests" {
                        checkRequest(name, value, limit: resources["limits"][name], .spec.child("resources"))
                    }
                }
            }
        }
        let requests = PodResources.containerRequests(of: spec)
        for (name, sum) in requests.sorted(by: { $0.key < $1.key }) where name == "cpu" || name == "memory" {
            let whole = Quantity(resources["requests"][name]) ?? .nothing
            if sum > whole {
                errors.invalid(
                    path.child("requests").key(name), .string(whole.text),
                    "must be greater than or equal to aggregate container requests of \(sum.text)")
            }
        }
        for (index, container) in spec["containers"].items.enumerated() {
            for (name, value) in container["resources"]["limits"].entries {
                guard let limit = Quantity(value), let whole = Quantity(resources["limits"][name]), limit > whole
                else { continue }
                errors.invalid(
                    path.child("containers")[index].key(name).child("limits"), .string(limit.text),
                    "must be less than or equal to pod limits of \(whole.text)")
            }
        }
    }

    mutating func checkResizePolicy(_ policies: JSON, _ path: FieldPath) {
        var seen: Set<String> = []
        for (index, policy) in policies.items.enumerated() {
            let name = policy["resourceName"].text
            let restart = policy["restartPolicy"].text
            if seen.insert(name).inserted == false { errors.duplicate(path[index], .string(name)) }
            errors.oneOf(path, name, ["cpu", "memory"])
            errors.oneOf(path, restart, ["NotRequired", "RestartContainer"])
            if restartPolicy == "Never", restart != "NotRequired" {
                errors.invalid(
                    path, .string(restart), "must be 'NotRequired' when `restartPolicy` is 'Never'")
            }
        }
    }
}

/// What the name of a resource says about it.
enum ResourceName {
    /// Names without a domain that mean something somewhere in the API.
    static let standard: Set<String> = [
        "cpu", "memory", "ephemeral-storage", "requests.cpu", "requests.memory", "requests.ephemeral-storage",
        "limits.cpu", "limits.memory", "limits.ephemeral-storage", "pods", "resourcequotas", "services",
        "replicationcontrollers", "secrets", "configmaps", "persistentvolumeclaims", "storage", "requests.storage",
        "services.nodeports", "services.loadbalancers",
    ]

    static func isHugePages(_ name: String) -> Bool { name.hasPrefix("hugepages-") }

    /// The page size in the name, or nil.
    static func hugePageSize(_ name: String) -> Quantity? {
        isHugePages(name) ? Quantity(String(name.dropFirst("hugepages-".count))) : nil
    }

    static func isNative(_ name: String) -> Bool { name.contains("/") == false || name.contains("kubernetes.io/") }

    /// Whether a device plugin or an administrator may offer it: a domain of its own, no `requests.` before it.
    static func isExtended(_ name: String) -> Bool {
        if isNative(name) || name.hasPrefix("requests.") { return false }
        return NameRules.qualifiedName("requests.\(name)").isEmpty
    }

    /// Whether only whole numbers make sense.
    static func isCounted(_ name: String) -> Bool {
        isExtended(name)
            || [
                "pods", "services", "replicationcontrollers", "resourcequotas", "secrets", "configmaps",
                "persistentvolumeclaims", "services.nodeports", "services.loadbalancers",
            ].contains(name)
    }
}
