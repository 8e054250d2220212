import PintleObjects

extension PodRules {
    mutating func checkContainers(_ path: FieldPath) {
        let containers = spec["containers"].items
        if containers.isEmpty { return errors.required(path) }
        var names: Set<String> = []
        for (index, container) in containers.enumerated() {
            checkContainer(container, path[index])
            checkUnique(container["name"].text, path[index].child("name"), &names)
            checkLifecycle(container["lifecycle"], path[index].child("lifecycle"))
            checkProbes(of: container, path[index])
            checkRestartPolicy(of: container, path[index])
        }
        checkUniqueHostPorts(of: containers, path)
    }

    mutating func checkInitContainers(_ path: FieldPath) {
        var names = Set(spec["containers"].items.map { $0["name"].text })
        for (index, container) in spec["initContainers"].items.enumerated() {
            let path = path[index]
            checkContainer(container, path)
            checkRestartPolicy(of: container, path)
            let name = container["name"].text
            if names.contains(name) || name.isEmpty == false {
                checkUnique(name, path.child("name"), &names)
            }
            checkUniqueHostPorts(of: [container], .spec.child("initContainers"))
            if container["restartPolicy"].text == "Always" {
                checkLifecycle(container["lifecycle"], path.child("lifecycle"))
                checkProbes(of: container, path)
            } else {
                for field in ["lifecycle", "livenessProbe", "readinessProbe", "startupProbe"]
                where container[field].isSet {
                    errors.forbidden(
                        path.child(field), "may not be set for init containers without restartPolicy=Always")
                }
            }
        }
    }

    mutating func checkEphemeralContainers(_ path: FieldPath) {
        let others = (spec["containers"].items + spec["initContainers"].items).map { $0["name"].text }
        var names = Set(others)
        for (index, container) in spec["ephemeralContainers"].items.enumerated() {
            let path = path[index]
            checkContainer(container, path)
            checkImageWhitespace(container, path)
            checkUnique(container["name"].text, path.child("name"), &names)
            let target = container["targetContainerName"].text
            if target.isEmpty == false, others.contains(target) == false {
                errors.notFound(path.child("targetContainerName"), target)
            }
            for field in Self.fieldsForbiddenInEphemeral where container[field].isAbsentOrEmpty == false {
                errors.forbidden(path.child(field), "cannot be set for an Ephemeral Container")
            }
            for (number, mount) in container["volumeMounts"].items.enumerated() {
                for field in ["subPath", "subPathExpr"] where mount[field].text.isEmpty == false {
                    errors.forbidden(
                        path.child("volumeMounts")[number].child(field), "cannot be set for an Ephemeral Container")
                }
            }
        }
    }

    /// What an ephemeral container can't have, because the pod doesn't depend on it.
    private static let fieldsForbiddenInEphemeral = [
        "ports", "resources", "resizePolicy", "restartPolicy", "restartPolicyRules", "livenessProbe", "readinessProbe",
        "startupProbe", "lifecycle",
    ]

    /// What holds for containers of every sort.
    private mutating func checkContainer(_ container: JSON, _ path: FieldPath) {
        let name = container["name"].text
        if errors.require(path.child("name"), name) {
            errors.invalid(path.child("name"), name, each: NameRules.dns1123Label(name))
        }
        errors.require(path.child("image"), container["image"].text)
        errors.oneOf(
            path.child("terminationMessagePolicy"), container["terminationMessagePolicy"].text,
            ["File", "FallbackToLogsOnError"])
        checkPorts(container["ports"], path.child("ports"))
        checkEnvironment(container["env"], path.child("env"))
        checkEnvironmentSources(container["envFrom"], path.child("envFrom"))
        checkMounts(of: container, path.child("volumeMounts"))
        checkDevices(of: container, path.child("volumeDevices"))
        errors.oneOf(
            path.child("imagePullPolicy"), container["imagePullPolicy"].text, ["Always", "IfNotPresent", "Never"])
        checkResources(container["resources"], path.child("resources"))
        checkResizePolicy(container["resizePolicy"], path.child("resizePolicy"))
        checkSecurityContext(container["securityContext"], path.child("securityContext"))
    }

