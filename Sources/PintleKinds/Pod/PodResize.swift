import PintleObjects

/// The subresource `resize`: requests and limits of containers, and nothing else.
enum PodResize {
    private static let lists = ["containers", "initContainers"]

    /// The old spec with what a resize may change: resources and their policies.
    ///
    /// When containers were added, taken away, renamed or put in another order the new spec stays as it is, for the
    /// rules to refuse.
    static func spec(of new: JSON, old: JSON) -> JSON {
        var result = old["spec"]
        for list in lists {
            let wanted = new["spec"][list].items, before = old["spec"][list].items
            guard wanted.map({ $0["name"] }) == before.map({ $0["name"] }) else { return new["spec"] }
            guard result[list].array != nil else { continue }
            result[list].updateArray { containers in
                for index in containers.indices {
                    containers[index]["resources"] = wanted[index]["resources"]
                    containers[index].restore("resizePolicy", from: wanted[index])
                }
            }
        }
        return result
    }

    static func validate(_ new: JSON, old: JSON) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        errors.append(PodRules.validate(new))
        if PodResources.qualityOfService(of: new["spec"]) != old["status"]["qosClass"].text {
            errors.invalid(
                .spec, old["status"]["qosClass"], "Pod QOS Class may not change as a result of resizing")
        }
        for list in lists {
            let before = old["spec"][list].items
            guard checkOrder(new["spec"][list].items, before, list, &errors) else { continue }
            for (index, container) in new["spec"][list].items.enumerated() where index < before.count {
                checkNames(
                    container["resources"], before[index]["resources"],
                    .spec.child(list)[index].child("resources"), &errors)
            }
        }
        return errors.all
    }

    private static func checkOrder(
        _ new: [JSON], _ old: [JSON], _ list: String, _ errors: inout FieldErrors
    ) -> Bool {
        guard new.count == old.count else {
            errors.forbidden(.spec.child(list), "\(list) may not be added or removed on resize")
            return false
        }
        var isSame = true
        for index in new.indices where new[index]["name"] != old[index]["name"] {
            errors.forbidden(
                .spec.child(list)[index].child("name"), "\(list) may not be renamed or reordered on resize")
            isSame = false
        }
        return isSame
    }

    /// Only processor and memory can be resized, and neither can be taken away.
    private static func checkNames(_ new: JSON, _ old: JSON, _ path: FieldPath, _ errors: inout FieldErrors) {
        for list in ["limits", "requests"] {
            for name in Set(old[list].entries.map(\.key) + new[list].entries.map(\.key)).sorted() {
                let before = Quantity(old[list][name])
                let after = Quantity(new[list][name])
                if before == after { continue }
                if name != "cpu", name != "memory" {
                    errors.forbidden(.spec, "only cpu and memory resources are mutable")
                } else if after == nil {
                    errors.forbidden(path.child(list), "resource \(list) cannot be removed")
                }
            }
        }
    }
}
