import PintleObjects

@testable import RuntimeNamespaceCore

/// An image made in memory: layers, configuration and manifest that fit together.
struct ImageFixture {
    /// Uncompressed, bottom first.
    var layers: [[UInt8]]
    var diffIDs: [String]
    var config: [UInt8]
    var manifest: [UInt8]

    init(layers: [[UInt8]], architecture: String = "amd64", diffIDs: [String]? = nil, cmd: [String] = ["sh"]) {
        self.layers = layers
        self.diffIDs = diffIDs ?? layers.map { ImageDigest(of: $0).description }
        let json: JSON = [
            "architecture": .string(architecture), "os": "linux", "created": "2024-05-01T10:00:00Z",
            "config": ["Cmd": .array(cmd.map { .string($0) })],
            "rootfs": ["type": "layers", "diff_ids": .array(self.diffIDs.map { .string($0) })],
        ]
        config = json.serialized()
        manifest = Self.manifest(config: config, layers: layers)
    }

    var id: String { ImageDigest(of: config).description }
    var manifestDigest: String { ImageDigest(of: manifest).description }

    static func manifest(config: [UInt8], layers: [[UInt8]]) -> [UInt8] {
        let json: JSON = [
            "schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": descriptor(config, "application/vnd.oci.image.config.v1+json"),
            "layers": .array(layers.map { descriptor($0, "application/vnd.oci.image.layer.v1.tar") }),
            "annotations": ["org.example.note": "kept"],
        ]
        return json.serialized()
    }

    static func descriptor(_ bytes: [UInt8], _ type: String) -> JSON {
        [
            "mediaType": .string(type), "digest": .string(ImageDigest(of: bytes).description),
            "size": .integer(Int64(bytes.count)),
        ]
    }

    /// A docker-archive; `names` may be empty.
    func dockerArchive(names: [String]) -> [UInt8] {
        let manifest: JSON = [
            [
                "Config": "config.json", "RepoTags": .array(names.map { .string($0) }),
                "Layers": .array(layers.indices.map { .string("\($0)/layer.tar") }),
            ]
        ]
        return TarBuilder.make { tar in
            tar.add("config.json", data: config)
            for (index, layer) in layers.enumerated() { tar.add("\(index)/layer.tar", data: layer) }
            tar.add("manifest.json", data: manifest.serialized())
        }
    }

    /// An OCI layout as a tar archive, with `change` applied to each blob by its digest.
    func layout(name: String, change: (String, [UInt8]) -> [UInt8] = { $1 }) -> [UInt8] {
        var entry = Self.descriptor(manifest, "application/vnd.oci.image.manifest.v1+json")
        entry["annotations"] = ["org.opencontainers.image.ref.name": .string(name)]
        let index: JSON = ["schemaVersion": 2, "manifests": [entry]]
        return TarBuilder.make { tar in
            tar.file("oci-layout", "{\"imageLayoutVersion\":\"1.0.0\"}")
            tar.add("index.json", data: index.serialized())
            for blob in [config, manifest] + layers {
                let digest = ImageDigest(of: blob)
                tar.add("blobs/sha256/\(digest.hex)", data: change(digest.description, blob))
            }
        }
    }

    /// An image with one file.
    static func small(_ text: String = "hello") -> ImageFixture {
        ImageFixture(layers: [TarBuilder.make { $0.file("greeting", text) }])
    }
}
