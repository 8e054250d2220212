import PintleInterfaces
import Synchronization

/// A network that gives every pod an address and nothing else.
struct SimulatedNetwork: NetworkService {
    func attach(_ request: NetworkAttachRequest, timeout: Duration?) async throws(DriverError) -> NetworkAttachment {
        var address = NetworkAddress()
        address.address = "192.0.2.1/24"
        var attachment = NetworkAttachment()
        attachment.addresses = [address]
        return attachment
    }
    func detach(_ request: NetworkDetachRequest, timeout: Duration?) async throws(DriverError) {}
    func check(_ request: NetworkCheckRequest, timeout: Duration?) async throws(DriverError) {}
    func status(timeout: Duration?) async throws(DriverError) -> NetworkStatus {
        var status = NetworkStatus()
        status.ready = true
        return status
    }
    func gc(_ request: NetworkGcRequest, timeout: Duration?) async throws(DriverError) -> [NetworkGcItem] { [] }
    func version(timeout: Duration?) async throws(DriverError) -> NetworkVersion { NetworkVersion() }
}

/// Storage that remembers what is published.
final class SimulatedStorage: StorageService {
    private let published = Mutex<[String: StoragePublishedVolume]>([:])

    var count: Int { published.withLock { $0.count } }

    func publish(_ request: StoragePublishRequest, timeout: Duration?) async throws(DriverError) -> StoragePublishResult
    {
        var volume = StoragePublishedVolume()
        volume.volumeId = request.volumeId
        volume.targetPath = request.targetPath
        published.withLock { $0[request.volumeId] = volume }
        var result = StoragePublishResult()
        result.path = request.targetPath
        return result
    }
    func unpublish(_ request: StorageUnpublishRequest, timeout: Duration?) async throws(DriverError) {
        published.withLock { $0[request.volumeId] = nil }
    }
    func listPublished(_ request: StoragePublishedFilter, timeout: Duration?) async throws(DriverError)
        -> [StoragePublishedVolume]
    {
        published.withLock {
            $0.values.filter { request.podUid.isEmpty || $0.volumeId.hasPrefix("\(request.podUid)/") }
        }
    }
    func info(timeout: Duration?) async throws(DriverError) -> StoragePluginInfo { StoragePluginInfo() }
    func capabilities(timeout: Duration?) async throws(DriverError) -> [StoragePluginCapability] { [] }
    func probe(timeout: Duration?) async throws(DriverError) -> StorageProbeResult { StorageProbeResult() }
    func nodeInfo(timeout: Duration?) async throws(DriverError) -> StorageNodeInfo { StorageNodeInfo() }
    func nodeCapabilities(timeout: Duration?) async throws(DriverError) -> [StorageNodeCapability] { [] }
    func stage(_ request: StorageStageRequest, timeout: Duration?) async throws(DriverError) {}
    func unstage(_ request: StorageUnstageRequest, timeout: Duration?) async throws(DriverError) {}
    func stats(_ request: StorageStatsRequest, timeout: Duration?) async throws(DriverError) -> StorageVolumeStats {
        StorageVolumeStats()
    }
    func expand(_ request: StorageExpandRequest, timeout: Duration?) async throws(DriverError) -> StorageExpandResult {
        StorageExpandResult()
    }
}
