internal import PintleInterfaces
internal import PintleObjects

/// Turns a pod into the request that creates its sandbox.
///
/// No I/O.
enum SandboxRequest {
    static func make(
        _ pod: JSON, _ identity: PodIdentity, attempt: Int32, _ settings: NodeSettings, users: UserRange? = nil
    ) -> RuntimeRunSandboxRequest {
        var request = RuntimeRunSandboxRequest()
        request.id = identity.sandboxID(attempt: attempt)
        request.name = identity.name
        request.podNamespace = identity.namespace
        request.uid = identity.uid
        request.attempt = attempt
        let spec = pod["spec"]
        request.hostname = spec["hostNetwork"].bool == true ? "" : hostname(pod, identity)
        request.logDirectory = "\(settings.logDirectory)/\(identity.logFolder)"
        request.labels = identity.labels
        request.annotations = ["kubernetes.io/config.source": "api"]
        request.cgroupParent = cgroup(pod, identity, settings)
        request.namespaces = namespaces(pod, users: users)
        for entry in spec["securityContext"]["sysctls"].array ?? [] {
            if let name = entry["name"].string, let value = entry["value"].string { request.sysctls[name] = value }
        }
        let containers = spec["containers"].array ?? []
        request.privileged = containers.contains { $0["securityContext"]["privileged"].bool == true }
        request.portMappings = containers.flatMap { ports($0) }
        request.resources = ContainerResources.pod(pod, pidsLimit: settings.podPidsLimit)
        return request
    }

    /// The pod's host name: 63 bytes at most, as Kubernetes cuts it.
    static func hostname(_ pod: JSON, _ identity: PodIdentity) -> String {
        if let name = pod["spec"]["hostnameOverride"].string, !name.isEmpty { return name }
        let name = pod["spec"]["hostname"].string.flatMap { $0.isEmpty ? nil : $0 } ?? identity.name
        guard name.utf8.count > 63 else { return name }
        var cut = name.prefix(63)
        while let last = cut.last, last == "-" || last == "." { cut = cut.dropLast() }
        return String(cut)
    }

    /// The pod's cgroup: pods that may wait for others lie together below a level of their class.
    static func cgroup(_ pod: JSON, _ identity: PodIdentity, _ settings: NodeSettings) -> String {
        switch ContainerResources.qos(pod) {
        case "Guaranteed": "\(settings.cgroupParent)/pod\(identity.uid)"
        case let qos: "\(settings.cgroupParent)/\(qos.lowercased())/pod\(identity.uid)"
        }
    }

    static func namespaces(_ pod: JSON, users: UserRange? = nil) -> RuntimeNamespaces {
        let spec = pod["spec"]
        var namespaces = RuntimeNamespaces()
        namespaces.network = spec["hostNetwork"].bool == true ? .node : .pod
        namespaces.ipc = spec["hostIPC"].bool == true ? .node : .pod
        namespaces.pid =
            spec["hostPID"].bool == true ? .node : spec["shareProcessNamespace"].bool == true ? .pod : .container
        namespaces.user = users?.namespace
        return namespaces
    }

    private static func ports(_ container: JSON) -> [RuntimePortMapping] {
        (container["ports"].array ?? []).compactMap { port in
            guard let inside = port["containerPort"].int, let outside = port["hostPort"].int, outside > 0 else {
                return nil
            }
            var mapping = RuntimePortMapping()
            mapping.protocol =
                port["protocol"].string == "UDP" ? .udp : port["protocol"].string == "SCTP" ? .sctp : .tcp
            mapping.containerPort = Int32(clamping: inside)
            mapping.hostPort = Int32(clamping: outside)
            mapping.hostIp = port["hostIP"].string ?? ""
            return mapping
        }
    }
}
