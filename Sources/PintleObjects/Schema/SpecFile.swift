import Synchronization

/// One file of specs/api: the types of a group's version.
///
/// A type stands on lines of its own, its name indented by four spaces, so that a type is found without parsing the rest;
/// see specs/api/README.md. Reading is lazy: the header when the file is opened, the places of the types when the first
/// of them is wanted, a type when it is wanted.
final class SpecFile: Sendable {
    /// For example `core.v1`.
    let name: String
    let group: String
    let version: String
    /// What definitions are called in OpenAPI, before the type's name: `io.k8s.api.core.v1`.
    let openAPIPrefix: String
    // Constant data of the binary (pintle_spec_at), never written.
    nonisolated(unsafe) private let bytes: UnsafeBufferPointer<UInt8>
    private let places = AtomicLazyReference<Places>()
    private let types = Mutex<[String: ObjectType]>([:])

    private final class Places: Sendable {
        let offsets: [String: Int]
        let names: [String]

        init(offsets: [String: Int], names: [String]) {
            self.offsets = offsets
            self.names = names
        }
    }

    init(name: String, bytes: UnsafeBufferPointer<UInt8>) {
        self.name = name
        self.bytes = bytes
        var header: [String: String] = [:]
        SpecFile.lines(of: bytes) { start, end in
            let line = String(decoding: bytes[start..<end], as: UTF8.self)
            if line == "  \"types\": {" { return false }
            let parts = line.split(separator: "\"", omittingEmptySubsequences: false)
            if parts.count == 5 { header[String(parts[1])] = String(parts[3]) }
            return true
        }
        group = header["group"] ?? ""
        version = header["version"] ?? ""
        openAPIPrefix = header["openapi"] ?? ""
    }

    /// The names of the types in the order of the file.
    var typeNames: [String] { index.names }

    /// Whether there is a type of this name.
    func contains(_ name: String) -> Bool { index.offsets[name] != nil }

    /// The type, read once and kept.
    func type(named name: String) -> ObjectType? {
        if let type = types.withLock({ $0[name] }) { return type }
        guard let spec = spec(named: name) else { return nil }
        let fields = (spec["fields"].object?.members ?? []).map { Field(name: $0.key, spec: $0.value, in: self) }
        let scalar = spec["scalar"].string
        let type = ObjectType(
            name: name, goName: goName(of: name), kind: spec["kind"].string, fields: fields,
            preservesUnknown: scalar == "object", isAny: scalar == "any")
        // Another thread may have been faster: everyone gets the same one.
        return types.withLock { types in
            if let first = types[name] { return first }
            types[name] = type
            return type
        }
    }

    /// The description of a type as it stands in the file; nothing is kept.
    func spec(named name: String) -> JSON? {
        guard let offset = index.offsets[name] else { return nil }
        var parser = JSONParser(UnsafeBufferPointer(rebasing: bytes[offset...]), limits: .default)
        return try? parser.value()
    }

    /// Calls `body` with every byte of the file.
    func forEachByte(_ body: (UInt8) -> Void) {
        for byte in bytes { body(byte) }
    }

    func goName(of type: String) -> String { "\(version).\(type)" }

    private var index: Places {
        if let index = places.load() { return index }
        var offsets: [String: Int] = [:]
        var names: [String] = []
        SpecFile.lines(of: bytes) { start, end in
            // `    "Name": {`: anything else at this depth is a closing brace.
            guard end - start > 9, bytes[start + 4] == UInt8(ascii: "\""), bytes[start + 3] == UInt8(ascii: " "),
                bytes[end - 1] == UInt8(ascii: "{")
            else { return true }
            let name = String(decoding: bytes[(start + 5)..<(end - 4)], as: UTF8.self)
            offsets[name] = end - 1
            names.append(name)
            return true
        }
        return places.storeIfNil(Places(offsets: offsets, names: names))
    }

    /// Calls `body` with start and end of each line until it answers `false`.
    private static func lines(of bytes: UnsafeBufferPointer<UInt8>, _ body: (Int, Int) -> Bool) {
        var start = 0
        while start < bytes.count {
            let end = bytes[start...].firstIndex(of: UInt8(ascii: "\n")) ?? bytes.count
            guard body(start, end) else { return }
            start = end + 1
        }
    }
}
