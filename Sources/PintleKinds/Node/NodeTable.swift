import PintleObjects

/// `kubectl get nodes`.
enum NodeTable {
    /// The texts of `status.nodeInfo` that are always there.
    static let information = [
        "machineID", "systemUUID", "bootID", "kernelVersion", "osImage", "containerRuntimeVersion", "kubeletVersion",
        "kubeProxyVersion", "operatingSystem", "architecture",
    ]

    static let columns = [
        TableColumn.objectName,
        TableColumn("Status", "Whether the node is ready, and whether it takes new pods."),
        TableColumn("Roles", "The roles that the node's labels name."),
        .age,
        TableColumn("Version", "The version of the node's agent."),
        TableColumn("Internal-IP", "The address within the cluster.", wide: true),
        TableColumn("External-IP", "The address from outside.", wide: true),
        TableColumn("OS-Image", "The operating system.", wide: true),
        TableColumn("Kernel-Version", "The kernel.", wide: true),
        TableColumn("Container-Runtime", "What runs the containers, and its version.", wide: true),
    ]

    static func cells(_ node: JSON, now: Timestamp) -> [JSON] {
        let information = node["status"]["nodeInfo"]
        return [
            node.nameCell, .string(status(of: node)), .cell(roles(of: node).joined(separator: ",")),
            node.ageCell(at: now), .string(information["kubeletVersion"].text),
            .cell(address("InternalIP", of: node)), .cell(address("ExternalIP", of: node)),
            .cell(information["osImage"].text, or: "<unknown>"),
            .cell(information["kernelVersion"].text, or: "<unknown>"),
            .cell(information["containerRuntimeVersion"].text, or: "<unknown>"),
        ]
    }

    private static func status(of node: JSON) -> String {
        let ready = node["status"]["conditions"].items.first { $0["type"].text == "Ready" }
        let status = ready.map { $0["status"].text == "True" ? "Ready" : "NotReady" } ?? "Unknown"
        return node["spec"]["unschedulable"].isTrue ? status + ",SchedulingDisabled" : status
    }

    private static func roles(of node: JSON) -> [String] {
        let prefix = "node-role.kubernetes.io/"
        var roles: Set<String> = []
        for (key, value) in node["metadata"]["labels"].entries {
            if key.hasPrefix(prefix), key.utf8.count > prefix.utf8.count {
                roles.insert(String(key.dropFirst(prefix.count)))
            } else if key == "kubernetes.io/role", value.text.isEmpty == false {
                roles.insert(value.text)
            }
        }
        return roles.sorted()
    }

    private static func address(_ type: String, of node: JSON) -> String {
        let address = node["status"]["addresses"].items.first { $0["type"].text == type }
        return address?["address"].text ?? ""
    }
}
