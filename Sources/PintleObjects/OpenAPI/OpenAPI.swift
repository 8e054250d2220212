/// The description of the API for clients: OpenAPI v2 (one document, as JSON and as protobuf) and v3 (one document per
/// group and version), made from the schema and the list of what is served.
///
/// Documents are built when asked for and not kept: core/v1 takes a few milliseconds and a few hundred kilobytes.
public enum OpenAPI {
    /// The media type of ``protobuf(v2:)``.
    public static let protobufMediaType = "application/com.github.proto-openapi.spec.v2.v1.0+protobuf"

    /// The OpenAPI v2 document: paths of all `resources` and the definitions they reach.
    ///
    /// - Parameters:
    ///   - resources: Everything that is served; kinds without a built-in schema are left out.
    ///   - version: The version of the server, for example `v1.36.2`.
    /// - Returns: The document.
    public static func v2(resources: [OpenAPIResource], version: String) -> JSON {
        var definitions = OpenAPIDefinitions(form: .v2)
        var paths = OpenAPIPaths(form: .v2)
        for resource in resources { paths.add(resource, &definitions) }
        return [
            "swagger": "2.0",
            "info": ["title": "Kubernetes", "version": .string(version)],
            "paths": .object(paths.paths),
            "definitions": definitions.finished(),
        ]
    }

    /// The OpenAPI v3 document of one group and version; those of `resources` that belong to others are left out.
    public static func v3(group: String, version: String, resources: [OpenAPIResource], serverVersion: String) -> JSON {
        var definitions = OpenAPIDefinitions(form: .v3)
        var paths = OpenAPIPaths(form: .v3)
        for resource in resources where resource.group == group && resource.version == version {
            paths.add(resource, &definitions)
        }
        return [
            "openapi": "3.0.0",
            "info": ["title": "Kubernetes", "version": .string(serverVersion)],
            "paths": .object(paths.paths),
            "components": ["schemas": definitions.finished()],
        ]
    }

    /// The index at `/openapi/v3`: each group and version with the address of its document, which changes when the
    /// document does, so that clients can keep what they have.
    public static func v3Index(resources: [OpenAPIResource]) -> JSON {
        var paths = JSONObject()
        for resource in resources {
            let path = resource.group.isEmpty ? "api/\(resource.version)" : "apis/\(resource.group)/\(resource.version)"
            if paths.index(of: path) != nil { continue }
            let hash = v3Hash(group: resource.group, version: resource.version, resources: resources)
            paths[path] = ["serverRelativeURL": .string("/openapi/v3/\(path)?hash=\(hash)")]
        }
        return ["paths": .object(paths)]
    }

    /// A number, in upper-case hexadecimal, that changes when the v3 document of a group and version does.
    public static func v3Hash(group: String, version: String, resources: [OpenAPIResource]) -> String {
        // FNV-1a: it has to tell versions apart, not to withstand anybody.
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        func add(_ byte: UInt8) { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01b3 }
        SpecLibrary.shared.file(group: group, version: version)?.forEachByte(add)
        SpecLibrary.shared.file(named: "meta.v1")?.forEachByte(add)
        for resource in resources where resource.group == group && resource.version == version {
            for byte in resource.fingerprint.utf8 { add(byte) }
        }
        return String(hash, radix: 16, uppercase: true)
    }
}

/// What is served at a resource's paths.
public struct OpenAPIResource: Sendable, Hashable {
    /// A path below an object, such as `status` or `binding`.
    public struct Subresource: Sendable, Hashable {
        /// The last part of the path.
        public let name: String
        /// The group of what is read and written there.
        public let group: String
        /// The version of what is read and written there.
        public let version: String
        /// The kind of what is read and written there.
        public let kind: String
        /// `get`, `create`, `update`, `patch`, `delete`.
        public let verbs: [String]

        /// Describes a subresource.
        public init(name: String, group: String, version: String, kind: String, verbs: [String]) {
            self.name = name
            self.group = group
            self.version = version
            self.kind = kind
            self.verbs = verbs
        }
    }

    /// The group; empty for the core group.
    public let group: String
    /// The version.
    public let version: String
    /// The plural, for example `pods`.
    public let plural: String
    /// The kind, for example `Pod`.
    public let kind: String
    /// Whether objects live in namespaces.
    public let isNamespaced: Bool
    /// `get`, `list`, `watch`, `create`, `update`, `patch`, `delete`, `deletecollection`.
    public let verbs: [String]
    /// What is served below an object.
    public let subresources: [Subresource]

    /// Describes a resource.
    public init(
        group: String, version: String, plural: String, kind: String, isNamespaced: Bool, verbs: [String],
        subresources: [Subresource] = []
    ) {
        self.group = group
        self.version = version
        self.plural = plural
        self.kind = kind
        self.isNamespaced = isNamespaced
        self.verbs = verbs
        self.subresources = subresources
    }

    var fingerprint: String {
        let below = subresources.map { "\($0.name) \($0.group)/\($0.version)/\($0.kind) \($0.verbs)" }
        return "\(group)/\(version)/\(plural) \(kind) \(isNamespaced) \(verbs) \(below)"
    }
}

/// Which of the two forms of OpenAPI a document has.
enum OpenAPIForm {
    case v2
    case v3

    /// Where definitions stand.
    var definitions: String { self == .v2 ? "#/definitions/" : "#/components/schemas/" }
}
