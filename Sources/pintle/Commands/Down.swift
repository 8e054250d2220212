internal import ArgumentParser
internal import Glibc
internal import Logging
internal import PintleHost
internal import PintleInterfaces
internal import PintleLedger

/// `pintle down`.
struct Down: AsyncParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Ends every pod of a node through its drivers, whether or not pintle runs, and empties the ledger.")

    @OptionGroup var node: NodeOptions

    @Flag(name: .long, help: "Deletes the data directory too.")
    var purge = false

    func run() async throws {
        let path = NodeDirectory.absolute(node.dataDir)
        guard access(path, F_OK) == 0 else {
            print("There is no data directory \(path): nothing to end.")
            return
        }
        try await stopRunning(path)
        let options = node
        let logger = Up.logger("warning", .text)
        let drivers = try await onOwnThread { try NodeDrivers(options, create: false, logger: logger) }
        let pods = try await PodRemoval(drivers).run()
        drivers.close()
        print("\(pods) \(pods == 1 ? "pod" : "pods") ended.")
        let run = drivers.directory.runDirectory
        try await onOwnThread { try RunDirectory.remove(run) }
        if purge {
            try await onOwnThread { try DirectoryRemoval.remove(path) }
            print("\(path) deleted.")
        }
    }

    /// Asks a running node to stop, and waits until it has.
    private func stopRunning(_ path: String) async throws {
        guard let pid = NodeDirectory.holder(path) else { return }
        kill(pid, SIGTERM)
        for _ in 0..<300 {
            if NodeDirectory.holder(path) == nil { return }
            try await Task.sleep(for: .milliseconds(100))
        }
        throw Failure("process \(pid) has \(path) and did not stop within 30 s of SIGTERM; kill it and try again")
    }
}

/// Ends everything that the drivers list.
private struct PodRemoval {
    let host: DriverHost
    let drivers: NodeDrivers

    init(_ drivers: NodeDrivers) {
        self.drivers = drivers
        host = drivers.host
    }

    func run() async throws -> Int {
        let sandboxes = try await host.runtime.listSandboxes(RuntimeSandboxFilter())
        await withTaskGroup(of: Void.self) { group in
            for sandbox in sandboxes { group.addTask { await end(sandbox) } }
        }
        for storage in host.storages {
            for volume in try await storage.listPublished(StoragePublishedFilter()) {
                var request = StorageUnpublishRequest()
                request.volumeId = volume.volumeId
                request.targetPath = volume.targetPath
                request.deleteData = true
                try await storage.unpublish(request)
            }
        }
        for network in host.networks { _ = try await network.gc(NetworkGcRequest()) }
        for row in try drivers.ledger.contents().intents {
            try drivers.ledger.forget(driver: row.intent.driver, object: row.intent.object)
        }
        let left = try await host.runtime.listSandboxes(RuntimeSandboxFilter())
        guard left.isEmpty else {
            throw Failure(
                "\(left.count) pods could not be ended, the first is \(left[0].podNamespace)/\(left[0].name); run it again"
            )
        }
        return sandboxes.count
    }

    private func end(_ sandbox: RuntimeSandboxStatus) async {
        var containers = RuntimeContainerFilter()
        containers.sandboxId = sandbox.id
        let running = (try? await host.runtime.listContainers(containers)) ?? []
        await withTaskGroup(of: Void.self) { group in
            for container in running where container.state == .running {
                group.addTask {
                    var stop = RuntimeStopContainerRequest()
                    stop.id = container.id
                    stop.graceNs = 5_000_000_000
                    try? await host.runtime.stopContainer(stop)
                }
            }
        }
        var ref = RuntimeSandboxRef()
        ref.id = sandbox.id
        do {
            try await host.runtime.stopSandbox(ref)
            for (index, network) in host.networks.enumerated().reversed() {
                var request = NetworkDetachRequest()
                request.attachmentId = "\(sandbox.id)/\(index)/eth0"
                request.sandboxId = sandbox.id
                request.interface = "eth0"
                request.namespaceEnding = true
                try await network.detach(request)
            }
            try await host.runtime.removeSandbox(ref)
        } catch {
            print("pod \(sandbox.podNamespace)/\(sandbox.name): \(error)")
        }
    }
}