    private mutating func checkUnique(_ name: String, _ path: FieldPath, _ names: inout Set<String>) {
        if names.insert(name).inserted == false { errors.duplicate(path, .string(name)) }
    }

    /// A container's own restart policy and the exit codes that it makes exceptions for.
    private mutating func checkRestartPolicy(of container: JSON, _ path: FieldPath) {
        let rules = container["restartPolicyRules"].items
        guard let policy = container["restartPolicy"].string else {
            if rules.isEmpty == false {
                errors.required(
                    path.child("restartPolicy"), "must specify restartPolicy when restart rules are used")
            }
            return
        }
        if ["Always", "Never", "OnFailure"].contains(policy) == false {
            errors.notSupported(path.child("restartPolicy"), policy, ["Always", "Never", "OnFailure"])
        }
        let rulesPath = path.child("restartPolicyRules")
        if rules.count > 20 { errors.tooMany(rulesPath, count: rules.count, maximum: 20) }
        for (index, rule) in rules.enumerated() {
            errors.oneOf(rulesPath[index].child("action"), rule["action"].text, ["Restart"])
            let codes = rulesPath[index].child("exitCodes")
            if rule["exitCodes"].isNull {
                errors.required(codes, "must be specified")
                continue
            }
            errors.oneOf(codes.child("operator"), rule["exitCodes"]["operator"].text, ["In", "NotIn"])
            let values = rule["exitCodes"]["values"].items
            if values.isEmpty { errors.required(codes.child("values"), "must specify at least one value") }
            if values.count > 255 { errors.tooMany(codes.child("values"), count: values.count, maximum: 255) }
        }
    }

    mutating func checkPorts(_ ports: JSON, _ path: FieldPath) {
        var names: Set<String> = []
        for (index, port) in ports.items.enumerated() {
            let path = path[index]
            let name = port["name"].text
            if name.isEmpty == false {
                let messages = NameRules.portName(name)
                errors.invalid(path.child("name"), name, each: messages)
                if messages.isEmpty { checkUnique(name, path.child("name"), &names) }
            }
            let number = port["containerPort"].int ?? 0
            if number == 0 { errors.required(path.child("containerPort")) }
            for (field, number) in [("containerPort", number), ("hostPort", port["hostPort"].int ?? 0)]
            where number != 0 {
                if number < 1 || number > 65535 {
                    errors.invalid(path.child(field), .integer(number), NameRules.inclusiveRange(1, 65535))
                }
            }
            errors.oneOf(path.child("protocol"), port["protocol"].text, ["SCTP", "TCP", "UDP"])
        }
    }

    private mutating func checkUniqueHostPorts(of containers: [JSON], _ path: FieldPath) {
        var taken: Set<String> = []
        for (index, container) in containers.enumerated() {
            for (number, port) in container["ports"].items.enumerated() {
                guard let host = port["hostPort"].int, host != 0 else { continue }
                let text = "\(port["protocol"].text)/\(port["hostIP"].text)/\(host)"
                checkUnique(text, path[index].child("ports")[number].child("hostPort"), &taken)
            }
        }
    }

    /// With the host's network a container's port is the host's.
    mutating func checkHostPorts(_ path: FieldPath) {
        guard spec["hostNetwork"].isTrue else { return }
        for (index, container) in spec["containers"].items.enumerated() {
            for (number, port) in container["ports"].items.enumerated() {
                let host = port["hostPort"].int ?? 0
                if host != port["containerPort"].int ?? 0 {
                    errors.invalid(
                        path.child("containers")[index].child("ports")[number].child("hostPort"), .integer(host),
                        "must match `containerPort` when `hostNetwork` is true")
                }
            }
        }
    }
}
