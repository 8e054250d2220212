internal import PintleInterfaces
internal import PintleObjects

extension PodContents {
    /// Publishes the parts of volumes that a container mounts by subPath and subPathExpr.
    ///
    /// - Parameters:
    ///   - container: The container.
    ///   - variables: Its environment.
    ///   - volumes: Where each volume of the pod is.
    /// - Returns: Where each part is, by the index of the mount.
    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError`.
    func subPaths(
        _ container: JSON, _ variables: [ContainerEnvironment.Variable], _ volumes: [String: String]
    ) async throws(PodFault) -> [Int: String] {
        var places: [Int: String] = [:]
        let owner = container["name"].string ?? ""
        for (index, mount) in (container["volumeMounts"].array ?? []).enumerated() {
            guard let path = try SubPath.path(mount, variables) else { continue }
            let name = mount["name"].string ?? ""
            guard let volume = volumes[name] else { continue }
            do {
                places[index] = try await self.volumes.publishPart(
                    path, of: volume, as: "\(owner).\(index)",
                    isBidirectional: mount["mountPropagation"].string == "Bidirectional")
            } catch {
                context.log("subPath of volume \(volume) for container \(owner): \(error)")
                // Without the details, which would tell a pod about the node's files.
                throw PodFault(
                    "CreateContainerConfigError",
                    "failed to prepare subPath for volumeMount \"\(name)\" of container \"\(owner)\"")
            }
        }
        return places
    }
}

/// The part of a volume that a mount shows.
enum SubPath {
    /// The part, relative to the volume; nil for the whole volume.
    ///
    /// - Throws: ``PodFault`` with reason `CreateContainerConfigError` for a path that leads elsewhere.
    static func path(_ mount: JSON, _ variables: [ContainerEnvironment.Variable]) throws(PodFault) -> String? {
        var path = mount["subPath"].string ?? ""
        if let expression = mount["subPathExpr"].string, !expression.isEmpty {
            let values = Dictionary(variables.map { ($0.name, $0.value) }, uniquingKeysWith: { $1 })
            var missing: String?
            path = Expansion.expand(expression) { name in
                if values[name] == nil { missing = missing ?? name }
                return values[name]
            }
            if let missing {
                throw PodFault("CreateContainerConfigError", "missing value for \(goQuoted(missing))")
            }
        }
        if path.isEmpty { return nil }
        if path.hasPrefix("/") {
            throw PodFault("CreateContainerConfigError", "error SubPath `\(path)` must not be an absolute path")
        }
        if path.split(separator: "/").contains("..") {
            throw PodFault(
                "CreateContainerConfigError", "unable to provision SubPath `\(path)`: must not contain '..'")
        }
        return path
    }
}
