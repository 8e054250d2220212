import PintleObjects

extension PodRules {
    mutating func checkAffinity(_ path: FieldPath) {
        let affinity = spec["affinity"]
        let required = "requiredDuringSchedulingIgnoredDuringExecution"
        let preferred = "preferredDuringSchedulingIgnoredDuringExecution"
        let node = affinity["nodeAffinity"]
        if node[required].isSet {
            NodeSelectorRules.check(node[required], path.child("nodeAffinity").child(required), &errors)
        }
        for (index, term) in node[preferred].items.enumerated() {
            let path = path.child("nodeAffinity").child(preferred)[index]
            checkWeight(term, path)
            NodeSelectorRules.checkTerm(term["preference"], path.child("preference"), checksValues: false, &errors)
        }
        for kind in ["podAffinity", "podAntiAffinity"] {
            for (index, term) in affinity[kind][required].items.enumerated() {
                checkPodTerm(term, path.child(kind).child(required)[index])
            }
            for (index, term) in affinity[kind][preferred].items.enumerated() {
                let path = path.child(kind).child(preferred)[index]
                checkWeight(term, path)
                checkPodTerm(term["podAffinityTerm"], path.child("podAffinityTerm"))
            }
        }
    }

    private mutating func checkWeight(_ term: JSON, _ path: FieldPath) {
        let weight = term["weight"].int ?? 0
        if weight < 1 || weight > 100 {
            errors.invalid(path.child("weight"), .integer(weight), "must be in the range 1-100")
        }
    }

    private mutating func checkPodTerm(_ term: JSON, _ path: FieldPath) {
        MetadataRules.checkSelector(term["labelSelector"], path.child("labelSelector"), &errors)
        MetadataRules.checkSelector(term["namespaceSelector"], path.child("namespaceSelector"), &errors)
        for namespace in term["namespaces"].items {
            errors.invalid(path.child("namespace"), namespace.text, each: NameRules.dns1123Label(namespace.text))
        }
        checkMatchKeys(of: term, ["matchLabelKeys", "mismatchLabelKeys"], path)
        let key = term["topologyKey"].text
        errors.require(path.child("topologyKey"), key, "can not be empty")
        errors.invalid(path.child("topologyKey"), key, each: NameRules.qualifiedName(key))
    }

    /// Label keys that stand for the pod's own values.
    private mutating func checkMatchKeys(of term: JSON, _ fields: [String], _ path: FieldPath) {
        for field in fields {
            for (index, key) in term[field].items.enumerated() {
                let keyPath = path.child(field)[index]
                if term["labelSelector"].isNull {
                    errors.forbidden(keyPath, "must not be specified when labelSelector is not set")
                }
                errors.invalid(keyPath, key.text, each: NameRules.qualifiedName(key.text))
            }
        }
        for (index, key) in term["matchLabelKeys"].items.enumerated()
        where term["mismatchLabelKeys"].items.contains(key) {
            errors.invalid(
                path.child("matchLabelKeys")[index], key, "exists in both matchLabelKeys and mismatchLabelKeys")
        }
    }

    mutating func checkTolerations(_ tolerations: JSON, _ path: FieldPath) {
        for (index, toleration) in tolerations.items.enumerated() { checkToleration(toleration, path[index]) }
    }

