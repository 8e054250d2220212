import PintleObjects

/// The rules about a choice of nodes by labels and names.
enum NodeSelectorRules {
    static func check(_ selector: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        let terms = selector["nodeSelectorTerms"].items
        let path = path.child("nodeSelectorTerms")
        if terms.isEmpty { errors.required(path, "must have at least one node selector term") }
        for (index, term) in terms.enumerated() { checkTerm(term, path[index], checksValues: true, &errors) }
    }

    /// Checks one term; with `checksValues` the values must be possible label values.
    static func checkTerm(_ term: JSON, _ path: FieldPath, checksValues: Bool, _ errors: inout FieldErrors) {
        for (index, requirement) in term["matchExpressions"].items.enumerated() {
            let path = path.child("matchExpressions")[index]
            checkOperator(requirement, path, &errors)
            let key = requirement["key"].text
            errors.invalid(path.child("key"), key, each: NameRules.qualifiedName(key))
            guard checksValues else { continue }
            for (number, value) in requirement["values"].items.enumerated() {
                errors.invalid(path.child("values")[number], value.text, each: NameRules.labelValue(value.text))
            }
        }
        for (index, requirement) in term["matchFields"].items.enumerated() {
            checkField(requirement, path.child("matchFields")[index], &errors)
        }
    }

    private static func checkOperator(_ requirement: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        let values = requirement["values"].items
        let kind = requirement["operator"].text
        switch kind {
        case "In", "NotIn":
            if values.isEmpty {
                errors.required(
                    path.child("values"), "must be specified when `operator` is 'In' or 'NotIn'")
            }
        case "Exists", "DoesNotExist":
            if values.isEmpty == false {
                errors.forbidden(
                    path.child("values"), "may not be specified when `operator` is 'Exists' or 'DoesNotExist'")
            }
        case "Gt", "Lt":
            if values.count != 1 {
                errors.required(
                    path.child("values"), "must be specified single value when `operator` is 'Lt' or 'Gt'")
            }
        default: errors.invalid(path.child("operator"), .string(kind), "not a valid selector operator")
        }
    }

    private static func checkField(_ requirement: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        let values = requirement["values"].items
        let kind = requirement["operator"].text
        if kind == "In" || kind == "NotIn" {
            if values.count != 1 {
                errors.required(
                    path.child("values"),
                    "must be only one value when `operator` is 'In' or 'NotIn' for node field selector")
            }
        } else {
            errors.invalid(path.child("operator"), .string(kind), "not a valid selector operator")
        }
        let key = requirement["key"].text
        guard key == "metadata.name" else {
            return errors.invalid(path.child("key"), .string(key), "not a valid field selector key")
        }
        for (number, value) in values.enumerated() {
            errors.invalid(path.child("values")[number], value.text, each: NameRules.dns1123Subdomain(value.text))
        }
    }
}
