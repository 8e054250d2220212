internal import PintleInterfaces
internal import PintleObjects

/// Turns a container of a pod into the request that creates it.
///
/// No I/O.
struct ContainerRequest {
    let pod: JSON
    let identity: PodIdentity
    let container: JSON
    let settings: NodeSettings
    let memoryCapacity: Int64
    /// Where each volume of the pod is, by its name.
    let volumes: [String: String]
    /// Where the parts of volumes are that are mounted by subPath, by the index of the mount.
    var parts: [Int: String] = [:]
    /// Values that the spec's `valueFrom` fields resolve to; see ``ContainerEnvironment``.
    let environment: [(name: String, value: String)]
    /// The id of the container whose processes an ephemeral container sees; empty for none.
    var target = ""

    /// Holds the image as the pod's spec had it when the container was made.
    static let imageAnnotation = "io.kubernetes.container.image"

    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError` for what this node can't do.
    func make(sandbox: String, attempt: Int32, image: RuntimeImage) throws(PodFault) -> RuntimeCreateContainerRequest {
        try checkNonRoot(image)
        let name = container["name"].string ?? ""
        var request = RuntimeCreateContainerRequest()
        request.id = identity.containerID(name, attempt: attempt)
        request.sandboxId = sandbox
        request.name = name
        request.attempt = attempt
        request.image = image.id
        request.userSpecifiedImage = container["image"].string ?? ""
        let variables = Dictionary(environment.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        request.command = strings(container["command"]).map { Expansion.expand($0, variables) }
        request.args = strings(container["args"]).map { Expansion.expand($0, variables) }
        request.workingDir = container["workingDir"].string ?? ""
        request.env = environment.map { pair in
            var variable = RuntimeEnvVar()
            variable.name = pair.name
            variable.value = pair.value
            return variable
        }
        request.mounts = try mounts()
        request.mounts.append(TerminationMessage.mount(container, attempt, settings.podDirectory(identity.uid)))
        request.labels = identity.labels.merging(["io.kubernetes.container.name": name]) { $1 }
        request.annotations = [
            "io.kubernetes.container.restartCount": "\(attempt)",
            Self.imageAnnotation: container["image"].string ?? "",
        ]
        request.logPath = "\(name)/\(attempt).log"
        request.logMaxBytes = UInt64(max(0, settings.logMaxBytes))
        request.logMaxFiles = Int32(clamping: settings.logMaxFiles)
        request.stdin = container["stdin"].bool ?? false
        request.stdinOnce = container["stdinOnce"].bool ?? false
        request.tty = container["tty"].bool ?? false
        request.resources = ContainerResources.runtime(
            container, qos: pod["status"]["qosClass"].string ?? "BestEffort", memoryCapacity: memoryCapacity)
        request.security = security()
        request.stopSignal = container["lifecycle"]["stopSignal"].string ?? ""
        return request
    }

    private func checkNonRoot(_ image: RuntimeImage) throws(PodFault) {
        let own = container["securityContext"], shared = pod["spec"]["securityContext"]
        guard (own["runAsNonRoot"].bool ?? shared["runAsNonRoot"].bool) == true else { return }
        if let user = own["runAsUser"].int ?? shared["runAsUser"].int {
            guard user == 0 else { return }
            throw PodFault("CreateContainerConfigError", "container's runAsUser breaks non-root policy")
        }
        if !image.username.isEmpty, image.username != "root" {
            throw PodFault(
                "CreateContainerConfigError",
                "container has runAsNonRoot and image has non-numeric user (\(image.username)), cannot verify user is non-root"
            )
        }
        guard image.hasUid, image.uid != 0 else {
            throw PodFault("CreateContainerConfigError", "container has runAsNonRoot and image will run as root")
        }
    }

    private func mounts() throws(PodFault) -> [RuntimeMount] {
        var mounts: [RuntimeMount] = []
        func bind(_ host: String, _ path: String, readonly: Bool) -> RuntimeMount {
            var mount = RuntimeMount()
            mount.hostPath = host
            mount.containerPath = path
            mount.readonly = readonly
            return mount
        }
        var taken: Set<String> = []
        // What the node writes can't be written by containers.
        let written = Set(
            (pod["spec"]["volumes"].array ?? []).filter(VolumeContents.has).map { $0["name"].string ?? "" })
        for (index, entry) in (container["volumeMounts"].array ?? []).enumerated() {
            let volume = entry["name"].string ?? ""
            guard let source = parts[index] ?? volumes[volume] else {
                throw PodFault("CreateContainerConfigError", "volume \"\(volume)\" is not set up")
            }
            let path = entry["mountPath"].string ?? ""
            taken.insert(path)
            let readonly = entry["readOnly"].bool == true || written.contains(volume)
            var mount = bind(source, path.hasPrefix("/") ? path : "/\(path)", readonly: readonly)
            switch entry["mountPropagation"].string {
            case "HostToContainer": mount.propagation = .hostToContainer
            case "Bidirectional": mount.propagation = .bidirectional
            default: break
            }
            if entry["recursiveReadOnly"].string == "Enabled" || entry["recursiveReadOnly"].string == "IfPossible" {
                mount.recursiveReadonly = mount.readonly
            }
            mounts.append(mount)
        }
        let own = settings.podDirectory(identity.uid)
        if !taken.contains("/etc/hosts"), pod["spec"]["hostNetwork"].bool != true {
            mounts.append(bind("\(own)/etc/hosts", "/etc/hosts", readonly: false))
        }
        for file in ["resolv.conf", "hostname"] where !taken.contains("/etc/\(file)") {
            mounts.append(bind("\(own)/etc/\(file)", "/etc/\(file)", readonly: false))
        }
        return mounts
    }

    private func security() -> RuntimeSecurityContext {
        let own = container["securityContext"]
        let shared = pod["spec"]["securityContext"]
        var security = RuntimeSecurityContext()
        security.privileged = own["privileged"].bool ?? false
        security.addCapabilities = strings(own["capabilities"]["add"])
        security.dropCapabilities = strings(own["capabilities"]["drop"])
        var namespaces = SandboxRequest.namespaces(pod)
        if !target.isEmpty, namespaces.pid == .container {
            namespaces.pid = .target
            namespaces.targetContainerId = target
        }
        security.namespaces = namespaces
        if let user = own["runAsUser"].int ?? shared["runAsUser"].int {
            security.hasRunAsUser = true
            security.runAsUser = user
        }
        if let group = own["runAsGroup"].int ?? shared["runAsGroup"].int {
            security.hasRunAsGroup = true
            security.runAsGroup = group
        }
        security.supplementalGroups = (shared["supplementalGroups"].array ?? []).compactMap { $0.int }
        if let group = shared["fsGroup"].int { security.supplementalGroups.append(group) }
        security.groupsPolicy = shared["supplementalGroupsPolicy"].string == "Strict" ? .strict : .merge
        security.readonlyRootfs = own["readOnlyRootFilesystem"].bool ?? false
        security.noNewPrivs = own["allowPrivilegeEscalation"].bool == false
        security.unmasked = own["procMount"].string == "Unmasked"
        security.seccomp = Self.profile(own["seccompProfile"].isNull ? shared["seccompProfile"] : own["seccompProfile"])
        return security
    }

    private static func profile(_ json: JSON) -> RuntimeSecurityProfile? {
        guard let type = json["type"].string else { return nil }
        var profile = RuntimeSecurityProfile()
        profile.type = type == "Unconfined" ? .unconfined : type == "Localhost" ? .localhost : .runtimeDefault
        profile.localhostRef = json["localhostProfile"].string ?? ""
        return profile
    }

    private func strings(_ json: JSON) -> [String] { (json.array ?? []).compactMap { $0.string } }
}

/// Why a pod can't go on: a reason that Kubernetes' users know, and a sentence.
struct PodFault: Error, Sendable, Hashable {
    let reason: String
    let message: String

    init(_ reason: String, _ message: String) {
        self.reason = reason
        self.message = message
    }
}
