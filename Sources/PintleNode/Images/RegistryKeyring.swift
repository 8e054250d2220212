internal import Crypto
internal import PintleObjects

/// Who asks a registry.
struct RegistryCredential: Sendable, Hashable {
    var username: String
    var password: String

    /// A digest that is safe to keep on disk.
    var digest: String { RegistryKeyring.hex(SHA256.hash(data: Array("\(username)\0\(password)".utf8))) }
}

/// Credentials by registry, path or pattern, matched as the kubelet matches them.
///
/// No I/O.
struct RegistryKeyring: Sendable {
    private var entries: [(pattern: String, credential: RegistryCredential)] = []

    var isEmpty: Bool { entries.isEmpty }

    /// Adds what a Secret of one of the two docker types holds; a broken one adds nothing.
    mutating func add(secret: JSON) {
        let data = secret["data"]
        let (key, isWrapped) =
            secret["type"].string == "kubernetes.io/dockercfg" ? (".dockercfg", false) : (".dockerconfigjson", true)
        guard let text = data[key].string, let bytes = try? Base64.decode(text), let config = try? JSON(parsing: bytes)
        else { return }
        add(config: isWrapped ? config["auths"] : config)
    }

    /// Adds registries with their entries, as in the `auths` of Docker's configuration.
    mutating func add(config: JSON) {
        for (location, entry) in config.object?.members ?? [] {
            guard let credential = Self.credential(entry) else { continue }
            add(location, credential)
        }
    }

    /// Adds one credential for a registry, a path of one, or a pattern with `*` in parts of its host.
    mutating func add(_ location: String, _ credential: RegistryCredential) {
        var rest = location[...]
        for scheme in ["https://", "http://"] where rest.hasPrefix(scheme) { rest = rest.dropFirst(scheme.count) }
        let slash = rest.firstIndex(of: "/") ?? rest.endIndex
        let host = rest[..<slash]
        var path = rest[slash...]
        for version in ["/v1/", "/v2/"] where path.hasPrefix(version) { path = path.dropFirst(3) }
        guard !host.isEmpty else { return }
        entries.append((String(host) + (path == "/" ? "" : String(path)), credential))
        // The longer a pattern, the closer it is; equal ones stay in the order in which they came.
        entries = entries.enumerated()
            .sorted {
                $0.element.pattern == $1.element.pattern
                    ? $0.offset < $1.offset : $0.element.pattern > $1.element.pattern
            }
            .map(\.element)
    }

    /// The credentials for an image's repository, such as `docker.io/library/nginx`, the closest first.
    func lookup(_ repository: String) -> [RegistryCredential] {
        var found: [RegistryCredential] = []
        for entry in entries where Self.matches(entry.pattern, repository) && !found.contains(entry.credential) {
            found.append(entry.credential)
        }
        if found.isEmpty, Self.isDefaultRegistry(repository) {
            found = entries.filter { $0.pattern == "index.docker.io" || $0.pattern.hasPrefix("index.docker.io/") }
                .map(\.credential)
        }
        return found
    }

    /// Whether a pattern covers a repository: same number of host parts, each equal or matched, same port, path before.
    static func matches(_ pattern: String, _ repository: String) -> Bool {
        let (wanted, target) = (split(pattern), split(repository))
        guard wanted.port == target.port, wanted.parts.count == target.parts.count,
            target.path.hasPrefix(wanted.path)
        else { return false }
        return zip(wanted.parts, target.parts).allSatisfy { glob(Array($0.utf8)[...], Array($1.utf8)[...]) }
    }

    private static func split(_ text: String) -> (parts: [Substring], port: Substring, path: Substring) {
        let slash = text.firstIndex(of: "/") ?? text.endIndex
        let colon = text[..<slash].lastIndex(of: ":") ?? slash
        return (
            text[..<colon].split(separator: ".", omittingEmptySubsequences: false),
            colon < slash ? text[text.index(after: colon)..<slash] : "", text[slash...]
        )
    }

    private static func glob(_ pattern: ArraySlice<UInt8>, _ text: ArraySlice<UInt8>) -> Bool {
        guard let first = pattern.first else { return text.isEmpty }
        if first == UInt8(ascii: "*") {
            return glob(pattern.dropFirst(), text) || (!text.isEmpty && glob(pattern, text.dropFirst()))
        }
        guard let letter = text.first, first == UInt8(ascii: "?") || first == letter else { return false }
        return glob(pattern.dropFirst(), text.dropFirst())
    }

    private static func isDefaultRegistry(_ repository: String) -> Bool {
        let first = repository.prefix { $0 != "/" }
        if first == "docker.io" || first == "index.docker.io" || first.count == repository.count { return true }
        return !first.contains(".") && !first.contains(":")
    }

    private static func credential(_ entry: JSON) -> RegistryCredential? {
        if let text = entry["auth"].string, !text.isEmpty {
            guard let bytes = try? Base64.decode(text), let colon = bytes.firstIndex(of: UInt8(ascii: ":")) else {
                return nil
            }
            return RegistryCredential(
                username: String(decoding: bytes[..<colon], as: UTF8.self),
                password: String(decoding: bytes[(colon + 1)...].filter { $0 != 0 }, as: UTF8.self))
        }
        guard let user = entry["username"].string else { return nil }
        return RegistryCredential(username: user, password: entry["password"].string ?? "")
    }

    static func hex(_ bytes: some Sequence<UInt8>) -> String {
        bytes.map { byte in
            let digits = String(byte, radix: 16)
            return digits.count == 1 ? "0" + digits : digits
        }.joined()
    }
}
