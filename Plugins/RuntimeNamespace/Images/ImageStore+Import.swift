import CPintleImages
import Glibc
import Synchronization

extension ImageStore {
    /// Imports every image of an archive or layout directory.
    ///
    /// *Blocks.*
    ///
    /// - Parameters:
    ///   - source: the archive or directory.
    ///   - name: the name of the image when the archive has none; names in the archive win.
    ///   - operation: what bounds the call.
    ///   - progress: called on this thread for layers that move; returning false cancels.
    /// - Returns: the images, in the archive's order. All are in the store, or none is.
    /// - Throws: `InvalidImage`, `MaliciousLayer`, `ImageTooLarge`, `InvalidImageName`, `StoreFailed`, `UnpackerFailed`,
    ///   `Cancelled`, `DeadlineExceeded`.
    package func importImages(
        _ source: ImageSource, name: String? = nil, operation: ImageOperation = ImageOperation(),
        progress: (LayerProgress) -> Bool = { _ in true }
    ) throws(ImageError) -> [StoredImage] {
        try ImageTask.run(operation, progress: progress) { (task) throws(ImageError) in
            switch source {
            case .descriptor(let descriptor): return try self.importArchive(descriptor, name, task)
            case .path(let path):
                let file = try ImageDescriptor(path: path, O_RDONLY)
                var status = stat()
                if fstat(file.raw, &status) != 0 { throw .system("stat \(path)") }
                if status.st_mode & S_IFMT != S_IFDIR { return try self.importArchive(file.raw, name, task) }
                return try self.importDirectory(
                    ImageArchive(directory: file, platform: self.configuration.platform), name, task)
            }
        }
    }

    private func importArchive(
        _ descriptor: Int32, _ name: String?, _ task: ImageTask
    ) throws(ImageError) -> [StoredImage] {
        let path = files.temporaryPath("archive")
        try ImageFiles.makeDirectory(path)
        defer { try? ImageFiles.removeTree(path) }
        _ = try unpacker.unpack(.archive, from: descriptor, into: path, expecting: nil, what: "the archive", task)
        let directory = try ImageDescriptor(path: path, O_RDONLY | O_DIRECTORY)
        return try importDirectory(
            ImageArchive(directory: directory, platform: configuration.platform), name, task)
    }

    private func importDirectory(
        _ archive: consuming ImageArchive, _ name: String?, _ task: ImageTask
    ) throws(ImageError) -> [StoredImage] {
        let entries = try archive.entries(named: name)
        var images: [NewImage] = []
        for entry in entries { images.append(try newImage(entry)) }
        let layers = images.flatMap(\.record.layers)
        state.withLock { $0.pin(layers) }
        defer { state.withLock { $0.unpin(layers) } }
        let installer = LayerInstaller(store: self, task: task)
        for (entry, image) in zip(entries, images) {
            for (layer, diffID) in zip(entry.layers, image.record.layers) {
                try installer.install(diffID, name: layer.digest?.description ?? diffID) { () throws(ImageError) in
                    try Self.verified(archive, layer, task)
                }
            }
        }
        return try add(images)
    }

    private func newImage(_ entry: ImageArchive.Entry) throws(ImageError) -> NewImage {
        let config = try ImageConfigFile(parsing: entry.configBytes)
        try config.check(platform: configuration.platform)
        guard config.layers.count == entry.layers.count else {
            throw ImageError(
                .invalid, .invalidImage,
                "the configuration has \(config.layers.count) layers, the manifest \(entry.layers.count)")
        }
        var record = ImageRecord(
            id: ImageDigest(of: entry.configBytes).description, tags: Set(entry.names), pulled: ImageTime.now,
            layers: config.layers, annotations: entry.annotations)
        if let manifest = entry.manifest {
            for name in entry.names {
                guard let repository = try? ImageReference(parsing: name).repository else { continue }
                record.digests.insert("\(repository)@\(manifest)")
            }
        }
        return NewImage(record: record, configBytes: entry.configBytes, config: config)
    }

    /// The layer's file, read from its beginning, after comparing it with the digest that the archive gives.
    private static func verified(
        _ archive: borrowing ImageArchive, _ layer: ImageArchive.Layer, _ task: ImageTask
    ) throws(ImageError) -> ImageDescriptor {
        let file = try archive.open(layer.path)
        guard let expected = layer.digest else { return file }
        var hasher = ImageHasher()
        try file.forEachPiece(what: layer.path) { (piece) throws(ImageError) in
            hasher.update(piece)
            try task.check()
        }
        guard hasher.finish() == expected else {
            throw ImageError(.invalid, .invalidImage, "the archive's \(layer.path) is not what its digest says")
        }
        if lseek(file.raw, 0, SEEK_SET) != 0 { throw .system("lseek \(layer.path)") }
        return file
    }
}
