/// What an open store knows: the index, and who needs which layer.
///
/// A value; the store keeps it under one lock.
struct ImageStoreState: Sendable {
    private(set) var index = ImageIndex()
    /// By id, ready to be handed out.
    private(set) var images: [String: StoredImage] = [:]
    private var configs: [String: ImageConfigFile]
    /// From full tag and digest names to ids.
    private var names: [String: String] = [:]
    /// Layers on disk that no image of the index has yet.
    private(set) var fresh: [String: LayerRecord] = [:]
    /// Layers that running operations rely on, by digest.
    private var pins: [String: Int] = [:]
    /// Directory names of layers that containers rely on.
    private var holds: [String: Set<String>] = [:]
    /// Directory names of the layers on disk that may still be handed out.
    private var directories: Set<String> = []
    private let layerDirectory: String

    init(index: ImageIndex, configs: [String: ImageConfigFile], layerDirectory: String) {
        self.configs = configs
        self.layerDirectory = layerDirectory
        replace(index: index, configs: [:])
    }

    /// Takes over an index that has been written, with the configurations of its new images.
    mutating func replace(index new: ImageIndex, configs more: [String: ImageConfigFile]) {
        for (diffID, layer) in index.layers where new.layers[diffID] == nil { fresh[diffID] = layer }
        for diffID in new.layers.keys { fresh[diffID] = nil }
        index = new
        directories.formUnion(new.layers.keys.map(LayerRecord.directoryName(of:)))
        configs = configs.merging(more) { $1 }.filter { new.images[$0.key] != nil }
        images = [:]
        names = [:]
        for record in new.images.values {
            images[record.id] = stored(record)
            for name in record.tags { names[name] = record.id }
            for name in record.digests { names[name] = record.id }
        }
    }

    private func stored(_ record: ImageRecord) -> StoredImage {
        let file = configs[record.id]
        // overlayfs refuses a directory that comes twice; of equal layers only the topmost one matters.
        var seen = Set<String>()
        let layers = record.layers.reversed().filter { seen.insert($0).inserted }
        return StoredImage(
            id: record.id, repoTags: record.tags.sorted(), repoDigests: record.digests.sorted(),
            size: layers.reduce(0) { $0 + (index.layers[$1]?.bytes ?? 0) }, created: file?.created ?? 0,
            pulled: record.pulled,
            layers: layers.map { layerDirectory + "/" + LayerRecord.directoryName(of: $0) },
            annotations: record.annotations, config: file?.config ?? ImageConfig())
    }

    func find(_ text: String) -> StoredImage? {
        if let image = images[text] { return image }
        if let reference = try? ImageReference(parsing: text), let id = names[reference.description] {
            return images[id]
        }
        guard ImageDigest.looksLikeID(text) else { return nil }
        let prefix = text.hasPrefix("sha256:") ? text : "sha256:" + text
        let matches = images.keys.filter { $0.hasPrefix(prefix) }
        return matches.count == 1 ? images[matches[0]] : nil
    }

    /// The image with this name if it is made for `platform`.
    func find(_ name: String, for platform: ImagePlatform) -> StoredImage? {
        guard let image = find(name), let file = configs[image.id] else { return nil }
        do throws(ImageError) { try file.check(platform: platform) } catch { return nil }
        return image
    }

    /// Bytes and inodes of all layers.
    var usage: (bytes: UInt64, inodes: UInt64) {
        let all = Array(index.layers.values) + Array(fresh.values)
        return (all.reduce(0) { $0 + $1.bytes }, all.reduce(0) { $0 + $1.inodes })
    }
}

extension ImageStoreState {
    /// The layer if it is on disk.
    func layer(_ diffID: String) -> LayerRecord? { index.layers[diffID] ?? fresh[diffID] }

    mutating func published(_ layer: LayerRecord) {
        if index.layers[layer.diffID] == nil { fresh[layer.diffID] = layer }
        directories.insert(LayerRecord.directoryName(of: layer.diffID))
    }

    mutating func pin(_ layers: [String]) { for layer in layers { pins[layer, default: 0] += 1 } }

    mutating func unpin(_ layers: [String]) {
        for layer in layers {
            let count = (pins[layer] ?? 1) - 1
            pins[layer] = count > 0 ? count : nil
        }
    }

    /// Holds layers for a container unless one of them is gone; `isKnown` says that they were held before.
    mutating func hold(_ layers: [String], for container: String, isKnown: Bool = false) -> Bool {
        let wanted = layers.map { String($0.split(separator: "/").last ?? "") }
        if isKnown { directories.formUnion(wanted) }
        guard wanted.allSatisfy(directories.contains) else { return false }
        holds[container, default: []].formUnion(wanted)
        return true
    }

    /// Returns whether there was something to release.
    mutating func release(_ container: String) -> Bool { holds.removeValue(forKey: container) != nil }

    /// Layer directories that must stay.
    var neededDirectories: Set<String> {
        var needed = Set(index.layers.keys.map(LayerRecord.directoryName(of:)))
        needed.formUnion(pins.keys.map(LayerRecord.directoryName(of:)))
        for held in holds.values { needed.formUnion(held) }
        return needed
    }

    /// Forgets layers whose directories have been moved away.
    mutating func forget(directories gone: Set<String>) {
        fresh = fresh.filter { !gone.contains(LayerRecord.directoryName(of: $0.key)) }
        directories.subtract(gone)
    }
}
