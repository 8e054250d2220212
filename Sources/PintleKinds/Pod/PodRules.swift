import PintleObjects

/// The rules about a pod, in the order in which Kubernetes checks them.
///
/// A value collects the errors of one pod; each topic is an extension in a file of its own.
struct PodRules {
    let spec: JSON
    let podName: String
    /// The volumes without errors, by name: only these can be mounted.
    var volumes: [String: JSON] = [:]
    var errors = FieldErrors()

    let claims: [String]
    let gracePeriod: Int64?
    let usesHostUsers: Bool
    let restartPolicy: String

    init(_ pod: JSON) {
        spec = pod["spec"]
        podName = pod["metadata"]["name"].text
        claims = spec["resourceClaims"].items.map { $0["name"].text }.filter { $0.isEmpty == false }
        gracePeriod = spec["terminationGracePeriodSeconds"].int
        usesHostUsers = spec["hostUsers"].bool ?? true
        restartPolicy = spec["restartPolicy"].text
    }

    /// The rules for a pod that doesn't exist yet.
    static func validateCreate(_ pod: JSON) -> [FieldError] {
        var errors = validate(pod)
        let spec = pod["spec"]
        if spec["ephemeralContainers"].isAbsentOrEmpty == false {
            errors.forbidden(.spec.child("ephemeralContainers"), "cannot be set on create")
        }
        if spec["nodeName"].text.isEmpty == false, spec["schedulingGates"].isAbsentOrEmpty == false {
            errors.forbidden(.spec.child("nodeName"), "cannot be set until all schedulingGates have been cleared")
        }
        errors.append(PodAnnotationRules.matchFields(pod))
        return errors.all
    }

    /// The rules that hold for every pod, new or changed.
    static func validate(_ pod: JSON) -> FieldErrors {
        var errors = MetadataRules.validate(pod["metadata"], namespaced: true, name: NameRules.dns1123Subdomain)
        errors.append(PodAnnotationRules.validate(pod))
        var rules = PodRules(pod)
        rules.checkSpec()
        rules.checkServiceAccountTokens()
        rules.checkImageWhitespace(in: "containers")
        rules.checkImageWhitespace(in: "initContainers")
        errors.append(rules.errors)
        return errors
    }

    private mutating func checkSpec() {
        let path = FieldPath.spec
        if gracePeriod == nil { errors.required(path.child("terminationGracePeriodSeconds")) }
        checkVolumes(path.child("volumes"))
        checkResourceClaims(path.child("resourceClaims"))
        checkContainers(path.child("containers"))
        checkInitContainers(path.child("initContainers"))
        checkEphemeralContainers(path.child("ephemeralContainers"))
        checkPodResources(path.child("resources"))
        checkHostPorts(path)
        errors.oneOf(path.child("restartPolicy"), restartPolicy, ["Always", "OnFailure", "Never"])
        errors.oneOf(
            path.child("dnsPolicy"), spec["dnsPolicy"].text,
            ["ClusterFirstWithHostNet", "ClusterFirst", "Default", "None"])
        MetadataRules.checkLabels(spec["nodeSelector"], path.child("nodeSelector"), &errors)
        checkPodSecurityContext(path.child("securityContext"))
        checkImagePullSecrets(path.child("imagePullSecrets"))
        checkAffinity(path.child("affinity"))
        checkDNS(path.child("dnsConfig"))
        checkGates(path)
        checkTopologySpread(path.child("topologySpreadConstraints"))
        checkHostUsers(path)
        checkNames(path)
        checkTolerations(spec["tolerations"], path.child("tolerations"))
        checkHostAliases(path.child("hostAliases"))
        checkClasses(path)
        checkOperatingSystem(path)
    }

    /// The names of things that the pod refers to or is known by.
    private mutating func checkNames(_ path: FieldPath) {
        let account = spec["serviceAccountName"].text
        if account.isEmpty == false {
            errors.invalid(path.child("serviceAccountName"), account, each: NameRules.dns1123Subdomain(account))
        }
        let node = spec["nodeName"].text
        if node.isEmpty == false {
            errors.invalid(path.child("nodeName"), node, each: NameRules.dns1123Subdomain(node))
        }
        if let deadline = spec["activeDeadlineSeconds"].int, deadline < 1 || deadline > Int64(Int32.max) {
            errors.invalid(
                path.child("activeDeadlineSeconds"), .integer(deadline),
                NameRules.inclusiveRange(1, Int64(Int32.max)))
        }
        for key in ["hostname", "subdomain"] {
            let name = spec[key].text
            if name.isEmpty == false { errors.invalid(path.child(key), name, each: NameRules.dns1123Label(name)) }
        }
        if let name = spec["hostnameOverride"].string {
            let override = path.child("hostnameOverride")
            errors.invalid(override, name, each: NameRules.dns1123Subdomain(name))
            if name.utf8.count > 64 { errors.tooLong(override, maximum: 64) }
            if spec["setHostnameAsFQDN"].isTrue {
                errors.forbidden(override, "may not be specified when setHostnameAsFQDN is true")
            }
            if spec["hostNetwork"].isTrue {
                errors.forbidden(override, "may not be specified when hostNetwork is true")
            }
        }
    }

    private mutating func checkClasses(_ path: FieldPath) {
        for key in ["priorityClassName", "runtimeClassName"] {
            guard let name = spec[key].string, key == "runtimeClassName" || name.isEmpty == false else { continue }
            errors.invalid(path.child(key), name, each: NameRules.dns1123Subdomain(name))
        }
        if let policy = spec["preemptionPolicy"].string {
            errors.oneOf(path.child("preemptionPolicy"), policy, ["PreemptLowerPriority", "Never"])
        }
        if spec["overhead"].isSet { checkResources(["limits": spec["overhead"]], path.child("overhead")) }
    }

    /// A pod without a service account has nobody to issue a token for.
    private mutating func checkServiceAccountTokens() {
        guard spec["serviceAccountName"].text.isEmpty else { return }
        for (index, volume) in spec["volumes"].items.enumerated() {
            for (number, source) in volume["projected"]["sources"].items.enumerated()
            where source["serviceAccountToken"].isSet {
                errors.forbidden(
                    .spec.child("volumes")[index].child("projected").child("sources")[number].child(
                        "serviceAccountToken"), "must not be specified when serviceAccountName is not set")
            }
        }
    }

    private mutating func checkImageWhitespace(in list: String) {
        for (index, container) in spec[list].items.enumerated() {
            checkImageWhitespace(container, .spec.child(list)[index])
        }
    }

    mutating func checkImageWhitespace(_ container: JSON, _ path: FieldPath) {
        let image = container["image"].text
        if image.first?.isWhitespace == true || image.last?.isWhitespace == true {
            errors.invalid(path.child("image"), .string(image), "must not have leading or trailing whitespace")
        }
    }
}
