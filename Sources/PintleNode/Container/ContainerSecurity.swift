internal import PintleInterfaces
internal import PintleObjects

/// What a container's processes may do and whom they run as: the container's own words before the pod's.
///
/// No I/O.
struct ContainerSecurity {
    let pod: JSON
    let container: JSON
    /// Where `Localhost` seccomp profiles lie.
    let seccompDirectory: String

    private var own: JSON { container["securityContext"] }
    private var shared: JSON { pod["spec"]["securityContext"] }

    /// The field of the container, else of the pod.
    private func effective(_ field: String) -> JSON { own[field].isNull ? shared[field] : own[field] }

    /// Builds the runtime's part of the request.
    ///
    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError` for a user that the pod forbids, or a profile
    ///   outside the directory for profiles.
    func make(_ image: RuntimeImage, users: UserRange?) throws(PodFault) -> RuntimeSecurityContext {
        try checkNonRoot(image)
        var security = RuntimeSecurityContext()
        security.privileged = own["privileged"].bool ?? false
        security.addCapabilities = strings(own["capabilities"]["add"])
        security.dropCapabilities = strings(own["capabilities"]["drop"])
        security.namespaces = SandboxRequest.namespaces(pod, users: users)
        if let user = effective("runAsUser").int {
            security.hasRunAsUser = true
            security.runAsUser = user
        }
        if let group = effective("runAsGroup").int {
            security.hasRunAsGroup = true
            security.runAsGroup = group
        }
        security.supplementalGroups = (shared["supplementalGroups"].array ?? []).compactMap { $0.int }
        if let group = shared["fsGroup"].int { security.supplementalGroups.append(group) }
        security.groupsPolicy = shared["supplementalGroupsPolicy"].string == "Strict" ? .strict : .merge
        security.readonlyRootfs = own["readOnlyRootFilesystem"].bool ?? false
        security.noNewPrivs = own["allowPrivilegeEscalation"].bool == false
        security.unmasked = own["procMount"].string == "Unmasked"
        security.seccomp = try seccomp(effective("seccompProfile"))
        security.apparmor = Self.profile(effective("appArmorProfile"))
        security.selinux = Self.label(effective("seLinuxOptions"))
        return security
    }

    private func checkNonRoot(_ image: RuntimeImage) throws(PodFault) {
        guard effective("runAsNonRoot").bool == true else { return }
        let identity = PodIdentity(pod)
        let place =
            "(pod: \"\(identity.name)_\(identity.namespace)(\(identity.uid))\", container: \(container["name"].string ?? ""))"
        if let user = effective("runAsUser").int {
            guard user == 0 else { return }
            throw PodFault(
                "CreateContainerConfigError", "container's runAsUser breaks non-root policy \(place)")
        }
        if !image.hasUid, !image.username.isEmpty {
            throw PodFault(
                "CreateContainerConfigError",
                "container has runAsNonRoot and image has non-numeric user (\(image.username)), cannot verify user is non-root \(place)"
            )
        }
        guard image.hasUid, image.uid != 0 else {
            throw PodFault(
                "CreateContainerConfigError", "container has runAsNonRoot and image will run as root \(place)")
        }
    }

    /// A local profile is named relative to the directory for profiles and can't be outside of it.
    private func seccomp(_ json: JSON) throws(PodFault) -> RuntimeSecurityProfile? {
        guard var profile = Self.profile(json) else { return nil }
        guard profile.type == .localhost else { return profile }
        let name = profile.localhostRef
        guard !name.isEmpty else {
            throw PodFault(
                "CreateContainerConfigError", "localhostProfile must be set if seccompProfile type is Localhost.")
        }
        guard !name.hasPrefix("/"), !name.split(separator: "/").contains(".."), !name.utf8.contains(0) else {
            throw PodFault(
                "CreateContainerConfigError", "seccomp profile \"\(name)\" must be a relative path without \"..\"")
        }
        profile.localhostRef = "\(seccompDirectory)/\(name)"
        return profile
    }

    private static func profile(_ json: JSON) -> RuntimeSecurityProfile? {
        guard let type = json["type"].string else { return nil }
        var profile = RuntimeSecurityProfile()
        profile.type = type == "Unconfined" ? .unconfined : type == "Localhost" ? .localhost : .runtimeDefault
        profile.localhostRef = json["localhostProfile"].string ?? ""
        return profile
    }

    private static func label(_ json: JSON) -> RuntimeSelinuxOptions? {
        guard json.object != nil else { return nil }
        var options = RuntimeSelinuxOptions()
        options.user = json["user"].string ?? ""
        options.role = json["role"].string ?? ""
        options.type = json["type"].string ?? ""
        options.level = json["level"].string ?? ""
        return options
    }

    private func strings(_ json: JSON) -> [String] { (json.array ?? []).compactMap { $0.string } }
}
