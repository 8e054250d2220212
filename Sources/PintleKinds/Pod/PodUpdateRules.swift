import PintleObjects

/// What may change in a pod that exists.
enum PodUpdateRules {
    private static let changeable = [
        "`spec.containers[*].image`", "`spec.initContainers[*].image`", "`spec.activeDeadlineSeconds`",
        "`spec.tolerations` (only additions to existing tolerations)",
        "`spec.terminationGracePeriodSeconds` (allow it to be set to 1 if it was previously negative)",
    ]

    static func validate(_ new: JSON, old: JSON) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        errors.append(PodRules.validate(new))
        errors.append(PodAnnotationRules.validateUpdate(new, old: old))
        let before = old["spec"]
        let after = new["spec"]
        for list in ["containers", "initContainers"] {
            if checkImages(after[list].items, before[list].items, .spec.child(list), &errors) == false {
                return errors.all
            }
        }
        if checkDeadline(after["activeDeadlineSeconds"], before["activeDeadlineSeconds"], &errors) == false {
            return errors.all
        }
        checkTolerations(after["tolerations"], before["tolerations"], &errors)
        checkGates(after["schedulingGates"], before["schedulingGates"], &errors)
        if after.isEquivalent(to: before) { return errors.all }

        var rest = after
        for list in ["containers", "initContainers"] { rest.restoreImages(list, from: before) }
        for field in ["activeDeadlineSeconds", "schedulingGates", "tolerations"] { rest.restore(field, from: before) }
        if let period = before["terminationGracePeriodSeconds"].int, period < 0,
            rest["terminationGracePeriodSeconds"].int == 1
        {
            rest["terminationGracePeriodSeconds"] = .integer(period)
        }
        if before["schedulingGates"].isAbsentOrEmpty == false {
            GatedPodRules.check(&rest, old: before, &errors)
        }
        if rest.isEquivalent(to: before) == false {
            errors.forbidden(
                .spec,
                "pod updates may not change fields other than \(changeable.joined(separator: ","))\n"
                    + ObjectDifference.text(from: before, to: rest))
        }
        return errors.all
    }

    /// Whether the lists have the same containers.
    private static func checkImages(
        _ new: [JSON], _ old: [JSON], _ path: FieldPath, _ errors: inout FieldErrors
    ) -> Bool {
        if new.count != old.count {
            errors.forbidden(path, "pod updates may not add or remove containers")
            return false
        }
        for (index, container) in new.enumerated() {
            let image = container["image"].text
            errors.require(path[index].child("image"), image)
            if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
                errors.invalid(
                    path[index].child("image"), .string(image), "must not have leading or trailing whitespace")
            }
        }
        return true
    }

    /// A deadline may be set or brought forward; tells whether to go on.
    private static func checkDeadline(_ new: JSON, _ old: JSON, _ errors: inout FieldErrors) -> Bool {
        let path = FieldPath.spec.child("activeDeadlineSeconds")
        guard let seconds = new.int else {
            if old.isSet { errors.invalid(path, .null, "must not update from a positive integer to nil value") }
            return true
        }
        if seconds < 0 || seconds > Int64(Int32.max) {
            errors.invalid(path, new, NameRules.inclusiveRange(0, Int64(Int32.max)))
            return false
        }
        if let before = old.int, before < seconds {
            errors.invalid(path, new, "must be less than or equal to previous value")
            return false
        }
        return true
    }

    private static func checkTolerations(_ new: JSON, _ old: JSON, _ errors: inout FieldErrors) {
        let path = FieldPath.spec.child("tolerations")
        let kept = new.items.map(withoutSeconds)
        if old.items.allSatisfy({ kept.contains(withoutSeconds($0)) }) {
            var rules = PodRules([:])
            rules.checkTolerations(new, path)
            errors.append(rules.errors)
        } else {
            errors.forbidden(path, "existing toleration can not be modified except its tolerationSeconds")
        }
    }

    private static func withoutSeconds(_ toleration: JSON) -> JSON {
        var toleration = toleration
        toleration.remove("tolerationSeconds")
        return toleration
    }

    private static func checkGates(_ new: JSON, _ old: JSON, _ errors: inout FieldErrors) {
        let known = old.items.map { $0["name"].text }
        for (index, gate) in new.items.enumerated() where known.contains(gate["name"].text) == false {
            errors.forbidden(
                .spec.child("schedulingGates")[index].child("name"),
                "only deletion is allowed, but found new scheduling gate '\(gate["name"].text)'")
        }
    }

    static func validateEphemeralContainers(_ new: JSON, old: JSON) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        errors.append(PodRules.validate(new))
        let path = FieldPath.spec.child("ephemeralContainers")
        let containers = new["spec"]["ephemeralContainers"].items
        for container in old["spec"]["ephemeralContainers"].items {
            let name = container["name"].text
            guard let index = containers.firstIndex(where: { $0["name"].text == name }) else {
                errors.forbidden(path, "existing ephemeral containers \(goQuoted(name)) may not be removed\n")
                continue
            }
            if containers[index].isEquivalent(to: container) == false {
                errors.forbidden(
                    path,
                    "existing ephemeral containers \(goQuoted(name)) may not be changed\n"
                        + ObjectDifference.text(from: container, to: containers[index]))
            }
        }
        return errors.all
    }
}

extension JSON {
    /// Gives each container of a list the image that it has in `old`.
    fileprivate mutating func restoreImages(_ list: String, from old: JSON) {
        guard self[list].array != nil else { return }
        let before = old[list].items
        self[list].updateArray { containers in
            for index in containers.indices where index < before.count {
                containers[index]["image"] = before[index]["image"]
            }
        }
    }
}
