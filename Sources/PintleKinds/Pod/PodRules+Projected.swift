import PintleObjects

extension PodRules {
    mutating func checkProjected(_ volume: JSON, _ path: FieldPath) {
        errors.fileMode(path.child("defaultMode"), volume["defaultMode"])
        var paths: Set<String> = []
        for (index, source) in volume["sources"].items.enumerated() {
            checkProjection(source, path, path.child("sources")[index], &paths)
        }
    }

    private mutating func checkProjection(
        _ source: JSON, _ volumePath: FieldPath, _ path: FieldPath, _ paths: inout Set<String>
    ) {
        var count = 0
        for kind in ["secret", "configMap"] where source[kind].isSet {
            count += 1
            let name = source[kind]["name"].text
            errors.require(path.child(kind).child("name"), name)
            checkKeyPaths(source[kind]["items"], path.child(kind).child("items"))
            for item in source[kind]["items"].items {
                claim(item["path"].text, shown: name, volumePath, &paths)
            }
        }
        if source["downwardAPI"].isSet {
            count += 1
            for file in source["downwardAPI"]["items"].items {
                checkDownwardFile(file, path.child("downwardAPI"))
                claim(file["path"].text, shown: file["path"].text, volumePath, &paths)
            }
        }
        if source["serviceAccountToken"].isSet {
            count += 1
            checkToken(source["serviceAccountToken"], volumePath, path.child("serviceAccountToken"))
        }
        if source["clusterTrustBundle"].isSet {
            count += 1
            let bundle = source["clusterTrustBundle"]
            checkTrustBundle(bundle, path.child("clusterTrustBundle"))
            claim(bundle["path"].text, shown: bundle["path"].text, volumePath, &paths)
        }
        if source["podCertificate"].isSet {
            count += 1
            checkCertificate(source["podCertificate"], volumePath, path.child("podCertificate"), &paths)
        }
        if count > 1 { errors.forbidden(path, "may not specify more than 1 volume type per source") }
    }

    /// Two sources may not write the same file.
    private mutating func claim(_ file: String, shown: String, _ path: FieldPath, _ paths: inout Set<String>) {
        guard file.isEmpty == false else { return }
        if paths.insert(file).inserted == false {
            errors.invalid(path, .string(shown), "conflicting duplicate paths")
        }
    }

    private mutating func checkToken(_ token: JSON, _ volumePath: FieldPath, _ path: FieldPath) {
        let seconds = token["expirationSeconds"].int ?? 3600
        if seconds < 600 {
            errors.invalid(
                path.child("expirationSeconds"), .integer(seconds), "may not specify a duration less than 10 minutes")
        }
        if seconds > 1 << 32 {
            errors.invalid(
                path.child("expirationSeconds"), .integer(seconds),
                "may not specify a duration larger than 2^32 seconds")
        }
        let file = token["path"].text
        if errors.require(volumePath.child("path"), file) { checkUnreservedPath(file, volumePath.child("path")) }
    }

    private mutating func checkTrustBundle(_ bundle: JSON, _ path: FieldPath) {
        switch (bundle["name"].string, bundle["signerName"].string) {
        case (.some, .some): errors.invalid(path, bundle, "only one of name and signerName may be used")
        case (let name?, nil):
            errors.require(path.child("name"), name, "must be a valid object name")
            for message in NameRules.dns1123Subdomain(name.split(separator: ":").last.map(String.init) ?? "") {
                errors.invalid(
                    path.child("name"), .string(name), "not a valid clustertrustbundlename: \(message)")
            }
            if bundle["labelSelector"].isSet {
                errors.invalid(
                    path.child("labelSelector"), bundle["labelSelector"],
                    "labelSelector must be unset if name is specified")
            }
        case (nil, let signer?):
            errors.require(path.child("signerName"), signer, "must be a valid signer name")
            MetadataRules.checkSelector(bundle["labelSelector"], path.child("labelSelector"), &errors)
        case (nil, nil): errors.required(path, "either name or signerName must be specified")
        }
        errors.require(path.child("path"), bundle["path"].text)
        checkUnreservedPath(bundle["path"].text, path.child("path"))
    }

    private mutating func checkCertificate(
        _ certificate: JSON, _ volumePath: FieldPath, _ path: FieldPath, _ paths: inout Set<String>
    ) {
        errors.require(path.child("signerName"), certificate["signerName"].text)
        let types = ["ECDSAP256", "ECDSAP384", "ECDSAP521", "ED25519", "RSA3072", "RSA4096"]
        let type = certificate["keyType"].text
        if types.contains(type) == false { errors.notSupported(path.child("keyType"), type, types) }
        var found = false
        for field in ["credentialBundlePath", "keyPath", "certificateChainPath"] {
            let file = certificate[field].text
            guard file.isEmpty == false else { continue }
            found = true
            checkUnreservedPath(file, path.child(field))
            claim(file, shown: file, volumePath, &paths)
        }
        if found == false {
            errors.required(path, "specify at least one of credentialBundlePath, keyPath, and certificateChainPath")
        }
    }
}
