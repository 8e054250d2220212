internal import PintleClient
internal import PintleInterfaces
internal import PintleObjects

/// Keeps the Node object and its Lease.
///
/// Inside one process nobody needs a heartbeat, so the status is written when it changes, and the lease, about 300
/// bytes, is renewed once a minute, with the sweep. Its `leaseDurationSeconds` says so.
struct NodeRegistration: Sendable {
    let context: PodContext
    let machine: Machine
    let node: NodeState

    /// Makes the Node object; tries until it is there or the task is cancelled.
    func register() async {
        while !Task.isCancelled {
            do {
                try await create()
                return
            } catch {
                context.log("registering the node: \(error.message)")
                try? await Task.sleep(for: .seconds(1))
            }
        }
    }

    /// Keeps both until the task is cancelled.
    func run() async {
        await withTaskGroup(of: Void.self) { group in
            group.addTask { await followNode() }
            group.addTask { for await _ in node.changes { try? await refresh() } }
            group.addTask {
                while !Task.isCancelled {
                    try? await renew()
                    try? await Task.sleep(for: .seconds(60))
                    if !Task.isCancelled { try? await refresh() }
                }
            }
        }
    }

    /// Labels and taints may be changed by anyone.
    private func followNode() async {
        for await event in context.client.watch(.nodes, namespace: nil, fieldSelector: "metadata.name=\(name)") {
            switch event {
            case .added(let object), .modified(let object): node.update(node: object)
            case .deleted: await register()
            case .synced: break
            }
        }
    }

    static func labels(_ name: String, _ machine: Machine) -> [String: String] {
        [
            "kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": machine.architecture,
            "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": machine.architecture,
            "node-role.kubernetes.io/control-plane": "",
        ]
    }

    private var name: String { context.settings.name }

    private func create() async throws(StatusError) {
        var labels: JSON = .object(JSONObject())
        for (key, value) in Self.labels(name, machine).sorted(by: { $0.key < $1.key }) { labels[key] = .string(value) }
        if try await context.client.find(.nodes, namespace: nil, name: name) == nil {
            var spec: JSON = .object(JSONObject())
            if let range = context.settings.podRanges.first {
                spec["podCIDR"] = .string(range)
                spec["podCIDRs"] = .array(context.settings.podRanges.map { .string($0) })
            }
            let node: JSON = [
                "apiVersion": "v1", "kind": "Node", "metadata": ["name": .string(name), "labels": labels], "spec": spec,
            ]
            _ = try await context.client.create(.nodes, namespace: nil, node)
        }
        node.update(node: try await context.client.get(.nodes, namespace: nil, name: name))
        try await refresh()
    }

    /// Writes what is true now; nothing when nothing changed.
    private func refresh() async throws(StatusError) {
        let status = await self.status()
        let taints = Self.taints(status["conditions"].array ?? [])
        try await context.client.update(.nodes, namespace: nil, name: name, subresource: "status") { node in
            let before = node["status"]
            var merged = before.object ?? JSONObject()
            for (key, value) in status.object?.members ?? [] where key != "conditions" { merged[key] = value }
            merged["conditions"] = .array(
                Self.merge(status["conditions"].array ?? [], before["conditions"].array ?? []))
            guard JSON.object(merged) != before else { return false }
            node["status"] = .object(merged)
            return true
        }
        try await context.client.update(.nodes, namespace: nil, name: name, subresource: nil) { node in
            let found = node["spec"]["taints"].array ?? []
            let others = found.filter { !Self.ownTaints.contains($0["key"].string ?? "") }
            let wanted = others + taints
            guard wanted != found else { return false }
            if wanted.isEmpty { node["spec"].remove("taints") } else { node["spec"]["taints"] = .array(wanted) }
            return true
        }
    }

