import PintleObjects

extension PodRules {
    mutating func checkEnvironment(_ variables: JSON, _ path: FieldPath) {
        for (index, variable) in variables.items.enumerated() {
            let name = variable["name"].text
            if errors.require(path[index].child("name"), name) {
                errors.invalid(path[index].child("name"), name, each: NameRules.environmentVariable(name))
            }
            if variable["valueFrom"].isSet { checkSource(of: variable, path[index].child("valueFrom")) }
        }
    }

    private mutating func checkSource(of variable: JSON, _ path: FieldPath) {
        let source = variable["valueFrom"]
        var count = 0
        if source["fieldRef"].isSet {
            count += 1
            checkFieldRef(source["fieldRef"], Self.environmentFields, path.child("fieldRef"))
        }
        if source["resourceFieldRef"].isSet {
            count += 1
            checkResourceFieldRef(source["resourceFieldRef"], path.child("resourceFieldRef"), inVolume: false)
        }
        for reference in ["configMapKeyRef", "secretKeyRef"] where source[reference].isSet {
            count += 1
            checkKeyRef(source[reference], path.child(reference))
        }
        if source["fileKeyRef"].isSet {
            count += 1
            checkFileRef(source["fileKeyRef"], path.child("fileKeyRef"))
        }
        if count == 0 {
            errors.invalid(
                path, "",
                "must specify one of: `fieldRef`, `resourceFieldRef`, `configMapKeyRef`, `secretKeyRef` or `fileKeyRef`"
            )
        } else if variable["value"].text.isEmpty == false {
            errors.invalid(path, "", "may not be specified when `value` is not empty")
        } else if count > 1 {
            errors.invalid(path, "", "may not have more than one field specified at a time")
        }
    }

    mutating func checkEnvironmentSources(_ sources: JSON, _ path: FieldPath) {
        for (index, source) in sources.items.enumerated() {
            let prefix = source["prefix"].text
            if prefix.isEmpty == false {
                errors.invalid(path[index].child("prefix"), prefix, each: NameRules.environmentVariable(prefix))
            }
            var count = 0
            for reference in ["configMapRef", "secretRef"] where source[reference].isSet {
                count += 1
                let name = source[reference]["name"].text
                let namePath = path[index].child(reference).child("name")
                if errors.require(namePath, name) {
                    errors.invalid(
                        namePath, name, each: NameRules.dns1123Subdomain(NameRules.masked(generateName: name)))
                }
            }
            if count == 0 {
                errors.invalid(path, "", "must specify one of: `configMapRef` or `secretRef`")
            } else if count > 1 {
                errors.invalid(path, "", "may not have more than one field specified at a time")
            }
        }
    }

    private static let environmentFields = [
        "metadata.name", "metadata.namespace", "metadata.uid", "spec.nodeName", "spec.serviceAccountName",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs",
    ]

    /// A field of the pod: one of `fields`, or one label or annotation.
    mutating func checkFieldRef(_ reference: JSON, _ fields: [String], _ path: FieldPath) {
        let version = reference["apiVersion"].text
        guard errors.require(path.child("apiVersion"), version) else { return }
        let field = reference["fieldPath"].text
        guard errors.require(path.child("fieldPath"), field) else { return }
        let fieldPath = path.child("fieldPath")
        if version != "v1" {
            return errors.invalid(
                fieldPath, .string(field), "error converting fieldPath: unsupported pod version: \(version)")
        }
        if let (base, key) = Self.splitSubscript(field) {
            switch base {
            case "metadata.annotations":
                let key = key.lowercased()
                errors.invalid(path, key, each: NameRules.qualifiedName(key))
            case "metadata.labels": errors.invalid(path, key, each: NameRules.qualifiedName(key))
            default:
                errors.invalid(
                    fieldPath, .string(field),
                    "error converting fieldPath: field label does not support subscript: \(field)")
            }
        } else if Self.knownFields.contains(field) == false {
            errors.invalid(
                fieldPath, .string(field), "error converting fieldPath: field label not supported: \(field)")
        } else {
            let field = field == "spec.host" ? "spec.nodeName" : field
            if fields.contains(field) == false { errors.notSupported(fieldPath, field, fields.sorted()) }
        }
    }

