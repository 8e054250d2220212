internal import PintleInterfaces
internal import PintleObjects

extension PodWorker {
    /// The images that a container mounts as volumes, by the volume's name: each is pulled as the container's own is.
    ///
    /// Nil when the pod is to end meanwhile.
    func volumeImages(_ container: PodContainer) async throws(PullFailure) -> [String: String]? {
        var found: [String: String] = [:]
        let mounted = Set((container.spec["volumeMounts"].array ?? []).compactMap { $0["name"].string })
        for volume in pod["spec"]["volumes"].array ?? [] {
            guard let source = volume["image"].object, let volumeName = volume["name"].string,
                mounted.contains(volumeName)
            else { continue }
            let wanted: JSON = [
                "image": source["reference"] ?? "", "imagePullPolicy": source["pullPolicy"] ?? "IfNotPresent",
            ]
            guard let image = try await image(PodContainer(name: container.name, spec: wanted, role: container.role))
            else { return nil }
            found[volumeName] = image.id
        }
        return found
    }
}
