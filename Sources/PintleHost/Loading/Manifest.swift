public import PintleObjects

/// What a driver says of itself, read without opening its library: `NAME.json` beside `NAME.so`.
public struct Manifest: Sendable {
    /// Reverse DNS id, such as `dev.pintle.bridge`.
    public let id: String
    /// The driver's own version.
    public let version: String
    /// One line.
    public let summary: String
    /// File name of the library, in the same folder.
    public let library: String
    /// SHA-256 of the library, 64 hexadecimal digits; nil before `pintle plugin stamp`.
    public let sha256: String?
    /// `x86_64` or `aarch64`.
    public let arch: String?
    /// The ABI it was built for.
    public let abi: (major: UInt32, minor: UInt32)
    /// The oldest host it can work with.
    public let minimumHost: (major: UInt32, minor: UInt32)
    /// Interface ids it offers.
    public let interfaces: [String]
    /// Capability ids it may have.
    public let capabilities: [String]
    /// Which isolation modes it supports.
    public let isolation: [Isolation]
    /// `none`, `static`, or the exact toolchain version when it shares the host's runtime.
    public let swiftRuntime: String
    /// The schema of its options; nil when it takes none.
    public let configSchema: StructuralSchema?
    /// Names of the options that the schema has.
    public let options: Set<String>
    /// Absolute path of the manifest.
    public let path: String
    /// What is odd but not wrong, such as fields of a newer format.
    public let warnings: [String]

    /// Reads a manifest.
    ///
    /// - Parameters:
    ///   - bytes: The file's contents.
    ///   - path: Its absolute path, for messages.
    /// - Throws: ``ManifestError`` that names the field, what was found and what would be right.
    public init(_ bytes: [UInt8], path: String) throws(ManifestError) {
        let json: JSON
        do { json = try JSON(parsing: bytes) } catch {
            throw ManifestError(path, "line \(error.line), column \(error.column): \(error.message)")
        }
        guard let object = json.object else { throw ManifestError(path, "expected an object") }
        let read = ManifestReader(path: path, json: json)
        let format = try read.text("format")
        let parts = format.split(separator: ".")
        guard parts.count == 2, parts[0] == "1", Int(parts[1]) != nil else {
            throw ManifestError(path, "format: expected \"1.N\", found \"\(format)\"")
        }
        id = try read.text("id")
        version = try read.text("version")
        summary = json["description"].string ?? ""
        library = try read.text("library")
        guard !library.contains("/"), library != ".", library != ".." else {
            throw ManifestError(path, "library: expected a file name in the manifest's folder, found \"\(library)\"")
        }
        sha256 = try read.digest("sha256")
        arch = json["arch"].string
        abi = try read.version("abi", in: json["abi"])
        minimumHost =
            json["abi"]["min_host"].isNull ? (1, 0) : try read.version("abi.min_host", in: json["abi"]["min_host"])
        interfaces = try read.texts("interfaces")
        guard !interfaces.isEmpty else { throw ManifestError(path, "interfaces: expected at least one id") }
        capabilities = try read.texts("capabilities")
        isolation = try read.isolation()
        swiftRuntime = json["swift_runtime"].string ?? "none"
        options = Set(json["config_schema"]["properties"].object?.keys ?? [])
        if json["config_schema"].isNull {
            configSchema = nil
        } else {
            do { configSchema = try StructuralSchema(json: json["config_schema"]) } catch {
                throw ManifestError(path, "config_schema: \(error)")
            }
        }
        let known: Set<String> = [
            "format", "id", "version", "description", "library", "sha256", "arch", "abi", "interfaces", "capabilities",
            "isolation", "swift_runtime", "config_schema",
        ]
        let unknown = object.keys.filter { !known.contains($0) }
        warnings = unknown.map { "\(path): field \"\($0)\" is not known to this version and ignored" }
        self.path = path
    }
}

/// How a driver is run.
public enum Isolation: String, Sendable, CaseIterable {
    /// In the host: a function call.
    case inProcess = "in_process"
    /// In a process of its own.
    case process
}

/// What was wrong with a manifest.
public struct ManifestError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The manifest's path.
    public let path: String
    /// The field, what was found, and what would be right.
    public let message: String

    init(_ path: String, _ message: String) {
        self.path = path
        self.message = message
    }

    /// For people: never parse it.
    public var description: String { "\(path): \(message)" }
}

/// Reads fields of a manifest with errors that name them.
private struct ManifestReader {
    let path: String
    let json: JSON

    func text(_ field: String) throws(ManifestError) -> String {
        guard let text = json[field].string, !text.isEmpty else {
            throw ManifestError(
                path, "\(field): expected a text, found \(json[field].isNull ? "nothing" : show(json[field]))")
        }
        return text
    }

    func texts(_ field: String) throws(ManifestError) -> [String] {
        if json[field].isNull { return [] }
        guard let list = json[field].array, list.allSatisfy({ $0.string != nil }) else {
            throw ManifestError(path, "\(field): expected a list of texts, found \(show(json[field]))")
        }
        return list.compactMap { $0.string }
    }

    func digest(_ field: String) throws(ManifestError) -> String? {
        guard let text = json[field].string, !text.isEmpty else { return nil }
        let hex = text.utf8.allSatisfy { (48...57).contains($0) || (97...102).contains($0) }
        guard text.utf8.count == 64, hex else {
            throw ManifestError(path, "\(field): expected 64 lower-case hexadecimal digits, found \"\(text)\"")
        }
        return text
    }

    func version(_ field: String, in json: JSON) throws(ManifestError) -> (major: UInt32, minor: UInt32) {
        guard let major = json["major"].int.flatMap({ UInt32(exactly: $0) }),
            let minor = json["minor"].int.flatMap({ UInt32(exactly: $0) })
        else { throw ManifestError(path, "\(field): expected {\"major\": 1, \"minor\": 0}, found \(show(json))") }
        return (major, minor)
    }

    func isolation() throws(ManifestError) -> [Isolation] {
        let names = try texts("isolation")
        if names.isEmpty { return [.process] }
        var modes: [Isolation] = []
        for name in names {
            guard let mode = Isolation(rawValue: name) else {
                throw ManifestError(path, "isolation: expected in_process or process, found \"\(name)\"")
            }
            modes.append(mode)
        }
        return modes
    }

    private func show(_ json: JSON) -> String { String(decoding: json.serialized(), as: UTF8.self) }
}
