internal import PintleObjects

/// Resolves the environment of a container.
///
/// No I/O: what it refers to is looked up by ``object``.
struct ContainerEnvironment {
    /// A variable.
    typealias Variable = (name: String, value: String)

    let pod: JSON
    var podIPs: [String] = []
    var hostIPs: [String] = []
    /// The node's `status.allocatable`.
    var allocatable: JSON = .null
    /// The Services that the container is told of.
    var services: [JSON] = []
    /// The object that a reference means; nil when there is none.
    let object: (Reference) -> JSON?

    /// The variables of a container, and what was left out.
    struct Resolved {
        /// Each name once: those of `envFrom`, those of `env`, those of Services.
        var variables: [Variable] = []
        /// What an event with reason `InvalidEnvironmentVariableNames` says, one for each source.
        var skipped: [String] = []

        fileprivate var index: [String: Int] = [:]

        /// The value of a variable so far.
        func value(_ name: String) -> String? { index[name].map { variables[$0].value } }

        fileprivate mutating func set(_ name: String, _ value: String) {
            if let place = index[name] {
                variables[place].value = value
            } else {
                index[name] = variables.count
                variables.append((name, value))
            }
        }
    }

    /// The variables, `$(NAME)` expanded.
    ///
    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError` for a reference that leads nowhere.
    func resolve(_ container: JSON) throws(PodFault) -> Resolved {
        var resolved = Resolved()
        for source in container["envFrom"].array ?? [] { try take(source, &resolved) }
        let services = Dictionary(
            ServiceVariables.make(services).map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
        for entry in container["env"].array ?? [] {
            let name = entry["name"].string ?? ""
            if let text = entry["value"].string, !text.isEmpty {
                resolved.set(name, Expansion.expand(text) { resolved.value($0) ?? services[$0] })
            } else if entry["valueFrom"].object != nil {
                guard let value = try value(entry["valueFrom"], name, container) else { continue }
                resolved.set(name, value)
            } else {
                resolved.set(name, "")
            }
        }
        for (name, value) in ServiceVariables.make(self.services) where resolved.value(name) == nil {
            resolved.set(name, value)
        }
        for variable in resolved.variables where variable.value.utf8.contains(0) {
            throw Self.fault("the value of environment variable \(variable.name) contains a NUL byte")
        }
        return resolved
    }

    // MARK: env

    private func value(_ from: JSON, _ name: String, _ container: JSON) throws(PodFault) -> String? {
        if from["fieldRef"].object != nil {
            let path = from["fieldRef"]["fieldPath"].string ?? ""
            guard let text = PodField(pod: pod, podIPs: podIPs, hostIPs: hostIPs).text(path) else {
                throw Self.fault("unsupported fieldPath: \(path)")
            }
            return text
        }
        if from["resourceFieldRef"].object != nil {
            let field = ResourceField(pod: pod, allocatable: allocatable)
            let reference = from["resourceFieldRef"]
            guard let owner = field.container(reference, own: container) else {
                throw Self.fault("container \(reference["containerName"].string ?? "") not found")
            }
            guard let text = field.text(reference, owner) else {
                throw Self.fault("unsupported container resource : \(reference["resource"].string ?? "")")
            }
            return text
        }
        if from["configMapKeyRef"].object != nil { return try configMapKey(from["configMapKeyRef"]) }
        if from["secretKeyRef"].object != nil { return try secretKey(from["secretKeyRef"], name) }
        let source = from.object?.keys.first ?? "none"
        throw Self.fault("env \(name): valueFrom.\(source) is not supported by this version")
    }

    private func configMapKey(_ reference: JSON) throws(PodFault) -> String? {
        let name = reference["name"].string ?? "", key = reference["key"].string ?? ""
        guard let map = try find(.configMap(namespace: namespace, name: name), reference) else { return nil }
        if let text = map["data"][key].string { return text }
        if reference["optional"].bool == true { return nil }
        throw Self.fault("couldn't find key \(key) in ConfigMap \(namespace)/\(name)")
    }

    private func secretKey(_ reference: JSON, _ variable: String) throws(PodFault) -> String? {
        let name = reference["name"].string ?? "", key = reference["key"].string ?? ""
        guard let secret = try find(.secret(namespace: namespace, name: name), reference) else { return nil }
        if let data = secret["data"][key].string { return try text(data, key, name) }
        if reference["optional"].bool == true { return nil }
        throw Self.fault("couldn't find key \(key) in Secret \(namespace)/\(name)")
    }

    // MARK: envFrom

    private func take(_ source: JSON, _ resolved: inout Resolved) throws(PodFault) {
        let isSecret = source["secretRef"].object != nil
        let reference = isSecret ? source["secretRef"] : source["configMapRef"]
        let name = reference["name"].string ?? ""
        let wanted: Reference =
            isSecret ? .secret(namespace: namespace, name: name) : .configMap(namespace: namespace, name: name)
        guard let object = try find(wanted, reference) else { return }
        var invalid: [String] = []
        let members = (object["data"].object?.members ?? []).sorted {
            $0.key.utf8.lexicographicallyPrecedes($1.key.utf8)
        }
        for (key, value) in members {
            let variable = (source["prefix"].string ?? "") + key
            guard Self.isName(variable) else {
                invalid.append(variable)
                continue
            }
            let data = value.string ?? ""
            resolved.set(variable, isSecret ? try text(data, key, name) : data)
        }
        guard !invalid.isEmpty else { return }
        resolved.skipped.append(
            "Keys [\(invalid.joined(separator: ", "))] from the EnvFrom \(isSecret ? "secret" : "configMap") "
                + "\(namespace)/\(name) were skipped since they are considered invalid environment variable names.")
    }

    /// Kubernetes' rule since 1.34: printable ASCII without `=`.
    private static func isName(_ name: String) -> Bool {
        !name.isEmpty && name.utf8.allSatisfy { $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "=") }
    }

    // MARK: Objects

    private var namespace: String { pod["metadata"]["namespace"].string ?? "default" }

    /// The object; nil when it is optional and not there.
    private func find(_ reference: Reference, _ source: JSON) throws(PodFault) -> JSON? {
        if let found = object(reference) { return found }
        if source["optional"].bool == true { return nil }
        throw Self.fault(reference.missing)
    }

    /// A secret's value as text; the process could take any bytes, the drivers' interface takes UTF-8.
    private func text(_ base64: String, _ key: String, _ secret: String) throws(PodFault) -> String {
        guard let bytes = try? Base64.decode(base64), let text = String(validating: bytes, as: UTF8.self) else {
            throw Self.fault(
                "the value of key \(key) in Secret \(namespace)/\(secret) is not UTF-8, as an environment variable must be"
            )
        }
        return text
    }

    private static func fault(_ message: String) -> PodFault { PodFault("CreateContainerConfigError", message) }
}
