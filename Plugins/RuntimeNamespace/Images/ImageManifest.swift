import PintleObjects

/// A descriptor of a manifest or index: what something is, its digest and its size.
struct ImageDescriptorRecord: Sendable, Hashable {
    var mediaType: String
    var digest: ImageDigest
    /// Bytes; -1 when it is not said.
    var size: Int64
    var platform: ImagePlatform?
    var annotations: [String: String]

    init?(json: JSON) {
        guard let digest = json["digest"].string.flatMap({ ImageDigest($0) }) else { return nil }
        self.digest = digest
        mediaType = json["mediaType"].string ?? ""
        size = json["size"].int ?? -1
        annotations = ImageConfig.map(json["annotations"])
        if let os = json["platform"]["os"].string, let architecture = json["platform"]["architecture"].string {
            platform = ImagePlatform(
                os: os, architecture: architecture, variant: json["platform"]["variant"].string ?? "")
        }
    }
}

/// An OCI or Docker manifest, or an index of several.
enum ImageManifest: Sendable, Hashable {
    case image(config: ImageDescriptorRecord, layers: [ImageDescriptorRecord], annotations: [String: String])
    case index([ImageDescriptorRecord])

    /// The media types to ask a registry for.
    static let mediaTypes = [
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    ]

    /// Reads a manifest or index.
    ///
    /// - Throws: `InvalidImage`.
    init(parsing bytes: [UInt8]) throws(ImageError) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch { throw Self.invalid("it is not JSON: \(error)") }
        if json["schemaVersion"].int == 1 { throw Self.invalid("its schema version 1 is no longer in use") }
        guard json["schemaVersion"].int == 2 else { throw Self.invalid("it has no schema version") }
        // A document that is both could mean different things to different readers.
        guard json["manifests"].isNull || json["layers"].isNull else { throw Self.invalid("it is manifest and index") }
        if json["manifests"].array != nil {
            self = .index(try Self.descriptors(json["manifests"]))
            return
        }
        guard let config = ImageDescriptorRecord(json: json["config"]) else { throw Self.invalid("it names no config") }
        let layers = try Self.descriptors(json["layers"])
        if let layer = layers.first(where: { !Self.isLayer($0.mediaType) }) {
            throw Self.invalid("its layer has the media type \(layer.mediaType), which is not an image layer's")
        }
        self = .image(config: config, layers: layers, annotations: ImageConfig.map(json["annotations"]))
    }

    /// The entry of an index that suits `platform` best.
    ///
    /// - Throws: `ErrImagePull`, naming what there is.
    static func choose(
        from entries: [ImageDescriptorRecord], for platform: ImagePlatform
    ) throws(ImageError) -> ImageDescriptorRecord {
        let fitting = entries.filter { entry in
            guard let candidate = entry.platform else { return entries.count == 1 }
            return candidate.os == platform.os && candidate.architecture == platform.architecture
                && (platform.variant.isEmpty || candidate.variant.isEmpty || candidate.variant == platform.variant)
        }
        let exact = fitting.first { ($0.platform?.variant ?? "") == platform.variant }
        if let chosen = exact ?? fitting.first { return chosen }
        let offered = entries.compactMap(\.platform).filter { $0.os != "unknown" }.map(\.description)
        throw ImageError(
            .notFound, .errImagePull,
            "no match for platform \(platform); the image is made for \(offered.joined(separator: ", "))")
    }

    private static func descriptors(_ json: JSON) throws(ImageError) -> [ImageDescriptorRecord] {
        var result: [ImageDescriptorRecord] = []
        for entry in json.array ?? [] {
            guard let descriptor = ImageDescriptorRecord(json: entry) else {
                throw invalid("the digest \(entry["digest"]) is not SHA-256")
            }
            result.append(descriptor)
        }
        return result
    }

    /// How it is compressed is seen from the layer itself.
    private static func isLayer(_ mediaType: String) -> Bool {
        mediaType.isEmpty || mediaType.hasPrefix("application/vnd.oci.image.layer.")
            || mediaType.hasPrefix("application/vnd.docker.image.rootfs.")
    }

    private static func invalid(_ problem: String) -> ImageError {
        ImageError(.invalid, .invalidImage, "the image's manifest is unusable: \(problem)")
    }
}
