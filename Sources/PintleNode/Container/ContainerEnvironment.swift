internal import PintleClient
internal import PintleObjects

/// Resolves the environment of a container.
struct ContainerEnvironment {
    let client: any APIClient
    let pod: JSON

    /// The variables in order, `$(NAME)` expanded.
    ///
    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError` for a source that this version does not have.
    func resolve(_ container: JSON) throws(PodFault) -> [(name: String, value: String)] {
        if container["envFrom"].array?.isEmpty == false {
            throw PodFault("CreateContainerConfigError", "envFrom is not supported by this version")
        }
        var variables: [String: String] = [:]
        var list: [(name: String, value: String)] = []
        for entry in container["env"].array ?? [] {
            let name = entry["name"].string ?? ""
            if let from = entry["valueFrom"].object, let source = from.keys.first {
                throw PodFault(
                    "CreateContainerConfigError", "env \(name): valueFrom.\(source) is not supported by this version")
            }
            let value = Expansion.expand(entry["value"].string ?? "", variables)
            variables[name] = value
            list.append((name, value))
        }
        return list
    }
}
