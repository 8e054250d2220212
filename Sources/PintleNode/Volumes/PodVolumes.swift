internal import PintleInterfaces
internal import PintleObjects

/// Publishes a pod's volumes through the storage driver and takes them away again.
struct PodVolumes: Sendable {
    let storage: any StorageService
    let settings: NodeSettings
    let identity: PodIdentity

    /// Publishes one volume.
    ///
    /// Repeating it is safe.
    ///
    /// - Returns: Where it is.
    /// - Throws: ``VolumeFault``.
    func publish(_ volume: JSON, _ pod: JSON) async throws(VolumeFault) -> String {
        let request = try self.request(volume, pod)
        do { return try await storage.publish(request).path } catch { throw VolumeFault(error.message) }
    }

    /// Publishes a part of a volume for one mount of a container.
    ///
    /// Missing directories are made; what a container may have put in the way can't lead out of the volume. It goes
    /// with the pod's volumes.
    ///
    /// - Parameters:
    ///   - path: Relative to the volume.
    ///   - volume: Where the volume is.
    ///   - name: A name that is the mount's own in the pod and none of a volume.
    ///   - isBidirectional: Whether mounts made in the container are to be seen on the node.
    /// - Returns: Where it is.
    /// - Throws: ``DriverError``.
    func publishPart(_ path: String, of volume: String, as name: String, isBidirectional: Bool)
        async throws(DriverError) -> String
    {
        var request = target(name)
        request.volumeContext = ["type": "subPath", "volume": volume, "subPath": path]
        if isBidirectional { request.volumeContext["mountPropagation"] = "Bidirectional" }
        return try await storage.publish(request).path
    }

    /// Takes away every volume that the driver lists for the pod, and its data.
    ///
    /// - Throws: ``PodFault`` with reason `FailedUnmount`; repeat it.
    func unpublish() async throws(PodFault) {
        do {
            var filter = StoragePublishedFilter()
            filter.podUid = identity.uid
            for volume in try await storage.listPublished(filter) {
                var request = StorageUnpublishRequest()
                request.volumeId = volume.volumeId
                request.targetPath = volume.targetPath
                request.deleteData = true
                try await storage.unpublish(request)
            }
        } catch {
            throw PodFault("FailedUnmount", "UnmountVolume.TearDown failed: \(error.message)")
        }
    }

    /// Whether a container of the pod mounts the volume so that its own mounts are seen on the node.
    private static func isBidirectional(_ name: String, _ pod: JSON) -> Bool {
        PodReferences.containers(pod).contains { container in
            (container["volumeMounts"].array ?? []).contains {
                $0["name"].string == name && $0["mountPropagation"].string == "Bidirectional"
            }
        }
    }

    private func target(_ name: String) -> StoragePublishRequest {
        var request = StoragePublishRequest()
        request.volumeId = "\(identity.uid)/\(name)"
        request.targetPath = "\(settings.podDirectory(identity.uid))/volumes/\(name)"
        request.podName = identity.name
        request.podNamespace = identity.namespace
        request.podUid = identity.uid
        request.ephemeral = true
        return request
    }

    private func request(_ volume: JSON, _ pod: JSON) throws(VolumeFault) -> StoragePublishRequest {
        let name = volume["name"].string ?? ""
        var request = target(name)
        request.serviceAccount = pod["spec"]["serviceAccountName"].string ?? ""
        if VolumeContents.has(volume) {
            // As the kubelet has it: what is secret never touches a disk. The writer sees to the group.
            request.volumeContext = ["type": "emptyDir"]
            if volume["configMap"].object == nil { request.volumeContext["medium"] = "Memory" }
            return request
        }
        if let group = pod["spec"]["securityContext"]["fsGroup"].int {
            request.hasFsGroup = true
            request.fsGroup = group
        }
        if pod["spec"]["securityContext"]["fsGroupChangePolicy"].string == "OnRootMismatch" {
            request.fsGroupPolicy = .onRootMismatch
        }
        if let source = volume["emptyDir"].object {
            request.volumeContext = ["type": "emptyDir"]
            if let medium = source["medium"]?.string, !medium.isEmpty { request.volumeContext["medium"] = medium }
            if let limit = source["sizeLimit"].flatMap({ Quantity($0) }) {
                request.volumeContext["sizeLimit"] = "\(limit.value)"
            }
        } else if let source = volume["hostPath"].object {
            request.volumeContext = ["type": "hostPath", "path": source["path"]?.string ?? ""]
            if let type = source["type"]?.string, !type.isEmpty { request.volumeContext["hostPathType"] = type }
            if Self.isBidirectional(name, pod) { request.volumeContext["mountPropagation"] = "Bidirectional" }
        } else {
            let kind = volume.object?.keys.first { $0 != "name" } ?? "none"
            throw VolumeFault("the volume source \(kind) is not supported by this version")
        }
        return request
    }
}
