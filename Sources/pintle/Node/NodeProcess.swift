internal import Glibc
internal import Logging
internal import PintleClient
internal import PintleHTTP
internal import PintleHost
internal import PintleKubelet
internal import PintleNode
internal import PintleObjects
internal import PintleScheduler
internal import PintleServer
internal import PintleStore

/// A node from its start to its end: store, API server, scheduler, node agent.
struct NodeProcess {
    let options: Up
    let logger: Logger

    func run() async throws {
        let stop = StopSignal()
        let (options, logger) = (self.options, self.logger)
        let parts = try await onOwnThread { try Parts(options, logger) }
        let server = parts.server
        do {
            try await server.prepare()
            let kubeletPort = try await parts.listenKubelet()
            let port = try await parts.http.listen(address: parts.address, port: parts.port)
            let url = "https://\(parts.address.contains(":") ? "[\(parts.address)]" : parts.address):\(port)"
            try NodeDirectory.writeText(
                parts.drivers.directory.kubeconfig,
                parts.pki.kubeconfig(server: url, name: "pintle-\(parts.drivers.directory.instanceID)"), mode: 0o600)
            let agent = parts.agent(kubeletPort: kubeletPort)
            server.connect(agent)
            parts.kubelet.connect(agent)
            server.connect(NodeConnection(name: parts.nodeName, port: kubeletPort, kubelet: parts.kubelet))
            let control = try ControlSocket(
                path: parts.drivers.directory.controlSocket, drivers: parts.drivers, logger: logger
            ) { await agent.shutDown() }
            try await serve(parts, agent, control, stop, url)
        } catch {
            await parts.close()
            throw error
        }
    }

    private func serve(_ parts: Parts, _ agent: NodeAgent, _ control: ControlSocket, _ stop: StopSignal, _ url: String)
        async throws
    {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await parts.server.run() }
            group.addTask { await Scheduler(client: parts.server.client).run() }
            group.addTask { await agent.run() }
            group.addTask { await control.run() }
            logger.info(
                "ready",
                metadata: [
                    "version": "\(ProductVersion.text)", "instance": "\(parts.drivers.directory.instanceID)",
                    "url": "\(url)",
                    "podRange": "\(parts.drivers.podRange)",
                ])
            print("pintle is ready: \(url)")
            print("  export KUBECONFIG=\(parts.drivers.directory.kubeconfig)")
            fflush(nil)
            await stop.wait()
            let pods = agent.podCount
            group.cancelAll()
            control.close()
            await parts.close()
            print("pintle has stopped; \(pods) \(pods == 1 ? "pod goes" : "pods go") on running.")
            print("  pintle up --data-dir \(parts.drivers.directory.path)    takes them over again")
            print("  pintle down --data-dir \(parts.drivers.directory.path)  ends them")
            fflush(nil)
        }
    }

    /// What blocks while it is made.
    struct Parts: Sendable {
        let drivers: NodeDrivers
        let pki: ClusterPKI
        let storage: ObjectStorage
        let server: APIServer
        let http: HTTPServer
        let kubelet = KubeletServer()
        let kubeletHTTP: HTTPServer
        let address: String
        let port: Int
        let nodeName: String
        let logger: Logger

        init(_ options: Up, _ logger: Logger) throws {
            (address, port) = try Up.split(options.listen)
            nodeName = options.nodeName ?? Self.hostname()
            self.logger = logger
            drivers = try NodeDrivers(options.node, create: true, logger: logger)
            let kubeletAddress = drivers.file.configuration.node.address
            let path = drivers.directory.path
            pki = try ClusterPKI.loadOrCreate(
                directory: "\(path)/pki", names: ServingNames(nodeName: nodeName, listenAddresses: [address]),
                node: (
                    nodeName,
                    ServingNames(node: nodeName, addresses: NodeAgent.machineAddresses() + [kubeletAddress])
                ))
            storage = try ObjectStorage(
                SQLiteStore(
                    path: "\(path)/store.db", onStep: CrashPoint.store))
            server = try APIServer(
                storage: storage,
                configuration: APIServerConfiguration(
                    advertisedAddress: "\(address):\(port)", certificateAuthority: pki.authority))
            http = try HTTPServer(configuration: HTTPServerConfiguration(tls: pki.tls), responder: server)
            var configuration = HTTPServerConfiguration(tls: pki.kubeletTLS)
            configuration.threads = 1
            kubeletHTTP = try HTTPServer(configuration: configuration, responder: kubelet)
        }

        /// Makes the kubelet's API listen.
        ///
        /// - Returns: The port; 0 when it is switched off.
        func listenKubelet() async throws -> Int {
            let node = drivers.file.configuration.node
            if node.port == 0 { return 0 }
            do {
                return try await kubeletHTTP.listen(address: node.address, port: Int(node.port ?? 10250))
            } catch {
                guard error.errno == EADDRINUSE, node.port == nil else { throw error }
                let port = try await kubeletHTTP.listen(address: node.address, port: 0)
                logger.warning("\(error.message); the node's own API listens on port \(port) instead (set node.port)")
                return port
            }
        }

        func agent(kubeletPort: Int) -> NodeAgent {
            drivers.agent(name: nodeName, client: server.client, logger: logger, kubeletPort: kubeletPort)
        }

        func close() async {
            async let kubeletEnd: Void = kubeletHTTP.shutdown(grace: .seconds(2))
            await http.shutdown(grace: .seconds(2))
            await kubeletEnd
            let (storage, drivers) = (self.storage, self.drivers)
            _ = try? await onOwnThread {
                storage.close()
                drivers.close()
            }
        }

        static func hostname() -> String {
            (NodeDirectory.readText("/proc/sys/kernel/hostname") ?? "node").lowercased()
        }
    }
}
