import Glibc

/// What opening the store found in its directory.
struct LoadedIndex {
    var index = ImageIndex()
    var configs: [String: ImageConfigFile] = [:]
    var problems: [String] = []
    /// Whether something had to be dropped, so that the index is to be written anew.
    var isChanged: Bool { !problems.isEmpty }
}

extension ImageFiles {
    var indexPath: String { root + "/index.json" }

    /// Largest index, image configuration or manifest that is read, in bytes.
    static let documentLimit = 8 << 20

    func blobPath(_ id: String) -> String { blobs + "/" + id.dropFirst(7) }

    func layerPath(_ diffID: String) -> String { layers + "/" + LayerRecord.directoryName(of: diffID) }

    /// Reads index and configurations.
    ///
    /// Images whose configuration or layers are gone or changed are left out and reported; an unreadable index is an
    /// error, since going on would delete every layer.
    ///
    /// - Throws: `StoreFailed`.
    func loadIndex() throws(ImageError) -> LoadedIndex {
        var loaded = LoadedIndex()
        guard access(indexPath, F_OK) == 0 || errno != ENOENT else { return loaded }
        loaded.index = try ImageIndex(parsing: try read(indexPath, limit: 256 << 20))
        for (diffID, _) in loaded.index.layers where !isDirectory(layerPath(diffID)) {
            loaded.index.layers[diffID] = nil
        }
        for (id, record) in loaded.index.images {
            do throws(ImageError) {
                loaded.configs[id] = try loadConfig(id)
                if let missing = record.layers.first(where: { loaded.index.layers[$0] == nil }) {
                    throw ImageError(.internal, .storeFailed, "its layer \(missing) is gone")
                }
            } catch {
                let name = record.tags.sorted().first ?? id
                loaded.problems.append("image \(name) was dropped from the store: \(error.message)")
                loaded.configs[id] = nil
                loaded.index.remove(id)
            }
        }
        return loaded
    }

    private func loadConfig(_ id: String) throws(ImageError) -> ImageConfigFile {
        let bytes = try read(blobPath(id), limit: Self.documentLimit)
        guard ImageDigest(of: bytes).description == id else {
            throw ImageError(.internal, .storeFailed, "its configuration has changed on disk")
        }
        return try ImageConfigFile(parsing: bytes)
    }

    private func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }
}
