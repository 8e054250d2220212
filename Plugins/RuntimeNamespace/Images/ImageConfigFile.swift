import PintleObjects

/// An OCI or Docker image configuration: what the image's id is the digest of.
struct ImageConfigFile: Sendable, Hashable {
    var config = ImageConfig()
    var platform: ImagePlatform
    /// Nanoseconds since 1970, or 0.
    var created: Int64 = 0
    /// The digests of the uncompressed layers, bottom first.
    var layers: [String] = []

    /// Reads a configuration.
    ///
    /// - Throws: `InvalidImage`.
    init(parsing bytes: [UInt8]) throws(ImageError) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw ImageError(.invalid, .invalidImage, "the image's configuration is not JSON: \(error)")
        }
        guard json["rootfs"]["type"].string == "layers" else {
            throw ImageError(.invalid, .invalidImage, "the configuration is not that of a container image")
        }
        for entry in json["rootfs"]["diff_ids"].array ?? [] {
            guard let digest = entry.string.flatMap({ ImageDigest($0) }) else {
                throw ImageError(.invalid, .invalidImage, "the configuration has the layer digest \(entry)")
            }
            layers.append(digest.description)
        }
        platform = ImagePlatform(
            os: json["os"].string ?? "", architecture: json["architecture"].string ?? "",
            variant: json["variant"].string ?? "")
        created = json["created"].string.flatMap(ImageTime.nanoseconds(of:)) ?? 0
        config = ImageConfig(json: json["config"])
    }

    /// Checks that the image can run on `wanted`; images that don't say what they are made for can run anywhere.
    func check(platform wanted: ImagePlatform) throws(ImageError) {
        guard (platform.os.isEmpty || platform.os == wanted.os),
            (platform.architecture.isEmpty || platform.architecture == wanted.architecture)
        else {
            throw ImageError(.invalid, .errImagePull, "the image is made for \(platform), not for \(wanted)")
        }
    }
}

extension ImageConfig {
    init(json: JSON) {
        env = Self.strings(json["Env"])
        entrypoint = Self.strings(json["Entrypoint"])
        cmd = Self.strings(json["Cmd"])
        user = json["User"].string ?? ""
        workingDir = json["WorkingDir"].string ?? ""
        stopSignal = json["StopSignal"].string ?? ""
        labels = Self.map(json["Labels"])
        exposedPorts = (json["ExposedPorts"].object?.keys ?? []).sorted()
        volumes = (json["Volumes"].object?.keys ?? []).sorted()
    }

    /// The `config` member of an image configuration; what is empty is left out.
    var json: JSON {
        var result: JSON = .object(JSONObject())
        func list(_ strings: [String]) -> JSON { .array(strings.map { .string($0) }) }
        func set(_ strings: [String]) -> JSON { .object(JSONObject(strings.map { ($0, .object(JSONObject())) })) }
        if !user.isEmpty { result["User"] = .string(user) }
        if !exposedPorts.isEmpty { result["ExposedPorts"] = set(exposedPorts) }
        if !env.isEmpty { result["Env"] = list(env) }
        if !entrypoint.isEmpty { result["Entrypoint"] = list(entrypoint) }
        if !cmd.isEmpty { result["Cmd"] = list(cmd) }
        if !volumes.isEmpty { result["Volumes"] = set(volumes) }
        if !workingDir.isEmpty { result["WorkingDir"] = .string(workingDir) }
        if !labels.isEmpty {
            result["Labels"] = .object(
                JSONObject(labels.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        }
        if !stopSignal.isEmpty { result["StopSignal"] = .string(stopSignal) }
        return result
    }

    static func map(_ json: JSON) -> [String: String] {
        var result: [String: String] = [:]
        for (key, value) in json.object?.members ?? [] { result[key] = value.string }
        return result
    }

    private static func strings(_ json: JSON) -> [String] { (json.array ?? []).compactMap(\.string) }
}
