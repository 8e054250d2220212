import Glibc
import Synchronization

/// An image whose layers are in place and that is to be added to the index.
struct NewImage: Sendable {
    var record: ImageRecord
    /// The configuration's bytes, of which the id is the digest.
    var configBytes: [UInt8]
    var config: ImageConfigFile
}

extension ImageStore {
    /// Makes images durable and visible, all of them or none.
    ///
    /// *Blocks.*
    func add(_ images: [NewImage]) throws(ImageError) -> [StoredImage] {
        try files.syncAll()
        try files.syncDirectory(files.layers)
        let known = state.withLock { state in
            images.flatMap(\.record.layers).compactMap { state.layer($0) }
        }
        let configs = Dictionary(images.map { ($0.record.id, $0.config) }) { $1 }
        try commit(configs: configs, blobs: images.map(\.configBytes)) { index in
            for image in images { index.add(image.record, layers: known) }
        }
        return state.withLock { state in images.compactMap { state.images[$0.record.id] } }
    }

    /// Writes a changed index and then lets it be seen.
    ///
    /// If that fails, nothing has changed.
    func commit(
        configs: [String: ImageConfigFile], blobs: [[UInt8]] = [], _ change: (inout ImageIndex) -> Void
    ) throws(ImageError) {
        try writer.withLock { (_) throws(ImageError) in
            for blob in blobs { try files.replace(files.blobPath(ImageDigest(of: blob).description), with: blob) }
            var index = state.withLock { $0.index }
            change(&index)
            try files.replace(files.indexPath, with: index.serialized())
            state.withLock { $0.replace(index: index, configs: configs) }
        }
    }

    /// Removes an image with all its names.
    ///
    /// A missing one is a success. *Blocks.*
    ///
    /// Layers that other images, running operations or containers need stay until those are gone; the rest is deleted
    /// in the background.
    ///
    /// - Parameter reference: a name or an id, as for ``resolve(_:)``.
    /// - Returns: the image as it was, or nil when there was none.
    /// - Throws: `StoreFailed`.
    @discardableResult
    package func remove(_ reference: String) throws(ImageError) -> StoredImage? {
        guard let image = resolve(reference) else { return nil }
        try commit(configs: [:]) { $0.remove(image.id) }
        collectGarbage()
        return image
    }

    /// Moves layers and blobs that nothing needs out of sight and has them deleted in the background.
    ///
    /// What can't be moved now is found again when the store is opened next time.
    func collectGarbage() {
        let trashed: [String] = writer.withLock { _ in
            let kept = state.withLock { Set($0.index.images.keys.map { String($0.dropFirst(7)) }) }
            for name in files.names(in: files.blobs) where !kept.contains(name) { unlink(files.blobs + "/" + name) }
            return state.withLock { state in
                let needed = state.neededDirectories
                let names = files.names(in: files.layers).filter { !needed.contains($0) }
                state.forget(directories: Set(names))
                return names.compactMap { try? files.moveToTrash(files.layers + "/" + $0) }
            }
        }
        sweeper.delete(trashed)
    }
}
