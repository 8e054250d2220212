import PintleObjects

extension PodRules {
    mutating func checkMounts(of container: JSON, _ path: FieldPath) {
        let devices = container["volumeDevices"].items
        var targets: Set<String> = []
        for (index, mount) in container["volumeMounts"].items.enumerated() {
            let at = path[index]
            let name = mount["name"].text
            let target = mount["mountPath"].text
            errors.require(at.child("name"), name)
            if volumes[name] == nil { errors.notFound(at.child("name"), name) }
            errors.require(at.child("mountPath"), target)
            if targets.insert(target).inserted == false {
                errors.invalid(at.child("mountPath"), .string(target), "must be unique")
            }
            if devices.contains(where: { $0["name"].text == name }) {
                errors.invalid(at.child("name"), .string(name), "must not already exist in volumeDevices")
            }
            if devices.contains(where: { $0["devicePath"].text == target }) {
                errors.invalid(
                    at.child("mountPath"), .string(target), "must not already exist as a path in volumeDevices")
            }
            checkSubPath(of: mount, at, list: path)
            checkPropagation(of: mount, in: container, path)
        }
    }

    private mutating func checkSubPath(of mount: JSON, _ path: FieldPath, list: FieldPath) {
        let plain = mount["subPath"].text
        let expression = mount["subPathExpr"].text
        if plain.isEmpty == false { checkLocalPath(plain, list.child("subPath")) }
        guard expression.isEmpty == false else { return }
        if plain.isEmpty == false {
            errors.invalid(
                path.child("subPathExpr"), .string(expression), "subPathExpr and subPath are mutually exclusive")
        }
        checkLocalPath(expression, list.child("subPathExpr"))
    }

    private mutating func checkPropagation(of mount: JSON, in container: JSON, _ list: FieldPath) {
        let modes = ["Bidirectional", "HostToContainer", "None"]
        let propagation = mount["mountPropagation"].string
        if let propagation {
            let path = list.child("mountPropagation")
            if modes.contains(propagation) == false { errors.notSupported(path, propagation, modes) }
            if propagation == "Bidirectional", container["securityContext"]["privileged"].isTrue == false {
                errors.forbidden(
                    path, "Bidirectional mount propagation is available only to privileged containers")
            }
        }
        guard let recursive = mount["recursiveReadOnly"].string else { return }
        let path = list.child("recursiveReadOnly")
        switch recursive {
        case "Disabled": break
        case "Enabled", "IfPossible":
            if mount["readOnly"].isTrue == false {
                errors.forbidden(path, "may only be specified when readOnly is true")
            }
            if let propagation, propagation != "None" {
                errors.forbidden(path, "may only be specified when mountPropagation is None or not specified")
            }
        default: errors.notSupported(path, recursive, ["Disabled", "Enabled", "IfPossible"])
        }
    }

    mutating func checkDevices(of container: JSON, _ path: FieldPath) {
        let mounts = container["volumeMounts"].items
        var names: Set<String> = []
        var targets: Set<String> = []
        for (index, device) in container["volumeDevices"].items.enumerated() {
            let path = path[index]
            let name = device["name"].text
            let target = device["devicePath"].text
            if errors.require(path.child("name"), name), names.insert(name).inserted == false {
                errors.invalid(path.child("name"), .string(name), "must be unique")
            }
            if let volume = volumes[name] {
                if volume["persistentVolumeClaim"].isNull, volume["ephemeral"].isNull {
                    errors.invalid(
                        path.child("name"), .string(name),
                        "can only use volume source type of PersistentVolumeClaim or Ephemeral for block mode")
                }
            } else {
                errors.notFound(path.child("name"), name)
            }
            errors.require(path.child("devicePath"), target)
            if target.split(separator: "/").contains("..") {
                errors.invalid(path.child("devicePath"), .string(target), "can not contain backsteps ('..')")
            } else if targets.insert(target).inserted == false {
                errors.invalid(path.child("devicePath"), .string(target), "must be unique")
            }
            if mounts.contains(where: { $0["name"].text == name }) {
                errors.invalid(path.child("name"), .string(name), "must not already exist in volumeMounts")
            }
            if mounts.contains(where: { $0["mountPath"].text == target }) {
                errors.invalid(
                    path.child("devicePath"), .string(target), "must not already exist as a path in volumeMounts")
            }
        }
    }
}
