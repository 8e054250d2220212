internal import PintleClient
internal import PintleInterfaces
internal import PintleObjects

/// Keeps the Node object and its Lease.
///
/// Inside one process nobody needs a heartbeat, so the status is written when it changes and the lease is renewed
/// once a minute, with the sweep.
struct NodeRegistration: Sendable {
    let context: PodContext
    let machine: Machine

    func run() async {
        while !Task.isCancelled {
            do {
                try await register()
                break
            } catch {
                context.log("registering the node: \(error.message)")
                try? await Task.sleep(for: .seconds(1))
            }
        }
        while !Task.isCancelled {
            try? await renew()
            try? await Task.sleep(for: .seconds(60))
            if !Task.isCancelled { try? await refresh() }
        }
    }

    private var name: String { context.settings.name }

    private func register() async throws(StatusError) {
        let labels: JSON = [
            "kubernetes.io/hostname": .string(name), "kubernetes.io/os": "linux",
            "kubernetes.io/arch": .string(machine.architecture),
            "beta.kubernetes.io/os": "linux", "beta.kubernetes.io/arch": .string(machine.architecture),
            "node-role.kubernetes.io/control-plane": "",
        ]
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
        try await refresh()
    }

    /// Writes what is true now; nothing when nothing changed.
    private func refresh() async throws(StatusError) {
        let status = await self.status()
        let ready = status["conditions"].array?.first { $0["type"].string == "Ready" }?["status"].string == "True"
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
            let taints = node["spec"]["taints"].array ?? []
            let others = taints.filter { $0["key"].string != "node.kubernetes.io/not-ready" }
            let wanted: [JSON] =
                ready ? others : others + [["key": "node.kubernetes.io/not-ready", "effect": "NoSchedule"]]
            guard wanted != taints else { return false }
            if wanted.isEmpty { node["spec"].remove("taints") } else { node["spec"]["taints"] = .array(wanted) }
            return true
        }
    }

    private func status() async -> JSON {
        let memory = "\(machine.memoryBytes / 1024)Ki"
        let capacity: JSON = [
            "cpu": .string("\(machine.cpus)"), "ephemeral-storage": .string("\(machine.diskBytes / 1024)Ki"),
            "hugepages-1Gi": "0",
            "hugepages-2Mi": "0", "memory": .string(memory), "pods": .string("\(context.settings.maxPods)"),
        ]
        var allocatable = capacity
        allocatable["ephemeral-storage"] = .string("\(machine.diskBytes / 10 * 9)")
        let (ready, reason, message) = await health()
        func pressure(_ type: String, _ name: String) -> JSON {
            condition(type, false, "KubeletHas\(name)", "kubelet has \(Self.words(name)) available")
        }
        let addresses: [JSON] = context.hostIPs.map { ["type": "InternalIP", "address": .string($0)] }
        return [
            "capacity": capacity, "allocatable": allocatable,
            "conditions": [
                pressure("MemoryPressure", "SufficientMemory"),
                condition("DiskPressure", false, "KubeletHasNoDiskPressure", "kubelet has no disk pressure"),
                pressure("PIDPressure", "SufficientPID"), condition("Ready", ready, reason, message),
            ],
            "addresses": .array(addresses + [["type": "Hostname", "address": .string(name)]]),
            "daemonEndpoints": ["kubeletEndpoint": ["Port": 10250]],
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

    private static func words(_ name: String) -> String {
        name == "SufficientPID" ? "sufficient PID" : "sufficient memory"
    }

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
