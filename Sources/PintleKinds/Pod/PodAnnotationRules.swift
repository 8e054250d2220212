import PintleObjects

/// The annotations that mean something to Kubernetes on a pod.
enum PodAnnotationRules {
    private static let mirror = "kubernetes.io/config.mirror"
    private static let deletionCost = "controller.kubernetes.io/pod-deletion-cost"
    private static let seccompPod = "seccomp.security.alpha.kubernetes.io/pod"
    private static let seccompContainer = "container.seccomp.security.alpha.kubernetes.io/"
    private static let appArmor = "container.apparmor.security.beta.kubernetes.io/"
    private static let path = FieldPath.metadata.child("annotations")

    static func validate(_ pod: JSON) -> FieldErrors {
        var errors = FieldErrors()
        let annotations = pod["metadata"]["annotations"]
        if annotations[mirror].isSet, pod["spec"]["nodeName"].text.isEmpty {
            errors.invalid(
                path.key(mirror), annotations[mirror], "must set spec.nodeName if mirror pod annotation is set")
        }
        if let cost = annotations[deletionCost].string, isCost(cost) == false {
            errors.invalid(path.key(deletionCost), .string(cost), "must be a 32bit integer")
        }
        for (key, value) in annotations.entries {
            if key == seccompPod || key.hasPrefix(seccompContainer) {
                checkSeccomp(value.text, path.child(key), &errors)
            } else if key.hasPrefix(appArmor) {
                let container = String(key.dropFirst(appArmor.count))
                if containers(of: pod).contains(where: { $0.container["name"].text == container }) == false {
                    errors.invalid(path.key(key), .string(container), "container not found")
                }
                let profile = value.text
                if ["", "runtime/default", "unconfined"].contains(profile) == false,
                    profile.hasPrefix("localhost/") == false
                {
                    errors.invalid(
                        path.key(key), .string(profile), "invalid AppArmor profile name: \(goQuoted(profile))")
                }
            }
        }
        return errors
    }

    /// A 32-bit integer in its shortest form.
    private static func isCost(_ text: String) -> Bool {
        guard let number = Int32(text) else { return false }
        return String(number) == text
    }

    private static func checkSeccomp(_ profile: String, _ path: FieldPath, _ errors: inout FieldErrors) {
        if ["runtime/default", "docker/default", "unconfined"].contains(profile) { return }
        if profile.hasPrefix("localhost/") {
            let file = String(profile.dropFirst("localhost/".count))
            if file.hasPrefix("/") { errors.invalid(path, .string(file), "must be a relative path") }
            if file.split(separator: "/").contains("..") {
                errors.invalid(path, .string(file), "must not contain '..'")
            }
        } else {
            errors.invalid(path, .string(profile), "must be a valid seccomp profile")
        }
    }

    /// On creation, an old annotation and the field that replaced it must agree.
    static func matchFields(_ pod: JSON) -> FieldErrors {
        var errors = FieldErrors()
        let annotations = pod["metadata"]["annotations"]
        let podContext = pod["spec"]["securityContext"]
        let seccompPath = FieldPath.spec.child("securityContext").child("seccompProfile")
        match(annotations[seccompPod], podContext["seccompProfile"], "seccomp", seccompPath, &errors)
        let all = containers(of: pod)
        for (container, path) in all {
            match(
                annotations[seccompContainer + container["name"].text], container["securityContext"]["seccompProfile"],
                "seccomp", path.child("securityContext").child("seccompProfile"), &errors)
        }
        if pod["spec"]["os"]["name"].text == "windows" { return errors }
        for (container, path) in all {
            let own = container["securityContext"]["appArmorProfile"]
            match(
                annotations[appArmor + container["name"].text], own.isSet ? own : podContext["appArmorProfile"],
                "apparmor", path.child("securityContext").child("appArmorProfile"), &errors)
        }
        return errors
    }

    private static func match(
        _ annotation: JSON, _ profile: JSON, _ name: String, _ path: FieldPath, _ errors: inout FieldErrors
    ) {
        guard let annotation = annotation.string, profile.isSet else { return }
        let matches: Bool
        switch profile["type"].text {
        case "Unconfined": matches = annotation == "unconfined"
        case "RuntimeDefault":
            matches = annotation == "runtime/default" || (name == "seccomp" && annotation == "docker/default")
        case "Localhost":
            matches = annotation.hasPrefix("localhost/")
            if matches, annotation.dropFirst("localhost/".count) != profile["localhostProfile"].text {
                errors.forbidden(
                    path.child("localhostProfile"), "\(name) profile in annotation and field must match")
            }
        default: matches = true
        }
        if matches == false {
            errors.forbidden(path.child("type"), "\(name) type in annotation and field must match")
        }
    }

    /// What an update may not do to the annotations.
    static func validateUpdate(_ new: JSON, old: JSON) -> FieldErrors {
        var errors = FieldErrors()
        let before = old["metadata"]["annotations"]
        let after = new["metadata"]["annotations"]
        for (key, value) in before.entries where after[key] != value {
            if key.hasPrefix(appArmor) {
                errors.forbidden(path.key(key), "may not remove or update AppArmor annotations")
            }
            if key == mirror { errors.forbidden(path.key(key), "may not remove or update mirror pod annotation") }
        }
        for (key, _) in after.entries where before[key].isNull {
            if key.hasPrefix(appArmor) { errors.forbidden(path.key(key), "may not add AppArmor annotations") }
            if key == mirror { errors.forbidden(path.key(key), "may not add mirror pod annotation") }
        }
        errors.append(validate(new))
        return errors
    }

    /// All containers of a pod, with their places.
    static func containers(of pod: JSON) -> [(container: JSON, path: FieldPath)] {
        ["initContainers", "containers", "ephemeralContainers"].flatMap { list in
            pod["spec"][list].items.enumerated().map { ($0.element, FieldPath.spec.child(list)[$0.offset]) }
        }
    }
}
