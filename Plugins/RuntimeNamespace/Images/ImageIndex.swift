import PintleObjects

/// What `index.json` holds: the images and the layers they consist of.
///
/// A value without I/O.
struct ImageIndex: Sendable, Hashable {
    /// By image id.
    var images: [String: ImageRecord] = [:]
    /// By the digest of the layer's uncompressed stream.
    var layers: [String: LayerRecord] = [:]

    /// The version of the file's format that is written; another one is refused.
    static let version: Int64 = 1

    /// Adds an image or more names to one that is there.
    ///
    /// Each of its names is taken away from other images.
    mutating func add(_ record: ImageRecord, layers new: [LayerRecord]) {
        for id in images.keys {
            images[id]?.tags.subtract(record.tags)
            images[id]?.digests.subtract(record.digests)
        }
        var merged = record
        if let old = images[record.id] {
            merged.tags.formUnion(old.tags)
            merged.digests.formUnion(old.digests)
            merged.pulled = old.pulled
        }
        images[record.id] = merged
        for layer in new { layers[layer.diffID] = layer }
    }

    /// Removes an image and the records of layers that no other image has.
    mutating func remove(_ id: String) {
        guard let record = images.removeValue(forKey: id) else { return }
        let needed = Set(images.values.flatMap(\.layers))
        for layer in record.layers where !needed.contains(layer) { layers[layer] = nil }
    }
}

/// An image of the index.
struct ImageRecord: Sendable, Hashable {
    var id: String
    var tags: Set<String> = []
    var digests: Set<String> = []
    /// Nanoseconds since 1970.
    var pulled: Int64 = 0
    /// The digests of the uncompressed layers, bottom first, as the configuration's `rootfs.diff_ids` has them.
    var layers: [String] = []
    var annotations: [String: String] = [:]
}

/// An unpacked layer.
struct LayerRecord: Sendable, Hashable {
    var diffID: String
    /// Bytes of its regular files.
    var bytes: UInt64
    /// Files, directories and links.
    var inodes: UInt64

    /// The layer's directory below `layers/`: half of the digest's digits, so that overlayfs' one page of mount
    /// options holds as many layers as possible.
    static func directoryName(of diffID: String) -> String { String(diffID.dropFirst(7).prefix(32)) }
}

extension ImageIndex {
    /// The index as the bytes of `index.json`.
    func serialized() -> [UInt8] {
        let images: [JSON] = self.images.values.sorted { $0.id < $1.id }.map { image in
            [
                "id": .string(image.id), "tags": Self.list(image.tags.sorted()),
                "digests": Self.list(image.digests.sorted()), "pulled": .integer(image.pulled),
                "layers": Self.list(image.layers),
                "annotations": .object(
                    JSONObject(image.annotations.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) })),
            ]
        }
        let layers: [JSON] = self.layers.values.sorted { $0.diffID < $1.diffID }.map { layer in
            [
                "diffID": .string(layer.diffID), "bytes": .integer(Int64(clamping: layer.bytes)),
                "inodes": .integer(Int64(clamping: layer.inodes)),
            ]
        }
        let json: JSON = ["version": .integer(Self.version), "images": .array(images), "layers": .array(layers)]
        return json.serialized()
    }

    /// Reads `index.json`; the message of the error says what is wrong with it.
    init(parsing bytes: [UInt8]) throws(ImageError) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch { throw Self.damaged("\(error)") }
        guard json["version"].int == Self.version else {
            throw Self.damaged("its version is \(json["version"]), this program reads \(Self.version)")
        }
        for entry in json["layers"].array ?? [] {
            guard let diffID = entry["diffID"].string, ImageDigest(diffID) != nil else {
                throw Self.damaged("a layer has no digest")
            }
            layers[diffID] = LayerRecord(
                diffID: diffID, bytes: UInt64(clamping: entry["bytes"].int ?? 0),
                inodes: UInt64(clamping: entry["inodes"].int ?? 0))
        }
        for entry in json["images"].array ?? [] {
            guard let id = entry["id"].string, ImageDigest(id) != nil else { throw Self.damaged("an image has no id") }
            images[id] = ImageRecord(
                id: id, tags: Set(Self.strings(entry["tags"])), digests: Set(Self.strings(entry["digests"])),
                pulled: entry["pulled"].int ?? 0, layers: Self.strings(entry["layers"]),
                annotations: ImageConfig.map(entry["annotations"]))
        }
    }

    private static func list(_ strings: [String]) -> JSON { .array(strings.map { .string($0) }) }

    private static func strings(_ json: JSON) -> [String] { (json.array ?? []).compactMap(\.string) }

    private static func damaged(_ problem: String) -> ImageError {
        ImageError(.internal, .storeFailed, "index.json is damaged: \(problem)")
    }
}
