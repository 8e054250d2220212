import Glibc
import PintleObjects
import PintleSystem

/// Where the driver keeps what it must know after a restart.
///
/// ```
/// RUN-DIR/sandboxes/SANDBOX/sandbox.json       the sandbox
/// RUN-DIR/sandboxes/SANDBOX/control            the infra process' socket
/// RUN-DIR/sandboxes/SANDBOX/CONTAINER.json     a container
/// RUN-DIR/sandboxes/SANDBOX/CONTAINER.start    what its start takes
/// RUN-DIR/sandboxes/SANDBOX/CONTAINER.session  what an exec session takes
/// DATA-DIR/containers/CONTAINER/{upper,work}   its writable layer
/// ```
///
/// Records are not synced: after a power cut nothing that they describe is left anyway.
struct RecordStore: Sendable {
    let runDirectory: String
    let dataDirectory: String

    private var sandboxes: String { runDirectory + "/sandboxes" }
    private var containers: String { dataDirectory + "/containers" }

    /// The lowest layer of every container: what is mounted over in each of them, for images that lack it.
    ///
    /// Without it each container's own layer would get these, one by one, at every start. What the image has hides it.
    var baseLayer: String { dataDirectory + "/base" }

    func prepare() throws(SystemError) {
        try FileAccess.makeDirectories(runDirectory, mode: 0o700)
        try FileAccess.makeDirectories(sandboxes, mode: 0o700)
        try FileAccess.makeDirectories(containers, mode: 0o700)
        for directory in ["", "/dev", "/etc", "/proc", "/sys"] {
            try FileAccess.makeDirectories(baseLayer + directory)
            // Containers see these modes, whatever the host's umask is.
            guard chmod(baseLayer + directory, 0o755) == 0 else { throw SystemError("chmod", baseLayer + directory) }
        }
        for file in ["hostname", "hosts", "resolv.conf"] {
            let path = "\(baseLayer)/etc/\(file)"
            if !FileAccess.exists(path) { try FileAccess.replace(path, [], mode: 0o644) }
        }
    }

    func directory(sandbox: String) -> String { "\(sandboxes)/\(sandbox)" }
    func directory(container: String) -> String { "\(containers)/\(container)" }
    func upper(_ container: String) -> String { directory(container: container) + "/upper" }
    func work(_ container: String) -> String { directory(container: container) + "/work" }
    func startFile(_ record: ContainerRecord) -> String { "\(directory(sandbox: record.sandboxID))/\(record.id).start" }
    func sessionFile(_ record: ContainerRecord) -> String {
        "\(directory(sandbox: record.sandboxID))/\(record.id).session"
    }
    private func file(_ record: ContainerRecord) -> String {
        "\(directory(sandbox: record.sandboxID))/\(record.id).json"
    }
    private func file(sandbox: String) -> String { directory(sandbox: sandbox) + "/sandbox.json" }

    // MARK: Writing

    func save(_ record: SandboxRecord) throws(SystemError) {
        try FileAccess.replace(file(sandbox: record.id), record.json.serialized())
    }

    func save(_ record: ContainerRecord) throws(SystemError) {
        try FileAccess.replace(file(record), record.json.serialized())
    }

    /// Makes a writable layer anew: what an earlier try left may not be mounted again.
    ///
    /// `owner` is the node's id of the container's root.
    func makeLayer(_ container: String, owner: UInt32) throws(SystemError) {
        if FileAccess.exists(directory(container: container)) { try removeLayer(container) }
        guard mkdir(directory(container: container), 0o700) == 0 else {
            throw SystemError("mkdir", directory(container: container))
        }
        for path in [upper(container), work(container)] {
            // The upper directory's mode is that of the container's root, whatever the host's umask is.
            guard mkdir(path, 0o755) == 0, chmod(path, 0o755) == 0 else { throw SystemError("mkdir", path) }
        }
        guard owner == 0 || chown(upper(container), owner, owner) == 0 else {
            throw SystemError("chown", upper(container))
        }
    }

    func removeLayer(_ container: String) throws(SystemError) {
        try TreeRemoval.remove(directory(container: container))
    }

    func remove(_ record: ContainerRecord) {
        for path in [startFile(record), sessionFile(record), file(record)] { _ = unlink(path) }
    }

    func remove(sandbox: String) throws(SystemError) { try TreeRemoval.remove(directory(sandbox: sandbox)) }

    // MARK: Reading

    /// The ids of all sandbox directories, also of those without a record.
    func sandboxIDs() -> [String] { FileAccess.names(in: sandboxes).sorted() }

    /// The ids of all writable layers.
    func layerIDs() -> [String] { FileAccess.names(in: containers).sorted() }

    func sandbox(_ id: String) -> SandboxRecord? { json(file(sandbox: id)).flatMap(SandboxRecord.init(json:)) }

    func containers(of sandbox: String) -> [ContainerRecord] {
        FileAccess.names(in: directory(sandbox: sandbox)).sorted().compactMap { name in
            guard name.hasSuffix(".json"), name != "sandbox.json" else { return nil }
            return json("\(directory(sandbox: sandbox))/\(name)").flatMap(ContainerRecord.init(json:))
        }
    }

    private func json(_ path: String) -> JSON? {
        guard let bytes = try? FileAccess.read(path) else { return nil }
        return try? JSON(parsing: bytes)
    }
}
