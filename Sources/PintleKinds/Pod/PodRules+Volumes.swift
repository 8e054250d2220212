import PintleObjects

extension PodRules {
    mutating func checkVolumes(_ path: FieldPath) {
        var claimNames: Set<String> = []
        for (index, volume) in spec["volumes"].items.enumerated() {
            let before = errors.all.count
            let path = path[index]
            let name = volume["name"].text
            checkSource(of: volume, path)
            if errors.require(path.child("name"), name) {
                errors.invalid(path.child("name"), name, each: NameRules.dns1123Label(name))
            }
            if volumes[name] != nil { errors.duplicate(path.child("name"), .string(name)) }
            if errors.all.count == before { volumes[name] = volume }
            if volume["ephemeral"].isSet { claimNames.insert("\(podName)-\(name)") }
        }
        for (index, volume) in spec["volumes"].items.enumerated() {
            let claim = volume["persistentVolumeClaim"]["claimName"].text
            if claim.isEmpty == false, claimNames.contains(claim) {
                errors.invalid(
                    path[index].child("persistentVolumeClaim").child("claimName"), .string(claim),
                    "must not reference a PVC that gets created for an ephemeral volume")
            }
        }
    }

    /// Exactly one source must be given.
    private mutating func checkSource(of volume: JSON, _ path: FieldPath) {
        var found = false
        for source in VolumeSource.all where volume[source.name].isSet {
            if found {
                errors.forbidden(path.child(source.forbiddenName), "may not specify more than 1 volume type")
                continue
            }
            found = true
            check(volume[source.name], source, of: volume, path)
        }
        if found == false { errors.required(path, "must specify a volume type") }
    }

    private mutating func check(_ value: JSON, _ source: VolumeSource, of volume: JSON, _ volumePath: FieldPath) {
        let path = volumePath.child(source.checkedName)
        for field in source.required where value[field].isAbsentOrEmpty { errors.required(path.child(field)) }
        switch source.name {
        case "emptyDir":
            if let limit = Quantity(value["sizeLimit"]), limit < .nothing {
                errors.forbidden(path.child("sizeLimit"), "SizeLimit field must be a valid resource quantity")
            }
        case "hostPath": checkHostPath(value, path)
        case "secret", "configMap":
            errors.fileMode(path.child("defaultMode"), value["defaultMode"])
            checkKeyPaths(value["items"], path.child("items"))
        case "downwardAPI":
            errors.fileMode(path.child("defaultMode"), value["defaultMode"])
            for file in value["items"].items { checkDownwardFile(file, path) }
        case "projected": checkProjected(value, path)
        case "gitRepo": checkLocalPath(value["directory"].text, path.child("directory"))
        case "image": checkImageVolume(value, path)
        case "csi":
            checkDriverName(value["driver"].text, path.child("driver"))
            checkSecretName(value["nodePublishSecretRef"], path.child("nodePublishSecretRef"))
        case "ephemeral": checkEphemeral(value, name: volume["name"].text, path, volumePath)
        default: checkExternal(value, source.name, of: volume, path, volumePath)
        }
    }

    private mutating func checkHostPath(_ source: JSON, _ path: FieldPath) {
        let target = source["path"].text
        guard target.isEmpty == false else { return }
        checkNoBacksteps(target, path.child("path"))
        let types = [
            "", "BlockDevice", "CharDevice", "Directory", "DirectoryOrCreate", "File", "FileOrCreate", "Socket",
        ]
        if let type = source["type"].string, types.contains(type) == false {
            errors.notSupported(path.child("type"), type, types)
        }
    }

    private mutating func checkImageVolume(_ source: JSON, _ path: FieldPath) {
        if let policy = source["pullPolicy"].string {
            errors.oneOf(path.child("pullPolicy"), policy, ["Always", "IfNotPresent", "Never"])
        }
    }

    mutating func checkDriverName(_ name: String, _ path: FieldPath) {
        guard errors.require(path, name) else { return }
        if name.utf8.count > 63 { errors.tooLong(path, maximum: 63) }
        errors.invalid(path, name, each: NameRules.dns1123Subdomain(name.lowercased()))
    }

    mutating func checkSecretName(_ reference: JSON, _ path: FieldPath) {
        if reference.isSet { errors.require(path.child("name"), reference["name"].text) }
    }

    private mutating func checkEphemeral(_ source: JSON, name: String, _ path: FieldPath, _ volumePath: FieldPath) {
        let claim = source["volumeClaimTemplate"]["spec"]
        if source["volumeClaimTemplate"].isSet {
            let path = path.child("volumeClaimTemplate").child("spec")
            if claim["accessModes"].isAbsentOrEmpty {
                errors.required(path.child("accessModes"), "at least 1 access mode is required")
            }
            if claim["resources"]["requests"]["storage"].isNull {
                errors.required(path.child("resources").key("storage"))
            }
        }
        guard podName.isEmpty == false, name.isEmpty == false else { return }
        let claimName = "\(podName)-\(name)"
        for message in NameRules.dns1123Subdomain(claimName) {
            errors.invalid(volumePath.child("name"), .string(name), "PVC name \(goQuoted(claimName)): \(message)")
        }
    }

    mutating func checkKeyPaths(_ items: JSON, _ path: FieldPath) {
        for (index, item) in items.items.enumerated() {
            errors.require(path[index].child("key"), item["key"].text)
            errors.require(path[index].child("path"), item["path"].text)
            checkUnreservedPath(item["path"].text, path[index].child("path"))
            errors.fileMode(path[index].child("mode"), item["mode"])
        }
    }

    mutating func checkDownwardFile(_ file: JSON, _ path: FieldPath) {
        errors.require(path.child("path"), file["path"].text)
        checkUnreservedPath(file["path"].text, path.child("path"))
        if file["fieldRef"].isSet {
            checkFieldRef(file["fieldRef"], Self.volumeFields, path.child("fieldRef"))
            if file["resourceFieldRef"].isSet {
                errors.invalid(path, "resource", "fieldRef and resourceFieldRef can not be specified simultaneously")
            }
        } else if file["resourceFieldRef"].isSet {
            checkResourceFieldRef(file["resourceFieldRef"], path.child("resourceFieldRef"), inVolume: true)
        } else {
            errors.required(path, "one of fieldRef and resourceFieldRef is required")
        }
        errors.fileMode(path.child("mode"), file["mode"])
    }

    private static let volumeFields = [
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
    ]

    /// A relative path that doesn't leave its directory.
    mutating func checkLocalPath(_ target: String, _ path: FieldPath) {
        if target.hasPrefix("/") { errors.invalid(path, .string(target), "must be a relative path") }
        checkNoBacksteps(target, path)
    }

    /// The same, and no name that is used for the volume's own bookkeeping.
    mutating func checkUnreservedPath(_ target: String, _ path: FieldPath) {
        checkLocalPath(target, path)
        if target.hasPrefix(".."), target.hasPrefix("../") == false, target != ".." {
            errors.invalid(path, .string(target), "must not start with '..'")
        }
    }

    mutating func checkNoBacksteps(_ target: String, _ path: FieldPath) {
        if target.split(separator: "/").contains("..") {
            errors.invalid(path, .string(target), "must not contain '..'")
        }
    }
}
