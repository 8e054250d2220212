import PintleInterfaces
import PintleSDK
import PintleSystem
import Synchronization

/// The runtime driver: pods as kernel namespaces, each held by one infra process.
///
/// Threads: every function may be called from any thread; one thread of its own reads from all infra processes.
final class RuntimeNamespace: RuntimeImageImportDriver {
    static let id = "dev.pintle.namespace"
    static let version = "1.0.0"

    let settings: RuntimeSettings
    let host: any HostServices
    let store: RecordStore
    let cgroups: Cgroups
    let images: ImageStore
    let events = EventStream()
    let sessions = Sessions()
    let seccomp = SeccompFilter()
    let bootID = Moment.bootID
    private let launcher: InfraLauncher
    let hub: InfraHub
    let objects = Mutex(Objects())
    let samples = Mutex<[String: CPUSample]>([:])

    struct Objects {
        var sandboxes: [String: Sandbox] = [:]
        var containers: [String: Container] = [:]
    }

    init(_ context: OpenContext) throws {
        host = context.host
        settings = try RuntimeSettings(context)
        store = RecordStore(runDirectory: settings.runDirectory, dataDirectory: settings.dataDirectory)
        do throws(SystemError) {
            try store.prepare()
            cgroups = Cgroups(layout: try CgroupLayout.current())
            launcher = try InfraLauncher(program: settings.infra)
            hub = try InfraHub()
        } catch {
            throw DriverFailure(.unavailable, reason: "OpenFailed", "\(error)", errno: error.errno)
        }
        let found = Self.read(store)
        do throws(ImageError) {
            var inUse: [String: [String]] = [:]
            for container in found.flatMap(\.containers) { inUse[container.id] = container.layers }
            images = try ImageStore.open(settings.images, inUse: inUse)
        } catch { throw error.driverFailure }
        for problem in images.problems { host.log(.warning, "image store: \(problem)") }
        do {
            try hub.start(
                InfraHub.Handlers(
                    exited: { [weak self] in self?.heardExit($0, $1) },
                    logged: { [weak self] in self?.heardLog($1) },
                    detached: { [weak self] _, session in self?.sessions.hasLeft(session) },
                    gone: { [weak self] in self?.lostInfra($0) }))
            try adopt(found)
        } catch {
            close()
            throw error
        }
    }

    var capabilities: [String] { ["pintle.runtime.image-import/1"] }

    func close() {
        hub.stop()
        images.close()
    }

    func launch(
        _ record: SandboxRecord, namespaces: UInt32, settings: InfraFields, _ patience: Patience
    ) throws(LaunchFailure) -> InfraLauncher.Infra {
        try launcher.launch(
            sandbox: record.id, directory: store.directory(sandbox: record.id), namespaces: namespaces,
            users: record.userBase, settings: settings, patience)
    }

    // MARK: Finding

    func sandbox(_ id: String) throws(DriverFailure) -> Sandbox {
        guard let sandbox = objects.withLock({ $0.sandboxes[id] }) else {
            throw DriverFailure(.notFound, reason: "SandboxNotFound", "no sandbox \(id)")
        }
        return sandbox
    }

    func container(_ id: String) throws(DriverFailure) -> Container {
        guard let container = objects.withLock({ $0.containers[id] }) else {
            throw DriverFailure(.notFound, reason: "ContainerNotFound", "no container \(id)")
        }
        return container
    }

    /// The infra process of a running container.
    func infra(of container: Container) throws(DriverFailure) -> LiveInfra {
        guard container.record.state == .running, let infra = container.sandbox.infra else {
            throw DriverFailure(.conflict, reason: "ContainerNotRunning", "the container \(container.id) does not run")
        }
        return infra
    }

    func containers(of sandbox: String) -> [Container] {
        objects.withLock { $0.containers.values.filter { $0.sandbox.id == sandbox } }.sorted { $0.id < $1.id }
    }
}

extension Call {
    /// How long the caller waits.
    var patience: Patience { Patience(deadline: deadline, cancelDescriptor: cancelDescriptor) }
}

extension SystemError {
    /// The failure that the host sees.
    var driverFailure: DriverFailure {
        let code: DriverFailure.Code =
            switch errno {
            case 12, 24, 23, 28, 122: .resource  // ENOMEM, EMFILE, ENFILE, ENOSPC, EDQUOT
            case 1, 13: .permission  // EPERM, EACCES
            default: .internal
            }
        return DriverFailure(code, reason: "SystemCallFailed", description, errno: errno)
    }
}

/// Runs system work and turns its error into the host's.
func systemWork<R>(_ body: () throws(SystemError) -> R) throws(DriverFailure) -> R {
    do { return try body() } catch { throw error.driverFailure }
}
