import PintleObjects

/// What may change in a pod's status.
enum PodStatusRules {
    static func validate(_ new: JSON, old: JSON) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        errors.append(PodAnnotationRules.validateUpdate(new, old: old))
        checkConditions(new["status"]["conditions"], FieldPath.metadata.child("conditions"), &errors)
        let before = old["status"]
        let after = new["status"]
        let nominated = after["nominatedNodeName"].text
        if nominated.isEmpty == false, nominated != before["nominatedNodeName"].text {
            errors.invalid(
                .status.child("nominatedNodeName"), nominated, each: NameRules.dns1123Subdomain(nominated))
        }
        errors.immutable(.status.child("qosClass"), new: after["qosClass"], old: before["qosClass"])
        checkStates(after, before, spec: old["spec"], &errors)
        checkClaims(after["resourceClaimStatuses"], spec: new["spec"], &errors)
        checkAddresses(after["podIPs"], .status.child("podIPs"), &errors)
        if let first = after["hostIPs"][0]["ip"].string {
            if first != after["hostIP"].text {
                errors.invalid(.status.child("hostIPs")[0].child("ip"), .string(first), "must be equal to `hostIP`")
            }
            checkAddresses(after["hostIPs"], .status.child("hostIPs"), &errors)
        }
        return errors.all
    }

    private static func checkConditions(_ conditions: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        for (index, condition) in conditions.items.enumerated() {
            let type = condition["type"].text
            if ["PodScheduled", "Ready", "Initialized"].contains(type) { continue }
            errors.invalid(path[index].child("Type"), type, each: NameRules.qualifiedName(type))
        }
    }

    /// A container that has ended for good doesn't come back.
    private static func checkStates(_ new: JSON, _ old: JSON, spec: JSON, _ errors: inout FieldErrors) {
        let policy = spec["restartPolicy"].text
        for list in ["containerStatuses", "initContainerStatuses", "ephemeralContainerStatuses"] {
            let podPolicy = list == "ephemeralContainerStatuses" ? "Never" : policy
            let containers = spec[list == "initContainerStatuses" ? "initContainers" : "containers"].items
            for (index, status) in old[list].items.enumerated() {
                let name = status["name"].text
                let container = containers.first { $0["name"].text == name } ?? .null
                guard mayRestart(status, container, podPolicy) == false else { continue }
                for after in new[list].items where after["name"].text == name && after["state"]["terminated"].isNull {
                    errors.forbidden(
                        .status.child(list)[index].child("state"),
                        "may not be transitioned to non-terminated state")
                }
            }
        }
    }

    private static func mayRestart(_ status: JSON, _ container: JSON, _ podPolicy: String) -> Bool {
        let ended = status["state"]["terminated"]
        if ended.isNull || container["restartPolicyRules"].isAbsentOrEmpty == false { return true }
        switch container["restartPolicy"].string ?? podPolicy {
        case "Always": return true
        case "OnFailure": return ended["exitCode"].int != 0
        default: return false
        }
    }

    private static func checkClaims(_ statuses: JSON, spec: JSON, _ errors: inout FieldErrors) {
        let known = spec["resourceClaims"].items.map { $0["name"].text }
        var seen: Set<String> = []
        for (index, status) in statuses.items.enumerated() {
            let path = FieldPath.status.child("resourceClaimStatuses")[index].child("name")
            let name = status["name"].text
            if known.contains(name) == false {
                errors.invalid(path, .string(name), "must match the name of an entry in `spec.resourceClaims`")
            }
            if seen.insert(name).inserted == false { errors.duplicate(path, .string(name)) }
            if let claim = status["resourceClaimName"].string {
                errors.invalid(path, claim, each: NameRules.dns1123Subdomain(claim))
            }
        }
    }

    /// At most one address of each family.
    private static func checkAddresses(_ list: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        let addresses = list.items.map { $0["ip"].text }
        for (index, address) in addresses.enumerated() { errors.address(path[index], address) }
        guard addresses.count > 1 else { return }
        let families = Set(addresses.compactMap { IPAddress($0)?.family })
        if families.count < 2 || addresses.count > 2 {
            errors.invalid(path, list, "may specify no more than one IP for each IP family")
        }
        for (index, address) in addresses.enumerated() where addresses[..<index].contains(address) {
            errors.duplicate(path[index], list[index])
        }
    }
}
