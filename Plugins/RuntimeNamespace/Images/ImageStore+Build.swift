import CPintleImages
import Glibc
import PintleObjects
import Synchronization

extension ImageStore {
    /// Makes an image of one layer from a directory.
    ///
    /// *Blocks.*
    ///
    /// The same files with the same ``ImageRecipe/created`` give the same id. Sockets, and what is mounted below the
    /// directory, are left out.
    ///
    /// - Parameters:
    ///   - rootfs: the absolute path of the directory, which must not change meanwhile.
    ///   - recipe: the names, settings and date of the image.
    ///   - operation: what bounds the call.
    /// - Returns: the image, which is in the store.
    /// - Throws: `InvalidImageName`, `MaliciousLayer`, `ImageTooLarge`, `StoreFailed`, `UnpackerFailed`, `Cancelled`,
    ///   `DeadlineExceeded`.
    package func build(
        rootfs: String, recipe: ImageRecipe, operation: ImageOperation = ImageOperation()
    ) throws(ImageError) -> StoredImage {
        var names: Set<String> = []
        for tag in recipe.tags {
            if let name = try ImageReference(parsing: tag).taggedName { names.insert(name) }
        }
        return try ImageTask.run(operation) { [names] (task) throws(ImageError) in
            let layer = try self.layer(of: rootfs, task)
            return try self.pinning([layer.diffID]) { () throws(ImageError) in
                // Pinned only now, since its digest was not known: another operation may have collected it.
                guard self.state.withLock({ $0.layer(layer.diffID) }) != nil else {
                    throw ImageError(.conflict, .storeFailed, "the new layer was removed by another operation; repeat")
                }
                return try self.add(layer, recipe, names)
            }
        }
    }

    private func add(
        _ layer: LayerRecord, _ recipe: ImageRecipe, _ names: Set<String>
    ) throws(ImageError) -> StoredImage {
        let now = ImageTime.now
        let created = ImageTime.text(recipe.created ?? now)
        var json: JSON = [
            "created": .string(created), "architecture": .string(recipe.platform.architecture),
            "os": .string(recipe.platform.os), "config": recipe.config.json,
            "rootfs": ["type": "layers", "diff_ids": [.string(layer.diffID)]],
            "history": [["created": .string(created), "created_by": "pintle image build"]],
        ]
        if !recipe.platform.variant.isEmpty { json["variant"] = .string(recipe.platform.variant) }
        let bytes = json.serialized()
        let record = ImageRecord(
            id: ImageDigest(of: bytes).description, tags: names, pulled: now, layers: [layer.diffID])
        let images = try add([
            NewImage(record: record, configBytes: bytes, config: try ImageConfigFile(parsing: bytes))
        ])
        guard let image = images.first else {
            throw ImageError(.conflict, .imageNotFound, "the new image was removed by another operation")
        }
        return image
    }

    /// Packs the directory with one child and unpacks it with another, so that nothing but its files gets across.
    private func layer(of rootfs: String, _ task: ImageTask) throws(ImageError) -> LayerRecord {
        let source = try ImageDescriptor(path: rootfs, O_RDONLY | O_DIRECTORY)
        var ends: [Int32] = [-1, -1]
        if pintle_images_pipe(&ends) != 0 { throw .system("pipe") }
        let output = ImageDescriptor(adopting: ends[0])
        var packing = try {
            () throws(ImageError) in
            let input = ImageDescriptor(adopting: ends[1])
            return try unpacker.start(.pack, input: -1, output: input.raw, directory: source.raw, expected: nil)
        }()
        let installer = LayerInstaller(store: self, task: task)
        // If packing fails, unpacking sees a truncated archive; packing's own error tells more.
        let result: Result<LayerRecord, ImageError>
        do throws(ImageError) {
            result = .success(try installer.unpack(output.raw, nil, what: "the files of \(rootfs)"))
        } catch {
            result = .failure(error)
        }
        if case .failure(let error) = result, error.reason != ImageError.Reason.invalidImage.rawValue { throw error }
        _ = try packing.wait(task, what: rootfs)
        return try result.get()
    }
}
