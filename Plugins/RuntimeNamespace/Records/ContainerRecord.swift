import PintleInterfaces
import PintleObjects
import PintleSystem

/// What the driver knows about a container; kept in `RUN-DIR/sandboxes/SANDBOX/ID.json`, beside the specifications
/// `ID.start` and `ID.session`.
struct ContainerRecord: Sendable, Hashable {
    var id: String
    var sandboxID: String
    var name: String
    var attempt: Int32
    var image: String
    var imageID: String
    var imageRef: String
    /// The layers in use, topmost first.
    var layers: [String]
    var state: RuntimeContainerState = .created
    var createdAt: Int64
    var startedAt: Int64 = 0
    var finishedAt: Int64 = 0
    var exitCode: Int32 = 0
    var signal: Int32 = 0
    var reason = ""
    var message = ""
    var labels: [String: String]
    var annotations: [String: String]
    var mounts: [RuntimeMount]
    /// Absolute; empty means no log.
    var logPath: String
    var logMaxBytes: UInt64
    var logMaxFiles: Int32
    var stdin: Bool
    var stdinOnce: Bool
    var tty: Bool
    var resources: RuntimeResources?
    var stopSignal: Int32
    var pid: Int32 = 0
    var user: User?
    var pidMode: RuntimeNamespaceMode
    var pidTarget: String
    /// Why its log can't be written; not kept on the disk, since the infra process knows it.
    var logTrouble = ""

    struct User: Sendable, Hashable {
        var uid: UInt32
        var gid: UInt32
        var groups: [UInt32]
    }

    init(
        _ request: RuntimeCreateContainerRequest, sandbox: SandboxRecord, image: StoredImage, layers: [String],
        stopSignal: Int32
    ) {
        id = request.id
        sandboxID = request.sandboxId
        name = request.name
        attempt = request.attempt
        self.image = request.userSpecifiedImage.isEmpty ? request.image : request.userSpecifiedImage
        imageID = image.id
        imageRef = image.repoDigests.first ?? image.id
        self.layers = layers
        createdAt = Moment.wall
        labels = request.labels
        annotations = request.annotations
        mounts = request.mounts
        logPath = request.logPath.isEmpty ? "" : "\(sandbox.logDirectory)/\(request.logPath)"
        logMaxBytes = request.logMaxBytes
        logMaxFiles = request.logMaxFiles
        stdin = request.stdin
        stdinOnce = request.stdinOnce
        tty = request.tty
        resources = request.resources
        self.stopSignal = stopSignal
        let namespaces = request.security?.namespaces
        pidMode = namespaces?.pid ?? sandbox.namespaces.pid
        pidTarget = namespaces?.targetContainerId ?? ""
    }

    /// Whether a request is for this container.
    func matches(_ request: RuntimeCreateContainerRequest) -> Bool {
        sandboxID == request.sandboxId && name == request.name && attempt == request.attempt
    }
}

extension ContainerRecord {
    init?(json: JSON) {
        guard let id = json["id"].string, let sandbox = json["sandbox"].string else { return nil }
        self.id = id
        sandboxID = sandbox
        name = json["name"].string ?? ""
        attempt = json["attempt"].int32
        image = json["image"].string ?? ""
        imageID = json["imageID"].string ?? ""
        imageRef = json["imageRef"].string ?? ""
        layers = (json["layers"].array ?? []).compactMap(\.string)
        state = RuntimeContainerState(rawValue: json["state"].int32)
        createdAt = json["createdAt"].int ?? 0
        startedAt = json["startedAt"].int ?? 0
        finishedAt = json["finishedAt"].int ?? 0
        exitCode = json["exitCode"].int32
        signal = json["signal"].int32
        reason = json["reason"].string ?? ""
        message = json["message"].string ?? ""
        labels = json["labels"].map
        annotations = json["annotations"].map
        mounts = (json["mounts"].array ?? []).map(\.mount)
        logPath = json["logPath"].string ?? ""
        logMaxBytes = UInt64(clamping: json["logMaxBytes"].int ?? 0)
        logMaxFiles = json["logMaxFiles"].int32
        stdin = json["stdin"].bool ?? false
        stdinOnce = json["stdinOnce"].bool ?? false
        tty = json["tty"].bool ?? false
        resources = json["resources"].resources
        stopSignal = json["stopSignal"].int32
        pid = json["pid"].int32
        pidMode = RuntimeNamespaceMode(rawValue: json["pidMode"].int32)
        pidTarget = json["pidTarget"].string ?? ""
        if json["user"].object != nil {
            let user = json["user"]
            self.user = User(
                uid: UInt32(clamping: user["uid"].int ?? 0), gid: UInt32(clamping: user["gid"].int ?? 0),
                groups: user["groups"].numbers)
        }
    }

    var json: JSON {
        var json: JSON = [
            "id": .string(id), "sandbox": .string(sandboxID), "name": .string(name),
            "attempt": .integer(Int64(attempt)),
            "image": .string(image), "imageID": .string(imageID), "imageRef": .string(imageRef),
            "layers": JSON(texts: layers), "state": .integer(Int64(state.rawValue)), "createdAt": .integer(createdAt),
            "startedAt": .integer(startedAt), "finishedAt": .integer(finishedAt), "exitCode": .integer(Int64(exitCode)),
            "signal": .integer(Int64(signal)), "reason": .string(reason), "message": .string(message),
            "labels": JSON(labels), "annotations": JSON(annotations), "mounts": .array(mounts.map { JSON($0) }),
        ]
        json["logPath"] = .string(logPath)
        json["logMaxBytes"] = .integer(Int64(clamping: logMaxBytes))
        json["logMaxFiles"] = .integer(Int64(logMaxFiles))
        json["stdin"] = .bool(stdin)
        json["stdinOnce"] = .bool(stdinOnce)
        json["tty"] = .bool(tty)
        json["resources"] = resources.map { JSON($0) } ?? .null
        json["stopSignal"] = .integer(Int64(stopSignal))
        json["pid"] = .integer(Int64(pid))
        json["pidMode"] = .integer(Int64(pidMode.rawValue))
        json["pidTarget"] = .string(pidTarget)
        if let user {
            json["user"] = [
                "uid": .integer(Int64(user.uid)), "gid": .integer(Int64(user.gid)),
                "groups": JSON(numbers: user.groups),
            ]
        }
        return json
    }
}
