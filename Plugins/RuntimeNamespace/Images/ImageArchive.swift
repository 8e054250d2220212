import CPintleImages
import Glibc
import PintleObjects

/// A directory with the contents of an OCI layout or a docker-archive.
struct ImageArchive: ~Copyable {
    let directory: ImageDescriptor
    let platform: ImagePlatform

    /// One image of the archive, its layers not yet looked at.
    struct Entry: Sendable, Hashable {
        /// Full names with tags.
        var names: [String] = []
        /// The digest of its manifest, if it has one.
        var manifest: ImageDigest?
        var configBytes: [UInt8]
        /// Bottom first.
        var layers: [Layer]
        var annotations: [String: String] = [:]
    }

    struct Layer: Sendable, Hashable {
        /// Below the archive's directory.
        var path: String
        /// The digest of the file, if the archive says it.
        var digest: ImageDigest?
    }

    /// Opens a file of the archive; links in it can't lead out of it.
    borrowing func open(_ path: String) throws(ImageError) -> ImageDescriptor {
        let descriptor = pintle_images_open_beneath(directory.raw, path)
        if descriptor < 0 {
            throw ImageError(
                .invalid, .invalidImage,
                "the archive's \(path) can't be read: \(String(cString: strerror(-descriptor)))",
                errno: -descriptor)
        }
        let file = ImageDescriptor(adopting: descriptor)
        var status = stat()
        guard fstat(file.raw, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw ImageError(.invalid, .invalidImage, "the archive's \(path) is not a file")
        }
        return file
    }

    borrowing func read(_ path: String) throws(ImageError) -> [UInt8] {
        try open(path).contents(limit: ImageFiles.documentLimit, what: "the archive's \(path)")
    }

    private borrowing func has(_ path: String) -> Bool { faccessat(directory.raw, path, F_OK, 0) == 0 }

    /// The images in it.
    ///
    /// - Parameter name: a reference for an image without a full name of its own.
    /// - Returns: the images in the archive's order, at least one.
    /// - Throws: `InvalidImage`, `InvalidImageName`.
    borrowing func entries(named name: String?) throws(ImageError) -> [Entry] {
        let fallback: ImageReference? = if let name { try ImageReference(parsing: name) } else { nil }
        // An archive can be both; only manifest.json has the full names then.
        if has("manifest.json") { return try dockerEntries(fallback) }
        if has("index.json") { return try layoutEntries(fallback) }
        throw ImageError(
            .invalid, .invalidImage, "neither manifest.json nor index.json is there: no docker-archive or OCI layout")
    }
}

// MARK: - docker-archive

extension ImageArchive {
    private borrowing func dockerEntries(_ fallback: ImageReference?) throws(ImageError) -> [Entry] {
        let json = try parse("manifest.json")
        guard let images = json.array, !images.isEmpty else { throw invalid("manifest.json names no image") }
        var result: [Entry] = []
        for image in images {
            guard let config = image["Config"].string, let layers = image["Layers"].array else {
                throw invalid("manifest.json has no Config or Layers")
            }
            var entry = Entry(configBytes: try read(config), layers: [])
            for layer in layers {
                guard let path = layer.string else { throw invalid("manifest.json has a layer without a path") }
                entry.layers.append(Layer(path: path))
            }
            for tag in image["RepoTags"].array ?? [] {
                if let name = try ImageReference(parsing: tag.string ?? "").taggedName { entry.names.append(name) }
            }
            if entry.names.isEmpty, images.count == 1, let name = fallback?.taggedName { entry.names = [name] }
            result.append(entry)
        }
        return result
    }

    private borrowing func parse(_ path: String) throws(ImageError) -> JSON {
        let bytes = try read(path)
        do { return try JSON(parsing: bytes) } catch { throw invalid("\(path) is not JSON: \(error)") }
    }

    private borrowing func invalid(_ problem: String) -> ImageError { ImageError(.invalid, .invalidImage, problem) }
}

// MARK: - OCI layout

extension ImageArchive {
    private borrowing func layoutEntries(_ fallback: ImageReference?) throws(ImageError) -> [Entry] {
        guard case .index(let descriptors) = try ImageManifest(parsing: try read("index.json")) else {
            throw invalid("index.json is not an index")
        }
        var result: [Entry] = []
        for descriptor in descriptors {
            var entry = try entry(descriptor)
            if let name = try Self.name(descriptor.annotations, fallback, isOnly: descriptors.count == 1) {
                entry.names = [name]
            }
            if let index = result.firstIndex(where: { $0.manifest == entry.manifest }) {
                result[index].names += entry.names
            } else {
                result.append(entry)
            }
        }
        if result.isEmpty { throw invalid("index.json names no image") }
        return result
    }

    private borrowing func entry(_ descriptor: ImageDescriptorRecord) throws(ImageError) -> Entry {
        switch try ImageManifest(parsing: try blob(descriptor)) {
        case .index(let entries):
            let chosen = try ImageManifest.choose(from: entries, for: platform)
            guard case .image(let config, let layers, let annotations) = try ImageManifest(parsing: try blob(chosen))
            else { throw invalid("the index \(descriptor.digest) has an index in it") }
            return try entry(descriptor.digest, config, layers, annotations)
        case .image(let config, let layers, let annotations):
            return try entry(descriptor.digest, config, layers, annotations)
        }
    }

    private borrowing func entry(
        _ manifest: ImageDigest, _ config: ImageDescriptorRecord, _ layers: [ImageDescriptorRecord],
        _ annotations: [String: String]
    ) throws(ImageError) -> Entry {
        Entry(
            manifest: manifest, configBytes: try blob(config),
            layers: layers.map { Layer(path: Self.path($0.digest), digest: $0.digest) }, annotations: annotations)
    }

    private borrowing func blob(_ descriptor: ImageDescriptorRecord) throws(ImageError) -> [UInt8] {
        let bytes = try read(Self.path(descriptor.digest))
        guard ImageDigest(of: bytes) == descriptor.digest else {
            throw invalid("the archive's \(Self.path(descriptor.digest)) is not what its digest says")
        }
        return bytes
    }

    private static func path(_ digest: ImageDigest) -> String { "blobs/sha256/" + digest.hex }

    /// The name that an index's annotations give: a full reference, or a tag of the image that `fallback` names.
    private static func name(
        _ annotations: [String: String], _ fallback: ImageReference?, isOnly: Bool
    ) throws(ImageError) -> String? {
        let given = annotations["io.containerd.image.name"] ?? annotations["org.opencontainers.image.ref.name"] ?? ""
        if given.contains(":") || given.contains("/") { return try ImageReference(parsing: given).taggedName }
        if let fallback, !given.isEmpty, !isOnly {
            return try ImageReference(parsing: fallback.repository + ":" + given).taggedName
        }
        return isOnly ? fallback?.taggedName : nil
    }
}
