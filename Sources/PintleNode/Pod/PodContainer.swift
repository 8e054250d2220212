internal import PintleInterfaces
internal import PintleObjects

/// One container of a pod's spec, and the part it plays in the pod's life.
struct PodContainer: Sendable {
    enum Role: Sendable {
        /// Runs to its end before the next container starts.
        case initial
        /// An init container with `restartPolicy: Always`: starts in its turn and stays until the main ones have ended.
        case sidecar
        case main
        /// Added while the pod runs; started once.
        case ephemeral
    }

    let name: String
    let spec: JSON
    let role: Role

    /// Those of a pod: init containers and side-cars in order, then the main ones, then ephemeral ones.
    static func all(of pod: JSON) -> [PodContainer] {
        func list(_ key: String, _ role: (JSON) -> Role) -> [PodContainer] {
            (pod["spec"][key].array ?? []).map {
                PodContainer(name: $0["name"].string ?? "", spec: $0, role: role($0))
            }
        }
        return list("initContainers") { $0["restartPolicy"].string == "Always" ? .sidecar : .initial }
            + list("containers") { _ in .main } + list("ephemeralContainers") { _ in .ephemeral }
    }

    /// The path in a pod's spec of the container of a name; empty when there is none.
    static func fieldPath(_ name: String, in pod: JSON) -> String {
        all(of: pod).first { $0.name == name }?.fieldPath ?? ""
    }

    var comesFirst: Bool { role == .initial || role == .sidecar }

    /// The path of the container in the spec, as events name it.
    var fieldPath: String {
        switch role {
        case .initial, .sidecar: "spec.initContainers{\(name)}"
        case .main: "spec.containers{\(name)}"
        case .ephemeral: "spec.ephemeralContainers{\(name)}"
        }
    }

    /// Whether the container is to run again after it ended with `exitCode`.
    ///
    /// Its own rules come first (KEP-5307), then its own policy, then the pod's.
    func restarts(after exitCode: Int32, podPolicy: String) -> Bool {
        if role == .sidecar { return true }
        if role == .ephemeral { return false }
        for rule in spec["restartPolicyRules"].array ?? [] where rule["action"].string == "Restart" {
            let codes = rule["exitCodes"]
            let isListed = (codes["values"].array ?? []).contains { $0.int == Int64(exitCode) }
            if isListed == (codes["operator"].string == "In") { return true }
        }
        switch spec["restartPolicy"].string ?? podPolicy {
        case "Always": return role == .main || exitCode != 0
        case "OnFailure": return exitCode != 0
        default: return false
        }
    }
}
