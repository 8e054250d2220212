internal import PintleInterfaces
internal import Synchronization

/// What pods that are gone have left.
extension NodeAgent {
    /// Takes away the volumes of pods that are gone.
    func collectVolumes() async {
        guard let published = try? await context.storage.listPublished(StoragePublishedFilter()) else { return }
        let live = Set(workers.withLock { $0.byUID.keys })
        let dead = Set(published.compactMap { $0.volumeId.split(separator: "/").first.map(String.init) }).subtracting(
            live)
        for uid in dead {
            let identity = PodIdentity(namespace: "", name: "", uid: uid)
            do {
                try await PodVolumes(storage: context.storage, settings: context.settings, identity: identity)
                    .unpublish()
            } catch {
                context.log("removing the volumes of pod \(uid): \(error.message)")
            }
        }
    }

    /// Takes away what networks hold for sandboxes that are gone.
    func collectNetworks() async {
        guard let sandboxes = try? await context.runtime.listSandboxes(RuntimeSandboxFilter()) else { return }
        for (index, network) in context.networks.enumerated() {
            var request = NetworkGcRequest()
            request.valid = sandboxes.map { sandbox in
                var ref = NetworkAttachmentRef()
                ref.attachmentId = PodIdentity.attachmentID(sandbox: sandbox.id, network: index)
                ref.sandboxId = sandbox.id
                ref.interface = "eth0"
                return ref
            }
            do {
                for item in try await network.gc(request) { context.log("collected \(item.kind) \(item.name)") }
            } catch {
                context.log("collecting network leftovers: \(error)")
            }
        }
    }
}
