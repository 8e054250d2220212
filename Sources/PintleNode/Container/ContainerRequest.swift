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
    /// The id of each image that is mounted as a volume, by the volume's name.
    var volumeImages: [String: String] = [:]
    /// The pod's range of user ids; nil means the node's users.
    var users: UserRange?

    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError` for what this node can't do.
    func make(sandbox: String, attempt: Int32, image: RuntimeImage) throws(PodFault) -> RuntimeCreateContainerRequest {
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
        var mounts = try mounts()
        mounts.append(TerminationMessage.mount(container, attempt, settings.podDirectory(identity.uid)))
        request.mounts = users?.mapped(mounts) ?? mounts
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
            container, pod: pod, memoryCapacity: memoryCapacity)
        request.security = try ContainerSecurity(
            pod: pod, container: container, seccompDirectory: settings.seccompDirectory
        ).make(image, users: users)
        if !target.isEmpty, request.security?.namespaces?.pid == .container {
            request.security?.namespaces?.pid = .target
            request.security?.namespaces?.targetContainerId = target
        }
        request.stopSignal = container["lifecycle"]["stopSignal"].string ?? ""
        return request
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
            if let image = volumeImages[volume] {
                taken.insert(entry["mountPath"].string ?? "")
                mounts.append(imageMount(entry, image))
                continue
            }
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

    /// The image itself, or the part of it that `subPath` names.
    private func imageMount(_ entry: JSON, _ image: String) -> RuntimeMount {
        var mount = RuntimeMount()
        let path = entry["mountPath"].string ?? ""
        mount.containerPath = path.hasPrefix("/") ? path : "/\(path)"
        mount.image = image
        mount.imageSubPath = entry["subPath"].string ?? ""
        mount.readonly = true
        return mount
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
