internal import Glibc
public import PintleInterfaces
internal import PintleObjects
public import PintleSDK

/// The storage driver for volumes that need no server: translates between the driver ABI and ``LocalVolumes``.
///
/// `volume_context` of a publish request says what the volume is:
///
/// | key | for | meaning |
/// |---|---|---|
/// | `type` | | `hostPath`, `emptyDir` or `subPath` |
/// | `path` | hostPath | absolute path on the node |
/// | `hostPathType` | hostPath | Kubernetes' types; empty or missing checks nothing |
/// | `volume` | subPath | absolute path of a published volume, of this driver or another, below the pods directory |
/// | `subPath` | subPath | relative path in it; missing directories are made |
/// | `mountPropagation` | hostPath, subPath | `Bidirectional` keeps the volume in the peer group of the node's mount; anything else hears of the node's mounts only |
/// | `medium` | emptyDir | empty (disk) or `Memory` |
/// | `sizeLimit` | emptyDir | a quantity in bytes such as `64Mi`; missing means none |
public final class LocalStorage: StorageDriver {
    /// The manifest's id.
    public static let id = "dev.pintle.local"
    /// The manifest's version.
    public static let version = "1.0.0"

    let volumes: LocalVolumes

    /// Opens an instance: reads `dataDir` or `podsDirectory`, and `allowedHostPaths`.
    public init(_ context: OpenContext) throws {
        let json: JSON
        do {
            json = try JSON(parsing: context.config)
        } catch {
            throw DriverFailure(.invalid, reason: "InvalidConfiguration", "the configuration is no JSON: \(error)")
        }
        var pods = json["podsDirectory"].string ?? ""
        if pods.isEmpty, let data = json["dataDir"].string, !data.isEmpty { pods = data + "/pods" }
        do throws(VolumeError) {
            volumes = LocalVolumes(
                try VolumeConfiguration(
                    podsDirectory: pods,
                    allowedHostPaths: json["allowedHostPaths"].array?.compactMap(\.string) ?? ["/"]))
        } catch {
            throw DriverFailure(error)
        }
    }

    /// No optional ones.
    public var capabilities: [String] { [] }

    /// Nothing is held open.
    public func close() {}

    /// Name and version.
    public func info(_ call: Call) throws -> StoragePluginInfo {
        var info = StoragePluginInfo()
        info.name = "local.pintle.dev"
        info.vendorVersion = Self.version
        return info
    }

    /// None: there is no controller service.
    public func capabilities(_ call: Call, yield: (StoragePluginCapability) throws -> Void) throws {}

    /// Ready when the pods directory is there.
    public func probe(_ call: Call) throws -> StorageProbeResult {
        var result = StorageProbeResult()
        let path = volumes.configuration.podsDirectory
        result.ready = access(path, W_OK | X_OK) == 0
        if !result.ready { result.message = "\(path): \(String(cString: strerror(errno)))" }
        return result
    }

    /// The node's host name; there is no limit.
    public func nodeInfo(_ call: Call) throws -> StorageNodeInfo {
        var name = utsname()
        uname(&name)
        var info = StorageNodeInfo()
        info.nodeId = withUnsafeBytes(of: &name.nodename) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) }
        return info
    }

    /// Statistics, and the group that owns a volume.
    public func nodeCapabilities(_ call: Call, yield: (StorageNodeCapability) throws -> Void) throws {
        for id in ["stats", "mount-group"] {
            var capability = StorageNodeCapability()
            capability.id = id
            try yield(capability)
        }
    }

    /// Makes the volume that `volume_context` describes appear at `target_path`.
    public func publish(_ request: StoragePublishRequest, _ call: Call) throws -> StoragePublishResult {
        do throws(VolumeError) {
            try volumes.publish(try VolumeRequest(request), isCancelled: { call.isCancelled })
        } catch {
            throw DriverFailure(error)
        }
        var result = StoragePublishResult()
        result.path = request.targetPath
        return result
    }

    /// Unmounts, and with `delete_data` deletes.
    public func unpublish(_ request: StorageUnpublishRequest, _ call: Call) throws {
        do throws(VolumeError) {
            try volumes.unpublish(
                at: request.targetPath, deletingData: request.deleteData, isCancelled: { call.isCancelled })
        } catch {
            throw DriverFailure(error)
        }
    }

    /// Bytes and inodes.
    public func stats(_ request: StorageStatsRequest, _ call: Call) throws -> StorageVolumeStats {
        let usage: VolumeUsage
        do throws(VolumeError) {
            usage = try volumes.usage(at: request.volumePath, isCancelled: { call.isCancelled })
        } catch {
            throw DriverFailure(error)
        }
        var bytes = StorageVolumeUsage()
        bytes.unit = .bytes
        bytes.total = Int64(clamping: usage.totalBytes)
        bytes.used = Int64(clamping: usage.usedBytes)
        bytes.available = Int64(clamping: usage.availableBytes)
        var inodes = StorageVolumeUsage()
        inodes.unit = .inodes
        inodes.total = Int64(clamping: usage.totalInodes)
        inodes.used = Int64(clamping: usage.usedInodes)
        inodes.available = Int64(clamping: usage.freeInodes)
        var stats = StorageVolumeStats()
        stats.usage = [bytes, inodes]
        return stats
    }

    /// Everything below `podsDirectory/<uid>/volumes`; ids are `<uid>/<name>`.
    public func listPublished(
        _ request: StoragePublishedFilter, _ call: Call, yield: (StoragePublishedVolume) throws -> Void
    ) throws {
        let found: [PublishedVolume]
        do throws(VolumeError) {
            found = try volumes.published(podUID: request.podUid.isEmpty ? nil : request.podUid)
        } catch {
            throw DriverFailure(error)
        }
        for volume in found {
            var item = StoragePublishedVolume()
            item.volumeId = "\(volume.podUID)/\(volume.name)"
            item.targetPath = volume.path
            item.mounted = volume.isMounted
            try yield(item)
        }
    }
}
