import PintleObjects

/// Volumes of other storage systems: what an API server checks although the node may not know them.
extension PodRules {
    mutating func checkExternal(
        _ source: JSON, _ name: String, of volume: JSON, _ path: FieldPath, _ volumePath: FieldPath
    ) {
        switch name {
        case "gcePersistentDisk", "awsElasticBlockStore":
            if let partition = source["partition"].int, partition < 0 || partition > 255 {
                errors.invalid(path.child("partition"), .integer(partition), NameRules.inclusiveRange(1, 255))
            }
        case "nfs":
            if source["path"].text.hasPrefix("/") == false {
                errors.invalid(path.child("path"), .string(source["path"].text), "must be an absolute path")
            }
        case "iscsi": checkISCSI(source, volume["name"].text, path, volumePath)
        case "flocker": checkFlocker(source, path)
        case "cinder": checkSecretName(source["secretRef"], path.child("secretRef"))
        case "quobyte": checkQuobyte(source, path)
        case "fc": checkFibreChannel(source, path)
        case "flexVolume": checkFlexOptions(source["options"], path.child("options"))
        case "azureDisk": checkAzureDisk(source, path)
        case "storageos":
            for field in ["volumeName", "volumeNamespace"] where source[field].text.isEmpty == false {
                errors.invalid(path.child(field), source[field].text, each: NameRules.dns1123Label(source[field].text))
            }
            checkSecretName(source["secretRef"], path.child("secretRef"))
        default: break
        }
    }

    private mutating func checkISCSI(_ source: JSON, _ volume: String, _ path: FieldPath, _ volumePath: FieldPath) {
        let qualifiedName = source["iqn"].text
        if qualifiedName.isEmpty == false { checkInitiator(qualifiedName, path.child("iqn")) }
        if let unit = source["lun"].int, unit < 0 || unit > 255 {
            errors.invalid(path.child("lun"), .integer(unit), NameRules.inclusiveRange(0, 255))
        }
        if source["chapAuthDiscovery"].isTrue || source["chapAuthSession"].isTrue, source["secretRef"].isNull {
            errors.required(path.child("secretRef"))
        }
        guard let initiator = source["initiatorName"].string else { return }
        checkInitiator(initiator, path.child("initiatorname"))
        if "\(volume):\(source["targetPortal"].text)".utf8.count > 64 {
            errors.invalid(
                volumePath.child("name"), .string(volume),
                "Total length of <volume name>:<iscsi.targetPortal> must be under 64 characters if "
                    + "iscsi.initiatorName is specified.")
        }
    }

    private mutating func checkInitiator(_ name: String, _ path: FieldPath) {
        let rest = name.utf8.dropFirst(4)
        switch name.prefix(3) {
        case "iqn":
            if name.hasPrefix("iqn.") == false || name.contains(":") == false {
                errors.invalid(path, .string(name), "must be valid format")
            }
        case "eui", "naa":
            let length = name.hasPrefix("eui") ? 16 : 32
            if rest.count != length || rest.allSatisfy(NameRules.isAlphanumeric) == false {
                errors.invalid(path, .string(name), "must be valid format")
            }
        default: errors.invalid(path, .string(name), "must be valid format starting with iqn, eui, or naa")
        }
    }

    private mutating func checkFlocker(_ source: JSON, _ path: FieldPath) {
        let name = source["datasetName"].text
        let identifier = source["datasetUUID"].text
        if name.isEmpty && identifier.isEmpty {
            errors.required(path, "one of datasetName and datasetUUID is required")
        }
        if name.isEmpty == false, identifier.isEmpty == false {
            errors.invalid(path, "resource", "datasetName and datasetUUID can not be specified simultaneously")
        }
        if name.contains("/") { errors.invalid(path.child("datasetName"), .string(name), "must not contain '/'") }
    }

    private mutating func checkQuobyte(_ source: JSON, _ path: FieldPath) {
        let registry = source["registry"].text
        let detail = "must be a host:port pair or multiple pairs separated by commas"
        if registry.isEmpty {
            errors.required(path.child("registry"), detail)
        } else if source["tenant"].text.utf8.count >= 65 {
            errors.required(path.child("tenant"), "must be a UUID and may not exceed a length of 64 characters")
        } else {
            for pair in registry.split(separator: ",", omittingEmptySubsequences: false)
            where pair.contains(":") == false {
                errors.invalid(path.child("registry"), .string(registry), detail)
            }
        }
        errors.require(path.child("volume"), source["volume"].text)
    }

    private mutating func checkFibreChannel(_ source: JSON, _ path: FieldPath) {
        let names = source["targetWWNs"]
        if names.isAbsentOrEmpty, source["wwids"].isAbsentOrEmpty {
            errors.required(path.child("targetWWNs"), "must specify either targetWWNs or wwids, but not both")
        }
        if names.isAbsentOrEmpty { return }
        if source["wwids"].isAbsentOrEmpty == false {
            errors.invalid(
                path.child("targetWWNs"), names, "targetWWNs and wwids can not be specified simultaneously")
        }
        guard let unit = source["lun"].int else {
            return errors.required(path.child("lun"), "lun is required if targetWWNs is specified")
        }
        if unit < 0 || unit > 255 {
            errors.invalid(path.child("lun"), .integer(unit), NameRules.inclusiveRange(0, 255))
        }
    }

    private mutating func checkFlexOptions(_ options: JSON, _ path: FieldPath) {
        for (key, _) in options.entries {
            let domain = "." + (key.split(separator: "/", maxSplits: 1).first ?? "").lowercased()
            if domain.hasSuffix(".kubernetes.io") || domain.hasSuffix(".k8s.io") {
                errors.invalid(
                    path.key(key), .string(key), "kubernetes.io and k8s.io namespaces are reserved")
            }
        }
    }

    private mutating func checkAzureDisk(_ source: JSON, _ path: FieldPath) {
        let modes = ["None", "ReadOnly", "ReadWrite"]
        let kinds = ["Dedicated", "Managed", "Shared"]
        if let mode = source["cachingMode"].string, modes.contains(mode) == false {
            errors.notSupported(path.child("cachingMode"), mode, modes)
        }
        guard let kind = source["kind"].string else { return }
        if kinds.contains(kind) == false { errors.notSupported(path.child("kind"), kind, kinds) }
        let disk = source["diskURI"].text
        if kind == "Managed", disk.hasPrefix("/subscriptions/") == false {
            errors.notSupported(
                path.child("diskURI"), disk,
                [
                    "/subscriptions/{sub-id}/resourcegroups/{group-name}/providers/microsoft.compute/disks/{disk-id}"
                ])
        } else if kind != "Managed", disk.hasPrefix("https://") == false {
            errors.notSupported(
                path.child("diskURI"), disk,
                ["https://{account-name}.blob.core.windows.net/{container-name}/{disk-name}.vhd"])
        }
    }
}
