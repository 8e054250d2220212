import PintleObjects

/// The subresource `resize`: requests and limits of containers, and nothing else.
enum PodResize {
    /// The resources of each container, by list and place.
    static func resources(of pod: JSON) -> JSON {
        var resources: JSON = [:]
        for list in ["containers", "initContainers"] where pod["spec"][list].isSet {
            resources[list] = .array(pod["spec"][list].items.map { $0["resources"] })
        }
        return resources
    }

    static func apply(_ resources: JSON, to spec: inout JSON) {
        for list in ["containers", "initContainers"] where spec[list].array != nil {
            let values = resources[list].items
            spec[list].updateArray { containers in
                for index in containers.indices where index < values.count {
                    containers[index]["resources"] = values[index]
                }
            }
        }
    }

    static func validate(_ new: JSON, old: JSON) -> [FieldError] {
        var errors = MetadataRules.validateUpdate(new["metadata"], old: old["metadata"])
        errors.append(PodRules.validate(new))
        if PodResources.qualityOfService(of: new["spec"]) != old["status"]["qosClass"].text {
            errors.invalid(
                .spec, old["status"]["qosClass"], "Pod QOS Class may not change as a result of resizing")
        }
        for list in ["containers", "initContainers"] {
            let before = old["spec"][list].items
            for (index, container) in new["spec"][list].items.enumerated() where index < before.count {
                checkNames(
                    container["resources"], before[index]["resources"],
                    .spec.child(list)[index].child("resources"), &errors)
            }
        }
        return errors.all
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