    private func status() async -> JSON {
        let facts = node.facts
        var (ready, reason, message) = await health()
        if facts.isShuttingDown { (ready, reason, message) = (false, "KubeletNotReady", "node is shutting down") }
        let pressures = NodePressure.allCases.map { pressure in
            let holds = facts.pressures.contains(pressure)
            let (reason, message) = pressure.condition(holds)
            return condition(pressure.rawValue, holds, reason, message)
        }
        let addresses: [JSON] = context.hostIPs.map { ["type": "InternalIP", "address": .string($0)] }
        return [
            "capacity": NodeResources.json(facts.resources.capacity),
            "allocatable": NodeResources.json(facts.resources.allocatable),
            "conditions": .array(pressures + [condition("Ready", ready, reason, message)]),
            "addresses": .array(addresses + [["type": "Hostname", "address": .string(name)]]),
            "daemonEndpoints": ["kubeletEndpoint": ["Port": .integer(Int64(context.settings.kubeletPort))]],
            "nodeInfo": [
                "machineID": .string(machine.machineID), "systemUUID": .string(machine.systemUUID),
                "bootID": .string(machine.bootID),
                "kernelVersion": .string(machine.kernel), "osImage": .string(machine.osImage),
                "containerRuntimeVersion": .string(await runtimeVersion()),
                "kubeletVersion": .string(context.settings.version),
                "kubeProxyVersion": "", "operatingSystem": "linux", "architecture": .string(machine.architecture),
            ],
        ]
    }

    /// Ready is what the drivers say: a broken one makes the node NotReady with its reason.
    private func health() async -> (Bool, String, String) {
        do {
            for condition in try await context.runtime.status(RuntimeStatusRequest()).conditions where !condition.status
            {
                return (false, "KubeletNotReady", "runtime: \(condition.message)")
            }
            for network in context.networks {
                let status = try await network.status()
                if !status.ready { return (false, "KubeletNotReady", "network: \(status.message)") }
            }
            return (true, "KubeletReady", "kubelet is posting ready status")
        } catch {
            return (false, "KubeletNotReady", error.description)
        }
    }

    private func runtimeVersion() async -> String {
        guard let version = try? await context.runtime.version() else { return "unknown://" }
        return "\(version.name)://\(version.version)"
    }

    private func condition(_ type: String, _ status: Bool, _ reason: String, _ message: String) -> JSON {
        [
            "type": .string(type), "status": status ? "True" : "False", "reason": .string(reason),
            "message": .string(message),
        ]
    }

    /// The taints that follow from the node's conditions.
    ///
    /// In Kubernetes the node lifecycle controller sets them; here the agent does, as long as there is no such
    /// controller.
    private static func taints(_ conditions: [JSON]) -> [JSON] {
        conditions.compactMap { condition in
            let (type, holds) = (condition["type"].string ?? "", condition["status"].string == "True")
            if type == "Ready" { return holds ? nil : ["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"] }
            guard holds, let pressure = NodePressure(rawValue: type) else { return nil }
            return ["key": .string(pressure.taint), "effect": "NoSchedule"]
        }
    }

    private static let ownTaints = ["node.kubernetes.io/not-ready"] + NodePressure.allCases.map(\.taint)

    /// Times move only when a condition's status does, so that an unchanged node is not written.
    private static func merge(_ new: [JSON], _ old: [JSON]) -> [JSON] {
        let now = Timestamp.now.json
        return new.map { condition in
            let before = old.first { $0["type"] == condition["type"] }
            let same = before?["status"] == condition["status"]
            var merged = condition
            merged["lastHeartbeatTime"] =
                same && before?["message"] == condition["message"] ? before?["lastHeartbeatTime"] ?? now : now
            merged["lastTransitionTime"] = same ? before?["lastTransitionTime"] ?? now : now
            return merged
        }
    }

    private func renew() async throws(StatusError) {
        let time = JSON.string(Timestamp.now.rfc3339Micro)
        let namespace = "kube-node-lease"
        if try await context.client.find(.leases, namespace: namespace, name: name) == nil {
            let lease: JSON = [
                "apiVersion": "coordination.k8s.io/v1", "kind": "Lease",
                "metadata": ["name": .string(name), "namespace": .string(namespace)],
                "spec": ["holderIdentity": .string(name), "leaseDurationSeconds": 120, "renewTime": time],
            ]
            _ = try await context.client.create(.leases, namespace: namespace, lease)
            return
        }
        try await context.client.update(.leases, namespace: namespace, name: name, subresource: nil) { lease in
            lease["spec"]["renewTime"] = time
            return true
        }
    }
}
