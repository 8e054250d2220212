package import PintleObjects

/// How an image store is set up; comes from the `images` member of the driver's configuration.
package struct ImageStoreConfiguration: Sendable, Hashable {
    /// The store's directory, absolute; made when missing, with mode 0700.
    package var directory: String
    /// The absolute path of the `pintle-unpack` program.
    package var unpacker: String
    /// What pulls and imports choose from an image index when the call does not say.
    package var platform = ImagePlatform.host
    package var registries: [RegistryConfiguration] = []
    package var limits = ImageLimits()

    package init(directory: String, unpacker: String) {
        self.directory = directory
        self.unpacker = unpacker
    }

    /// Reads the members `platform`, `registries` and `limits` of `json`; all of them may be missing.
    ///
    /// - Throws: `InvalidConfiguration`, naming the member.
    package init(directory: String, unpacker: String, json: JSON) throws(ImageError) {
        self.init(directory: directory, unpacker: unpacker)
        if let text = json["platform"].string, !text.isEmpty {
            guard let platform = ImagePlatform(parsing: text) else {
                throw .configuration("platform", "\"\(text)\" is not of the form OS/ARCHITECTURE[/VARIANT]")
            }
            self.platform = platform
        }
        for entry in json["registries"].array ?? [] {
            registries.append(try RegistryConfiguration(json: entry))
        }
        limits = try ImageLimits(json: json["limits"])
    }
}

/// How large images may be, so that a small archive can't fill the disk.
package struct ImageLimits: Sendable, Hashable {
    /// Bytes one layer, or one archive of images, may hold when unpacked.
    package var layerBytes: UInt64 = 16 << 30
    /// Files, directories and links one layer or archive may hold.
    package var layerEntries: UInt64 = 1_000_000
    /// Whether layers may hold device nodes.
    package var allowDevices = false

    package init() {}

    init(json: JSON) throws(ImageError) {
        if let bytes = json["layerBytes"].int { layerBytes = try Self.positive(bytes, "limits.layerBytes") }
        if let entries = json["layerEntries"].int { layerEntries = try Self.positive(entries, "limits.layerEntries") }
        if let allow = json["allowDevices"].bool { allowDevices = allow }
    }

    private static func positive(_ value: Int64, _ name: String) throws(ImageError) -> UInt64 {
        guard value > 0 else { throw .configuration(name, "\(value) is not above 0") }
        return UInt64(value)
    }
}

/// How one registry host is reached.
package struct RegistryConfiguration: Sendable, Hashable {
    /// The host as image names have it, with its port if any: `docker.io`, `registry.example:5000`.
    package var host: String
    /// Addresses to try before the host itself, in this order, for example `http://127.0.0.1:5000`.
    package var mirrors: [String] = []
    /// Whether the host itself is spoken to without TLS.
    ///
    /// Hosts on loopback always are, unless their port is 443 or a CA file is given.
    package var plainHTTP: Bool
    /// A PEM file of certificate authorities to trust instead of the system's.
    package var caFile: String = ""
    /// Who asks when the call does not say.
    ///
    /// Sent to this host only, never to its mirrors.
    package var auth = RegistryAuth()

    package init(host: String, mirrors: [String] = [], plainHTTP: Bool = false) {
        self.host = host
        self.mirrors = mirrors
        self.plainHTTP = plainHTTP
    }

    init(json: JSON) throws(ImageError) {
        guard let host = json["host"].string, !host.isEmpty else {
            throw .configuration("registries[].host", "it is missing")
        }
        self.init(host: host, plainHTTP: json["plainHTTP"].bool ?? false)
        for mirror in json["mirrors"].array ?? [] {
            let text = mirror.string ?? ""
            guard RegistryAddress(url: text) != nil else {
                throw .configuration("registries[].mirrors", "\"\(text)\" is not an http or https address")
            }
            mirrors.append(text)
        }
        caFile = json["caFile"].string ?? ""
        auth = RegistryAuth(username: json["username"].string ?? "", password: json["password"].string ?? "")
    }
}

extension ImageError {
    static func configuration(_ member: String, _ problem: String) -> ImageError {
        ImageError(.invalid, .invalidConfiguration, "images.\(member): \(problem)")
    }
}
