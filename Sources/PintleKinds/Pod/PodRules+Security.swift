import PintleObjects

extension PodRules {
    mutating func checkPodSecurityContext(_ path: FieldPath) {
        let context = spec["securityContext"]
        for field in ["fsGroup", "runAsUser", "runAsGroup"] { checkIdentity(context[field], path.child(field)) }
        for (index, group) in context["supplementalGroups"].items.enumerated() {
            checkIdentity(group, path.child("supplementalGroups")[index])
        }
        if spec["shareProcessNamespace"].isTrue, spec["hostPID"].isTrue {
            errors.invalid(
                path.child("shareProcessNamespace"), true,
                "ShareProcessNamespace and HostPID cannot both be enabled")
        }
        checkSysctls(context["sysctls"], path.child("sysctls"))
        checkChoice(context["fsGroupChangePolicy"], path.child("fsGroupChangePolicy"), ["Always", "OnRootMismatch"])
        checkProfile(context["seccompProfile"], "seccomp", path.child("seccompProfile"))
        checkProfile(context["appArmorProfile"], "AppArmor", path.child("appArmorProfile"))
        checkChoice(
            context["supplementalGroupsPolicy"], path.child("supplementalGroupsPolicy"), ["Merge", "Strict"])
        checkChoice(context["seLinuxChangePolicy"], path.child("seLinuxChangePolicy"), ["MountOption", "Recursive"])
    }

    mutating func checkSecurityContext(_ context: JSON, _ path: FieldPath) {
        guard context.isSet else { return }
        for field in ["runAsUser", "runAsGroup"] { checkIdentity(context[field], path.child(field)) }
        if let mount = context["procMount"].string {
            if ["Default", "Unmasked"].contains(mount) == false {
                errors.notSupported(path.child("procMount"), mount, ["Default", "Unmasked"])
            }
            if usesHostUsers, mount == "Unmasked" {
                errors.invalid(
                    path.child("procMount"), .string(mount), "`hostUsers` must be false to use `Unmasked`")
            }
        }
        checkProfile(context["seccompProfile"], "seccomp", path.child("seccompProfile"))
        if context["allowPrivilegeEscalation"].bool == false {
            if context["privileged"].isTrue {
                errors.invalid(
                    path, InternalForm.securityContext(context),
                    "cannot set `allowPrivilegeEscalation` to false and `privileged` to true")
            }
            for capability in context["capabilities"]["add"].items where capability.text == "CAP_SYS_ADMIN" {
                errors.invalid(
                    path, InternalForm.securityContext(context),
                    "cannot set `allowPrivilegeEscalation` to false and `capabilities.Add` CAP_SYS_ADMIN")
            }
        }
        checkProfile(context["appArmorProfile"], "AppArmor", path.child("appArmorProfile"))
    }

    private mutating func checkIdentity(_ value: JSON, _ path: FieldPath) {
        guard let number = value.int else { return }
        if number < 0 || number > Int64(Int32.max) {
            errors.invalid(path, value, NameRules.inclusiveRange(0, Int64(Int32.max)))
        }
    }

    private mutating func checkChoice(_ value: JSON, _ path: FieldPath, _ supported: [String]) {
        if let text = value.string, supported.contains(text) == false { errors.notSupported(path, text, supported) }
    }

    /// A seccomp or AppArmor profile: a type, and a local file for one of them.
    private mutating func checkProfile(_ profile: JSON, _ name: String, _ path: FieldPath) {
        guard profile.isSet else { return }
        let type = profile["type"].text
        let file = profile["localhostProfile"].string
        let filePath = path.child("localhostProfile")
        if type.isEmpty {
            let field = name == "seccomp" ? "seccompProfile" : "appArmorProfile"
            errors.required(path.child("type"), "type is required when \(field) is set")
        } else if ["Localhost", "RuntimeDefault", "Unconfined"].contains(type) == false {
            errors.notSupported(path.child("type"), type, ["Localhost", "RuntimeDefault", "Unconfined"])
        }
        if type == "Localhost" {
            guard let file, file.isEmpty == false || name == "seccomp" else {
                return errors.required(filePath, "must be set when \(name) type is Localhost")
            }
            if name == "seccomp" {
                checkLocalPath(file, filePath)
            } else {
                if file.first?.isWhitespace == true || file.last?.isWhitespace == true {
                    errors.invalid(filePath, .string(file), "must not be padded with whitespace")
                }
                if file.utf8.count > 4095 { errors.tooLong(filePath, maximum: 4095) }
            }
        } else if let file {
            let shown = name == "seccomp" ? InternalForm.profile(profile) : .string(file)
            errors.invalid(filePath, shown, "can only be set when \(name) type is Localhost")
        }
    }

