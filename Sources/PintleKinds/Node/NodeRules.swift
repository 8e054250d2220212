import PintleObjects

/// The rules about nodes.
enum NodeRules {
    static func check(_ node: JSON, _ errors: inout FieldErrors) {
        checkTaints(node["spec"]["taints"], .spec.child("taints"), &errors)
        let ranges = node["spec"]["podCIDRs"].items.map(\.text)
        let path = FieldPath.spec.child("podCIDRs")
        for (index, range) in ranges.enumerated() where IPAddress(network: range) == nil {
            errors.invalid(
                path[index], .string(range), "must be a valid CIDR value, (e.g. 10.9.8.0/24 or 2001:db8::/64)")
        }
        let families = Set(ranges.compactMap { IPAddress(network: $0)?.family })
        if ranges.count > 2 || (ranges.count == 2 && families.count != 2) {
            errors.invalid(
                path, node["spec"]["podCIDRs"], "may specify no more than one CIDR for each IP family")
        }
        checkAmounts(node["status"], &errors)
    }

    private static func checkTaints(_ taints: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        var seen: Set<String> = []
        for (index, taint) in taints.items.enumerated() {
            let path = path[index]
            let key = taint["key"].text
            let value = taint["value"].text
            let effect = taint["effect"].text
            errors.invalid(path.child("key"), key, each: NameRules.qualifiedName(key))
            let faults = NameRules.labelValue(value)
            if faults.isEmpty == false {
                errors.invalid(path.child("value"), .string(value), faults.joined(separator: ";"))
            }
            if errors.require(path.child("effect"), effect) {
                PodRules.checkEffect(effect, path.child("effect"), &errors)
            }
            if seen.insert("\(key):\(effect)").inserted == false {
                errors.duplicate(path, taint)
            }
        }
    }

    /// Capacity and what of it pods may use.
    private static func checkAmounts(_ status: JSON, _ errors: inout FieldErrors) {
        for list in ["capacity", "allocatable"] {
            for (name, value) in status[list].entries {
                guard let quantity = Quantity(value) else { continue }
                let path = FieldPath.status.child(list).key(name)
                if quantity < .nothing {
                    errors.invalid(path, .string(quantity.text), "must be greater than or equal to 0")
                }
                if ResourceName.isCounted(name), quantity.nanos % 1_000_000_000 != 0 {
                    errors.invalid(path, .string(quantity.text), "must be an integer")
                }
            }
        }
    }

    static func checkUpdate(_ new: JSON, old: JSON, _ errors: inout FieldErrors) {
        checkAmounts(new["status"], &errors)
        let before = old["spec"]
        let after = new["spec"]
        if before["podCIDRs"].isAbsentOrEmpty == false, after["podCIDRs"] != before["podCIDRs"] {
            errors.forbidden(
                .spec.child("podCIDRs"), "node updates may not change podCIDR except from \"\" to valid")
        }
        if before["providerID"].isAbsentOrEmpty == false, after["providerID"] != before["providerID"] {
            errors.forbidden(
                .spec.child("providerID"), "node updates may not change providerID except from \"\" to valid")
        }
        checkTaints(after["taints"], .spec.child("taints"), &errors)
        checkAddresses(new["status"]["addresses"], &errors)
        var rest = after
        for field in ["podCIDR", "podCIDRs", "providerID", "taints", "unschedulable", "configSource"] {
            rest.restore(field, from: before)
        }
        if rest.isEquivalent(to: before) == false {
            errors.forbidden(FieldPath("[]"), "node updates may only change labels, taints, or capacity")
        }
    }

    private static func checkAddresses(_ addresses: JSON, _ errors: inout FieldErrors) {
        for (index, address) in addresses.items.enumerated()
        where addresses.items[..<index].contains(address) {
            errors.duplicate(FieldPath.status.child("addresses")[index], address)
        }
    }
}
