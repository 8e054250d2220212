import Glibc
import Synchronization

extension ImageStore {
    /// Gets an image from its registry or a mirror of it.
    ///
    /// *Blocks.*
    ///
    /// What the store has already is not downloaded again: if the registry names the digest of an image that is here,
    /// only the name is added. Layers that were complete when a pull failed stay for the next try, parts of layers too.
    ///
    /// - Parameters:
    ///   - reference: the image's name.
    ///   - auth: who asks the registry; nil takes the configuration's.
    ///   - platform: what to choose from an index; nil takes the configuration's.
    ///   - operation: what bounds the call.
    ///   - progress: called on this thread for layers that move, at most ten times a second; returning false cancels.
    /// - Returns: the image, which is in the store.
    /// - Throws: Kubernetes' reasons only: `InvalidImageName`, `RegistryUnavailable`, and `ErrImagePull` for all else, the
    ///   sentence telling more; besides `Cancelled` and `DeadlineExceeded`.
    package func pull(
        _ reference: String, auth: RegistryAuth? = nil, platform: ImagePlatform? = nil,
        operation: ImageOperation = ImageOperation(), progress: (LayerProgress) -> Bool = { _ in true }
    ) throws(ImageError) -> StoredImage {
        let name = try ImageReference(parsing: reference)
        let endpoints = configuration.endpoints(for: name, auth: auth)
        let platform = platform ?? configuration.platform
        return try ImageTask.run(operation, progress: progress) { (task) throws(ImageError) in
            var failures: [ImageError] = []
            for endpoint in endpoints {
                let pull = RegistryPull(
                    store: self, reference: name, platform: platform, endpoint: endpoint,
                    login: RegistryLogin(endpoint.auth), task: task)
                do throws(ImageError) { return try pull.run() } catch {
                    try task.check()
                    failures.append(error)
                }
            }
            throw Self.failure(name, failures)
        }
    }

    /// The error of the registry itself, which comes last, with those of its mirrors in the sentence.
    private static func failure(_ name: ImageReference, _ failures: [ImageError]) -> ImageError {
        guard let last = failures.last else {
            return ImageError(.unavailable, .registryUnavailable, "failed to pull \(name): there is no endpoint")
        }
        let mirrors = failures.dropLast().map { "; mirror: \($0.message)" }.joined()
        let isUnavailable = last.reason == ImageError.Reason.registryUnavailable.rawValue
        let isPlain = isUnavailable || last.reason == ImageError.Reason.errImagePull.rawValue
        let sentence = isPlain ? last.message : last.description
        return ImageError(
            last.code, isUnavailable ? .registryUnavailable : .errImagePull,
            "failed to pull image \"\(name)\": \(sentence)\(mirrors)", errno: last.errno, retryAfter: last.retryAfter)
    }

    /// Adds a name to the image that is stored under this digest and suits the platform; nil when there is none.
    func adopt(
        _ reference: ImageReference, _ digest: ImageDigest, _ platform: ImagePlatform
    ) throws(ImageError) -> StoredImage? {
        let name = "\(reference.repository)@\(digest)"
        guard let image = state.withLock({ $0.find(name, for: platform) }) else { return nil }
        guard let tag = reference.taggedName, !image.repoTags.contains(tag) else { return image }
        try commit(configs: [:]) { index in
            guard var record = index.images[image.id] else { return }
            record.tags.insert(tag)
            index.add(record, layers: [])
        }
        return state.withLock { $0.images[image.id] }
    }
}