    private mutating func checkSysctls(_ sysctls: JSON, _ path: FieldPath) {
        var names: Set<String> = []
        for (index, sysctl) in sysctls.items.enumerated() {
            let path = path[index].child("name")
            let name = sysctl["name"].text
            if name.isEmpty {
                errors.required(path)
            } else if NameRules.isSysctl(name) == false {
                let pattern = #"^([a-z0-9]([-_a-z0-9]*[a-z0-9])?[\./])*[a-z0-9]([-_a-z0-9]*[a-z0-9])?$"#
                errors.invalid(path, .string(name), "must have at most 253 characters and match regex \(pattern)")
            } else if names.contains(name) {
                errors.duplicate(path, .string(name))
            }
            names.insert(name)
            let dotted = String(name.map { $0 == "/" ? "." : $0 })
            if spec["hostNetwork"].isTrue, dotted.hasPrefix("net.") {
                errors.invalid(path, .string(name), "may not be specified when 'hostNetwork' is true")
            }
            let ipc =
                dotted == "kernel.sem" || ["kernel.shm", "kernel.msg", "fs.mqueue."].contains(where: dotted.hasPrefix)
            if spec["hostIPC"].isTrue, ipc {
                errors.invalid(path, .string(name), "may not be specified when 'hostIPC' is true")
            }
        }
    }

    /// A pod with users of its own can't share the host's other namespaces.
    mutating func checkHostUsers(_ path: FieldPath) {
        guard usesHostUsers == false else { return }
        for (field, shown) in [("hostNetwork", "hostNetwork"), ("hostPID", "HostPID"), ("hostIPC", "HostIPC")]
        where spec[field].isTrue {
            errors.forbidden(path.child(shown), "when `pod.Spec.HostUsers` is false")
        }
        for (index, container) in spec["containers"].items.enumerated()
        where container["volumeDevices"].isAbsentOrEmpty == false {
            errors.forbidden(path.child("containers")[index].child("volumeDevices"), "when `hostUsers` is false")
        }
    }

    mutating func checkOperatingSystem(_ path: FieldPath) {
        guard spec["os"].isSet else { return }
        let name = spec["os"]["name"].text
        switch name {
        case "linux":
            for (context, path) in securityContexts(path) where context["windowsOptions"].isSet {
                errors.forbidden(
                    path.child("windowsOptions"), "windows options cannot be set for a linux pod")
            }
        case "windows":
            for field in ["hostUsers", "hostPID", "hostIPC", "shareProcessNamespace"] {
                let value = spec[field]
                if value.isSet, value != .bool(false) || field == "hostUsers" || field == "shareProcessNamespace" {
                    errors.forbidden(path.child(field), "cannot be set for a windows pod")
                }
            }
            for (context, path) in securityContexts(path) {
                for field in Self.unixOnly where context[field].isSet {
                    errors.forbidden(path.child(field), "cannot be set for a windows pod")
                }
            }
        case "": errors.required(path.child("os").child("name"), "cannot be empty")
        default: errors.notSupported(path.child("os"), name, ["linux", "windows"])
        }
    }

    private static let unixOnly = [
        "appArmorProfile", "seLinuxOptions", "seccompProfile", "fsGroup", "fsGroupChangePolicy", "sysctls",
        "capabilities", "readOnlyRootFilesystem", "privileged", "allowPrivilegeEscalation", "procMount", "runAsUser",
        "runAsGroup", "supplementalGroups", "supplementalGroupsPolicy", "seLinuxChangePolicy",
    ]

    /// The security contexts of the pod and of each container, with their places.
    private func securityContexts(_ path: FieldPath) -> [(JSON, FieldPath)] {
        var contexts = [(spec["securityContext"], path.child("securityContext"))]
        for list in ["initContainers", "containers", "ephemeralContainers"] {
            for (index, container) in spec[list].items.enumerated() {
                contexts.append((container["securityContext"], path.child(list)[index].child("securityContext")))
            }
        }
        return contexts
    }
}
