internal import Glibc
internal import PintleInterfaces
internal import PintleObjects

/// What is left on disk of pods that are gone.
extension NodeAgent {
    /// Removes folders and logs of pods that neither run nor are in the API.
    ///
    /// Pods whose volumes are still published are left to their volumes' removal. Links are not followed.
    func removeOrphanFiles() async {
        guard let published = try? await context.storage.listPublished(StoragePublishedFilter()) else { return }
        let held = Set(published.compactMap { $0.volumeId.split(separator: "/").first.map(String.init) })
        let live = knownUIDs
        let settings = context.settings
        let log = context.log
        await BlockingWork.run {
            for uid in PodLogFolder.names("\(settings.dataDirectory)/pods")
            where !live.contains(uid) && !held.contains(uid) {
                let directory = settings.podDirectory(uid)
                PodFiles(
                    directory: directory, pod: .null, identity: PodIdentity(namespace: "", name: "", uid: uid)
                ).remove()
                if access(directory, F_OK) != 0 { log("removed the folder of pod \(uid), which is gone") }
            }
            for folder in PodLogFolder.names(settings.logDirectory) {
                let parts = folder.split(separator: "_", omittingEmptySubsequences: false)
                guard parts.count == 3, !live.contains(String(parts[2])) else { continue }
                PodLogFolder.remove("\(settings.logDirectory)/\(folder)")
                log("removed the logs of pod \(parts[0])/\(parts[1]), which is gone")
            }
        }
    }
}
