internal import PintleInterfaces
internal import PintleObjects

/// Publishes a pod's volumes through the storage driver and takes them away again.
struct PodVolumes: Sendable {
    let storage: any StorageService
    let settings: NodeSettings
    let identity: PodIdentity

    /// Publishes every volume.
    ///
    /// Repeating it is safe.
    ///
    /// - Returns: Where each volume is, by its name.
    /// - Throws: ``PodFault`` with reason `FailedMount`.
    func publish(_ pod: JSON) async throws(PodFault) -> [String: String] {
        var places: [String: String] = [:]
        for volume in pod["spec"]["volumes"].array ?? [] {
            let name = volume["name"].string ?? ""
            let request = try self.request(volume, name, pod)
            do {
                places[name] = try await storage.publish(request).path
            } catch {
                throw PodFault("FailedMount", "MountVolume.SetUp failed for volume \"\(name)\" : \(error.message)")
            }
        }
        return places
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
        (pod["spec"]["containers"].array ?? []).contains { container in
            (container["volumeMounts"].array ?? []).contains {
                $0["name"].string == name && $0["mountPropagation"].string == "Bidirectional"
            }
        }
    }

    private func request(_ volume: JSON, _ name: String, _ pod: JSON) throws(PodFault) -> StoragePublishRequest {
        var request = StoragePublishRequest()
        request.volumeId = "\(identity.uid)/\(name)"
        request.targetPath = "\(settings.podDirectory(identity.uid))/volumes/\(name)"
        request.podName = identity.name
        request.podNamespace = identity.namespace
        request.podUid = identity.uid
        request.serviceAccount = pod["spec"]["serviceAccountName"].string ?? ""
        request.ephemeral = true
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
            throw PodFault(
                "FailedMount",
                "volume \"\(name)\": the source \(kind) is not supported by this version; emptyDir and hostPath are")
        }
        return request
    }
}
