import PintleObjects

/// The rules about `metadata` and about label selectors, which all kinds share.
enum MetadataRules {
    /// Every rule about new metadata; `rule` has the complaints about a name of this kind.
    static func validate(_ metadata: JSON, namespaced: Bool, name rule: (String) -> [String]) -> FieldErrors {
        var errors = FieldErrors()
        let path = FieldPath.metadata
        let prefix = metadata["generateName"].text
        if prefix.isEmpty == false {
            errors.invalid(path.child("generateName"), prefix, each: rule(NameRules.masked(generateName: prefix)))
        }
        let name = metadata["name"].text
        if errors.require(path.child("name"), name, "name or generateName is required") {
            errors.invalid(path.child("name"), name, each: rule(name))
        }
        let namespace = metadata["namespace"].text
        if namespaced {
            if errors.require(path.child("namespace"), namespace) {
                errors.invalid(path.child("namespace"), namespace, each: NameRules.dns1123Label(namespace))
            }
        } else if namespace.isEmpty == false {
            errors.forbidden(path.child("namespace"), "not allowed on this type")
        }
        errors.notNegative(path.child("generation"), metadata["generation"])
        checkCommon(metadata, path, &errors)
        checkFinalizers(metadata["finalizers"], path.child("finalizers"), &errors)
        return errors
    }

    /// What a change may not do to `metadata`, whatever the kind.
    static func validateUpdate(_ new: JSON, old: JSON) -> FieldErrors {
        var errors = FieldErrors()
        let path = FieldPath.metadata
        if old["deletionTimestamp"].isSet {
            let known = old["finalizers"].items
            let added = new["finalizers"].items.filter { known.contains($0) == false }.map { goQuoted($0.text) }
            if added.isEmpty == false {
                errors.forbidden(
                    path.child("finalizers"),
                    "no new finalizers can be added if the object is being deleted, found new finalizers "
                        + "[]string{\(added.sorted().joined(separator: ", "))}")
            }
        }
        if let before = old["generation"].int, let after = new["generation"].int, after < before {
            errors.invalid(path.child("generation"), .integer(after), "must not be decremented")
        }
        let fixed = [
            "name", "namespace", "uid", "creationTimestamp", "deletionTimestamp", "deletionGracePeriodSeconds",
        ]
        for field in fixed { errors.immutable(path.child(field), new: new[field], old: old[field]) }
        checkCommon(new, path, &errors)
        checkFinalizers(new["finalizers"], path.child("finalizers"), &errors)
        return errors
    }

    private static func checkCommon(_ metadata: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        checkLabels(metadata["labels"], path.child("labels"), &errors)
        checkAnnotations(metadata["annotations"], path.child("annotations"), &errors)
        checkOwners(metadata["ownerReferences"], path.child("ownerReferences"), &errors)
    }

    static func checkLabels(_ labels: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        for (key, value) in labels.entries {
            errors.invalid(path, key, each: NameRules.qualifiedName(key))
            errors.invalid(path, value.text, each: NameRules.labelValue(value.text))
        }
    }

    private static func checkAnnotations(_ annotations: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        var size = 0
        for (key, value) in annotations.entries {
            errors.invalid(path, key, each: NameRules.qualifiedName(key.lowercased()))
            size += key.utf8.count + value.text.utf8.count
        }
        if size > 256 << 10 { errors.tooLong(path, maximum: 256 << 10) }
    }

    private static func checkOwners(_ owners: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        var controller: String?
        for owner in owners.items {
            let version = owner["apiVersion"].text
            if version.isEmpty || version.hasSuffix("/") || version.split(separator: "/").count > 2 {
                errors.invalid(path.child("apiVersion"), .string(version), "version must not be empty")
            }
            for field in ["kind", "name", "uid"] where owner[field].text.isEmpty {
                errors.invalid(path.child(field), "", "must not be empty")
            }
            if version == "v1", owner["kind"].text == "Event" {
                errors.invalid(path, owner, "/v1, Kind=Event is disallowed from being an owner")
            }
            guard owner["controller"].isTrue else { continue }
            if let first = controller {
                errors.invalid(
                    path, owners,
                    "Only one reference can have Controller set to true. Found \"true\" in references for \(first) and "
                        + owner["name"].text)
            } else {
                controller = owner["name"].text
            }
        }
    }

    private static func checkFinalizers(_ finalizers: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        let names = finalizers.items.map(\.text)
        for (index, name) in names.enumerated() { checkFinalizer(name, path, indexed: path[index], &errors) }
        if names.contains("orphan"), names.contains("foregroundDeletion") {
            errors.invalid(path, finalizers, "finalizer orphan and foregroundDeletion cannot be both set")
        }
    }

    /// Checks one finalizer; `indexed` is where an unqualified name is complained about.
    static func checkFinalizer(
        _ name: String, _ path: FieldPath, indexed: FieldPath, _ errors: inout FieldErrors
    ) {
        let faults = NameRules.qualifiedName(name)
        errors.invalid(path, name, each: faults)
        let known = ["kubernetes", "orphan", "foregroundDeletion"]
        if faults.isEmpty, name.contains("/") == false, known.contains(name) == false {
            errors.invalid(
                indexed, .string(name), "name is neither a standard finalizer name nor is it fully qualified")
        }
    }

    /// The rules about a label selector of a manifest; nothing if there is none.
    static func checkSelector(_ selector: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        checkLabels(selector["matchLabels"], path.child("matchLabels"), &errors)
        for (index, requirement) in selector["matchExpressions"].items.enumerated() {
            let path = path.child("matchExpressions")[index]
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
            default: errors.invalid(path.child("operator"), .string(kind), "not a valid selector operator")
            }
            let key = requirement["key"].text
            errors.invalid(path.child("key"), key, each: NameRules.qualifiedName(key))
            for (number, value) in values.enumerated() {
                errors.invalid(path.child("values")[number], value.text, each: NameRules.labelValue(value.text))
            }
        }
    }
}
