internal import PintleClient
internal import PintleInterfaces
package import PintleObjects

/// What the kubelet's API asks of the agent; read when asked, nothing is kept.
extension NodeAgent {
    /// Addresses of the machine that others can reach.
    ///
    /// Blocks briefly.
    package static func machineAddresses() -> [String] { Machine.read().addresses }

    /// The pods of the node, as the agent has them.
    package func pods() async -> [JSON] {
        var pods: [JSON] = []
        for worker in allWorkers { pods.append(await worker.pod) }
        return pods.filter { !$0["spec"]["containers"].isNull }
    }

    /// The pods that the runtime says are running, with no more than what it knows.
    ///
    /// - Throws: 500 when the runtime does not answer.
    package func runningPods() async throws(StatusError) -> [JSON] {
        let containers = try await failing { () throws(DriverError) in
            try await self.context.runtime.listContainers(RuntimeContainerFilter())
        }
        var byPod: [String: [RuntimeContainerStatus]] = [:]
        for container in containers where container.state == .running {
            byPod[container.labels["io.kubernetes.pod.uid"] ?? "", default: []].append(container)
        }
        return byPod.sorted { $0.key < $1.key }.map { uid, containers in
            let labels = containers.first?.labels ?? [:]
            return [
                "metadata": [
                    "name": .string(labels["io.kubernetes.pod.name"] ?? ""),
                    "namespace": .string(labels["io.kubernetes.pod.namespace"] ?? ""), "uid": .string(uid),
                ],
                "spec": [
                    "containers": .array(
                        containers.map {
                            ["name": .string($0.name), "image": .string($0.image), "resources": [:]]
                        })
                ], "status": [:],
            ]
        }
    }

    /// The body of `/stats/summary`.
    ///
    /// - Throws: 500 when the runtime does not answer.
    package func summary(onlyCPUAndMemory: Bool) async throws(StatusError) -> JSON {
        try await failing { () throws(DriverError) in
            try await self.statistics(onlyCPUAndMemory ? .counters : .everything)
        }.summary(onlyCPUAndMemory: onlyCPUAndMemory)
    }

    /// The body of `/metrics/resource`.
    package func resourceMetrics() async -> String {
        guard let read = try? await statistics(.counters) else { return NodeStatistics.scrapeError(true) }
        return read.resourceMetrics()
    }

    /// The body of `/metrics/cadvisor`.
    ///
    /// - Throws: 500 when the runtime does not answer.
    package func advisorMetrics() async throws(StatusError) -> String {
        try await failing { () throws(DriverError) in try await self.statistics(.counters) }.advisorMetrics()
    }

    /// The body of `/metrics`.
    ///
    /// - Throws: 500 when the runtime does not answer.
    package func kubeletMetrics() async throws(StatusError) -> String {
        let read = try await failing { () throws(DriverError) in try await self.statistics(.everything) }
        let process = await BlockingWork.run { ProcessUsage.read() }
        return read.kubeletMetrics(process, version: context.settings.version)
    }

    private func failing<R>(_ body: () async throws(DriverError) -> R) async throws(StatusError) -> R {
        do throws(DriverError) { return try await body() } catch {
            throw StatusError.internalError("failed to list pod stats: \(error.message)")
        }
    }

    /// The body of `/configz`: what of a KubeletConfiguration is in force.
    package var configuration: JSON {
        let settings = context.settings
        return [
            "kubeletconfig": [
                "kind": "KubeletConfiguration", "apiVersion": "kubelet.config.k8s.io/v1beta1",
                "address": .string(settings.kubeletAddress), "port": .integer(Int64(settings.kubeletPort)),
                "readOnlyPort": 0,
                "authentication": [
                    "x509": ["clientCAFile": .string("\(settings.dataDirectory)/pki/ca.crt")],
                    "webhook": ["enabled": false], "anonymous": ["enabled": false],
                ],
                "cgroupRoot": .string(settings.cgroupParent), "cgroupsPerQOS": true,
                "maxPods": .integer(settings.maxPods), "podCIDR": .string(settings.podRanges.first ?? ""),
                "containerLogMaxSize": .string("\(settings.logMaxBytes)"),
                "containerLogMaxFiles": .integer(settings.logMaxFiles),
                "podLogsDir": .string(settings.logDirectory), "enableServer": true, "hairpinMode": "promiscuous-bridge",
                "enableDebuggingHandlers": true, "enableSystemLogHandler": false,
            ]
        ]
    }
}