    private mutating func checkToleration(_ toleration: JSON, _ path: FieldPath) {
        let key = toleration["key"].text
        let kind = toleration["operator"].text
        let value = toleration["value"].text
        let effect = toleration["effect"].text
        if key.isEmpty == false { errors.invalid(path.child("key"), key, each: NameRules.qualifiedName(key)) }
        if key.isEmpty, kind != "Exists" {
            errors.invalid(
                path.child("operator"), .string(kind),
                "operator must be Exists when `key` is empty, which means \"match all values and all keys\"")
        }
        if toleration["tolerationSeconds"].isSet, effect != "NoExecute" {
            errors.invalid(
                path.child("effect"), .string(effect), "effect must be 'NoExecute' when `tolerationSeconds` is set")
        }
        switch kind {
        case "", "Equal":
            let problems = NameRules.labelValue(value)
            if problems.isEmpty == false {
                errors.invalid(path.child("operator"), .string(value), problems.joined(separator: ";"))
            }
        case "Exists":
            if value.isEmpty == false {
                errors.invalid(
                    path.child("operator"), .string(value), "value must be empty when `operator` is 'Exists'")
            }
        case "Lt", "Gt":
            if Int64(value) == nil {
                errors.invalid(
                    path.child("value"), .string(value), "must be an integer when `operator` is 'Lt' or 'Gt'")
            }
        default: errors.notSupported(path.child("operator"), kind, ["Equal", "Exists", "Gt", "Lt"])
        }
        if effect.isEmpty == false { Self.checkEffect(effect, path.child("effect"), &errors) }
    }

    static func checkEffect(_ effect: String, _ path: FieldPath, _ errors: inout FieldErrors) {
        let effects = ["NoSchedule", "PreferNoSchedule", "NoExecute"]
        if effects.contains(effect) == false { errors.notSupported(path, effect, effects) }
    }

    mutating func checkTopologySpread(_ path: FieldPath) {
        var seen: Set<String> = []
        for (index, constraint) in spec["topologySpreadConstraints"].items.enumerated() {
            let path = path[index]
            let skew = constraint["maxSkew"].int ?? 0
            if skew <= 0 { errors.invalid(path.child("maxSkew"), .integer(skew), "must be greater than zero") }
            let key = constraint["topologyKey"].text
            if errors.require(path.child("topologyKey"), key, "can not be empty") {
                errors.invalid(path.child("topologyKey"), key, each: NameRules.qualifiedName(key))
            }
            let action = constraint["whenUnsatisfiable"].text
            if ["DoNotSchedule", "ScheduleAnyway"].contains(action) == false {
                errors.notSupported(path.child("whenUnsatisfiable"), action, ["DoNotSchedule", "ScheduleAnyway"])
            }
            if seen.insert("{\(key), \(action)}").inserted == false {
                errors.duplicate(path.child("{topologyKey, whenUnsatisfiable}"), .string("{\(key), \(action)}"))
            }
            checkMinDomains(constraint["minDomains"], action, path.child("minDomains"))
            for policy in ["nodeAffinityPolicy", "nodeTaintsPolicy"] {
                if let value = constraint[policy].string, ["Honor", "Ignore"].contains(value) == false {
                    errors.notSupported(path.child(policy), value, ["Honor", "Ignore"])
                }
            }
            checkMatchKeys(of: constraint, ["matchLabelKeys"], path)
            MetadataRules.checkSelector(constraint["labelSelector"], path.child("labelSelector"), &errors)
        }
    }

    private mutating func checkMinDomains(_ value: JSON, _ action: String, _ path: FieldPath) {
        guard let number = value.int else { return }
        if number <= 0 { errors.invalid(path, value, "must be greater than zero") }
        if action != "DoNotSchedule" {
            errors.invalid(
                path, value, "can only use minDomains if whenUnsatisfiable=DoNotSchedule, not \(action)")
        }
    }

    mutating func checkGates(_ path: FieldPath) {
        for (index, gate) in spec["readinessGates"].items.enumerated() {
            let type = gate["conditionType"].text
            errors.invalid(
                path.child("readinessGates")[index].child("conditionType"), type, each: NameRules.qualifiedName(type))
        }
        var seen: Set<String> = []
        for (index, gate) in spec["schedulingGates"].items.enumerated() {
            let name = gate["name"].text
            let path = path.child("schedulingGates")[index]
            errors.invalid(path, name, each: NameRules.qualifiedName(name))
            if seen.insert(name).inserted == false { errors.duplicate(path, .string(name)) }
        }
    }
}