    /// What a pod can tell about itself at all.
    private static let knownFields = [
        "metadata.annotations", "metadata.labels", "metadata.name", "metadata.namespace", "metadata.uid",
        "spec.nodeName", "spec.restartPolicy", "spec.serviceAccountName", "spec.schedulerName", "status.phase",
        "status.hostIP", "status.hostIPs", "status.podIP", "status.podIPs", "spec.host",
    ]

    /// `a.b['key']` taken apart; nil for a path without subscript.
    private static func splitSubscript(_ path: String) -> (base: String, key: String)? {
        guard path.hasSuffix("']"), let open = path.firstRange(of: "['") else { return nil }
        guard open.lowerBound > path.startIndex else { return nil }
        let key = path[open.upperBound...].dropLast(2)
        return (String(path[..<open.lowerBound]), String(key))
    }

    private static let resourceFields = [
        "limits.cpu", "limits.ephemeral-storage", "limits.memory", "requests.cpu", "requests.ephemeral-storage",
        "requests.memory",
    ]

    mutating func checkResourceFieldRef(_ reference: JSON, _ path: FieldPath, inVolume: Bool) {
        let resource = reference["resource"].text
        if inVolume, reference["containerName"].text.isEmpty {
            errors.required(path.child("containerName"))
        } else if resource.isEmpty {
            errors.required(path.child("resource"))
        } else if Self.resourceFields.contains(resource) == false,
            resource.hasPrefix("limits.hugepages-") == false, resource.hasPrefix("requests.hugepages-") == false
        {
            errors.notSupported(path.child("resource"), resource, Self.resourceFields)
        }
        checkDivisor(reference["divisor"], of: resource, path.child("divisor"))
    }

    private mutating func checkDivisor(_ divisor: JSON, of resource: String, _ path: FieldPath) {
        guard let quantity = Quantity(divisor), quantity.isZero == false else { return }
        let unit = quantity.text
        if resource.hasSuffix(".cpu") {
            if unit != "1m" && unit != "1" {
                errors.invalid(
                    path, .string(resource), "only divisor's values 1m and 1 are supported with the cpu resource")
            }
            return
        }
        let name: String
        if resource.hasSuffix(".memory") {
            name = "memory"
        } else if resource.hasSuffix(".ephemeral-storage") {
            name = "local ephemeral storage"
        } else if resource.contains(".hugepages-") {
            name = "hugepages"
        } else {
            return
        }
        let units = ["1", "1k", "1M", "1G", "1T", "1P", "1E", "1Ki", "1Mi", "1Gi", "1Ti", "1Pi", "1Ei"]
        if units.contains(unit) == false {
            errors.invalid(
                path, .string(resource),
                "only divisor's values \(units.joined(separator: ", ")) are supported with the \(name) resource")
        }
    }

    private mutating func checkKeyRef(_ reference: JSON, _ path: FieldPath) {
        let name = reference["name"].text
        errors.invalid(path.child("name"), name, each: NameRules.dns1123Subdomain(name))
        let key = reference["key"].text
        if errors.require(path.child("key"), key) {
            errors.invalid(path.child("key"), key, each: NameRules.configMapKey(key))
        }
    }

    private mutating func checkFileRef(_ reference: JSON, _ path: FieldPath) {
        let key = reference["key"].text
        if errors.require(path.child("key"), key) {
            errors.invalid(path.child("key"), key, each: NameRules.environmentVariable(key))
        }
        let volume = reference["volumeName"].text
        if errors.require(path.child("volumeName"), volume), volumes[volume]?["emptyDir"].isSet != true {
            errors.invalid(path.child("volumeName"), .string(volume), "must refer to an emptyDir volume of the pod")
        }
        let file = reference["path"].text
        if errors.require(path.child("path"), file) { checkLocalPath(file, path.child("path")) }
    }
}
