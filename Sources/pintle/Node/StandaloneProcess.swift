internal import Glibc
internal import Logging
internal import PintleClient
internal import PintleHost
internal import PintleNode
internal import PintleNodePolicy
internal import PintleObjects

/// A node without an API: the agent, its drivers and the pods of a folder.
struct StandaloneProcess {
    let options: Up
    let logger: Logger

    func run() async throws {
        let stop = StopSignal()
        let (options, logger) = (self.options, self.logger)
        let drivers = try await onOwnThread { try NodeDrivers(options.node, create: true, logger: logger) }
        let policy = drivers.file.configuration.node.policy
        guard !policy.staticPodPath.isEmpty else {
            drivers.close()
            throw Failure("--standalone runs the pods of a folder: set node.staticPodPath in the configuration file")
        }
        let client = MemoryClient { event in
            let object = event["involvedObject"]
            logger.info(
                "\(event["reason"].string ?? ""): \(event["message"].string ?? "")",
                metadata: ["object": "\(object["namespace"].string ?? "")/\(object["name"].string ?? "")"])
        }
        let name = options.nodeName ?? NodeProcess.Parts.hostname()
        let agent = drivers.agent(name: name, client: client, logger: logger)
        let control: ControlSocket
        do {
            control = try ControlSocket(
                path: drivers.directory.controlSocket, drivers: drivers, logger: logger
            ) { await agent.shutDown() }
        } catch {
            drivers.close()
            throw error
        }
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await agent.run() }
            group.addTask { await control.run() }
            print("pintle is ready: no API server; pods come from \(policy.staticPodPath)")
            fflush(nil)
            await stop.wait()
            let pods = agent.podCount
            group.cancelAll()
            control.close()
            _ = try? await onOwnThread { drivers.close() }
            print("pintle has stopped; \(pods) \(pods == 1 ? "pod goes" : "pods go") on running.")
            fflush(nil)
        }
    }
}
