import PintleInterfaces
import PintleObjects
import PintleSystem

/// What the driver knows about a sandbox; kept in `RUN-DIR/sandboxes/ID/sandbox.json`.
struct SandboxRecord: Sendable, Hashable {
    var id: String
    var name: String
    var namespace: String
    var uid: String
    var attempt: Int32
    /// Nanoseconds since 1970.
    var createdAt: Int64
    var labels: [String: String]
    var annotations: [String: String]
    var runtimeHandler: String
    var hostname: String
    var logDirectory: String
    var cgroupParent: String
    var namespaces: RuntimeNamespaces
    var resources: RuntimeResources?
    /// The kernel's boot id: after another boot nothing of the sandbox is there any more.
    var bootID: String
    var pid: Int32 = 0
    var isReady = false
    /// Why it is not ready.
    var reason = ""
    var message = ""

    init(_ request: RuntimeRunSandboxRequest, bootID: String) {
        id = request.id
        name = request.name
        namespace = request.podNamespace
        uid = request.uid
        attempt = request.attempt
        createdAt = Moment.wall
        labels = request.labels
        annotations = request.annotations
        runtimeHandler = request.runtimeHandler
        hostname = request.hostname
        logDirectory = request.logDirectory
        cgroupParent = request.cgroupParent
        // Absent means the pod's own, and a process tree for each container.
        var standard = RuntimeNamespaces()
        standard.pid = .container
        namespaces = request.namespaces ?? standard
        resources = request.resources
        self.bootID = bootID
    }

    /// Whether a request is for this sandbox: its id is the host's word for name, UID and attempt.
    func matches(_ request: RuntimeRunSandboxRequest) -> Bool {
        name == request.name && namespace == request.podNamespace && uid == request.uid && attempt == request.attempt
            && cgroupParent == request.cgroupParent
    }

    var sharesNodeNetwork: Bool { namespaces.network == .node }
    var sharesNodeIPC: Bool { namespaces.ipc == .node }
    var sharesPIDs: Bool { namespaces.pid == .pod }

    /// How many ids a pod with users of its own has.
    static let userCount: UInt32 = 65_536

    /// The node's id that is 0 in the pod's user namespace; 0 when it uses the node's users.
    var userBase: UInt32 {
        guard let user = namespaces.user, user.mode == .pod else { return 0 }
        return UInt32(clamping: user.uids.first?.hostId ?? 0)
    }

    /// The cgroup of the infra process.
    var cgroup: String { "\(cgroupParent)/\(id)" }

    func containerCgroup(_ container: String) -> String { "\(cgroupParent)/\(container)" }
}

extension SandboxRecord {
    init?(json: JSON) {
        guard let id = json["id"].string, let parent = json["cgroupParent"].string else { return nil }
        self.id = id
        cgroupParent = parent
        name = json["name"].string ?? ""
        namespace = json["namespace"].string ?? ""
        uid = json["uid"].string ?? ""
        attempt = json["attempt"].int32
        createdAt = json["createdAt"].int ?? 0
        labels = json["labels"].map
        annotations = json["annotations"].map
        runtimeHandler = json["runtimeHandler"].string ?? ""
        hostname = json["hostname"].string ?? ""
        logDirectory = json["logDirectory"].string ?? ""
        namespaces = RuntimeNamespaces()
        namespaces.network = RuntimeNamespaceMode(rawValue: json["network"].int32)
        namespaces.pid = RuntimeNamespaceMode(rawValue: json["pidMode"].int32)
        namespaces.ipc = RuntimeNamespaceMode(rawValue: json["ipc"].int32)
        if let base = json["userBase"].int, base > 0 { namespaces.user = Self.userNamespace(base: base) }
        resources = json["resources"].resources
        bootID = json["bootID"].string ?? ""
        pid = json["pid"].int32
        isReady = json["ready"].bool ?? false
        reason = json["reason"].string ?? ""
        message = json["message"].string ?? ""
    }

    private static func userNamespace(base: Int64) -> RuntimeUserNamespace {
        var mapping = RuntimeIdMapping()
        mapping.hostId = base
        mapping.length = Int64(userCount)
        var user = RuntimeUserNamespace()
        user.mode = .pod
        user.uids = [mapping]
        user.gids = [mapping]
        return user
    }

    /// Why a user namespace can't be had, or nil: both maps must give the ids from 0 on the same range.
    static func problem(_ namespaces: RuntimeNamespaces) -> String? {
        guard let user = namespaces.user, user.mode == .pod else { return nil }
        guard let base = user.uids.first?.hostId, base > 0, base <= Int64(UInt32.max - userCount),
            user == userNamespace(base: base)
        else {
            return "a user namespace needs one map, the same for users and groups, of \(userCount) ids from 0 on"
        }
        guard namespaces.network == .pod, namespaces.ipc == .pod, namespaces.pid != .node else {
            return "a pod with users of its own can't share the node's network, IPC or PID namespace"
        }
        return nil
    }

    var json: JSON {
        [
            "id": .string(id), "name": .string(name), "namespace": .string(namespace), "uid": .string(uid),
            "attempt": .integer(Int64(attempt)), "createdAt": .integer(createdAt), "labels": JSON(labels),
            "annotations": JSON(annotations), "runtimeHandler": .string(runtimeHandler), "hostname": .string(hostname),
            "logDirectory": .string(logDirectory), "cgroupParent": .string(cgroupParent),
            "network": .integer(Int64(namespaces.network.rawValue)),
            "pidMode": .integer(Int64(namespaces.pid.rawValue)),
            "ipc": .integer(Int64(namespaces.ipc.rawValue)), "resources": resources.map { JSON($0) } ?? .null,
            "userBase": .integer(Int64(userBase)), "bootID": .string(bootID), "pid": .integer(Int64(pid)),
            "ready": .bool(isReady), "reason": .string(reason),
            "message": .string(message),
        ]
    }

    /// What the host is told.
    ///
    /// The namespace's descriptor is left out.
    var status: RuntimeSandboxStatus {
        var status = RuntimeSandboxStatus()
        status.id = id
        status.name = name
        status.podNamespace = namespace
        status.uid = uid
        status.attempt = attempt
        status.state = isReady ? .ready : .notReady
        status.createdAtNs = createdAt
        status.labels = labels
        status.annotations = annotations
        status.runtimeHandler = runtimeHandler
        status.pid = isReady ? Int64(pid) : 0
        status.namespaces = namespaces
        status.reason = reason
        status.message = message
        return status
    }
}
