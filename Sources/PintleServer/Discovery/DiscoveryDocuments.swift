import NIOCore
import PintleHTTP
import PintleKinds
import PintleObjects

/// What the server serves, as clients ask for it: lists of groups, versions and resources.
///
/// Made once.
struct DiscoveryDocuments: Sendable {
    private let documents: [String: Document]
    /// `/api` and `/apis` in one, by path and version of `apidiscovery.k8s.io`.
    private let aggregated: [String: [String: Document]]

    private struct Document: Sendable {
        let value: JSON
        let bytes: ByteBuffer
        let tag: String

        init(_ value: JSON) {
            self.value = value
            bytes = ByteBuffer(bytes: value.serialized())
            tag = "\"\(contentHash(bytes.readableBytesView))\""
        }
    }

    init(kinds: KindTable, address: String) {
        let groups = Self.groups(kinds)
        var documents: [String: JSON] = [:]
        let addresses: JSON = [["clientCIDR": "0.0.0.0/0", "serverAddress": .string(address)]]
        documents["/api"] = ["kind": "APIVersions", "versions": ["v1"], "serverAddressByClientCIDRs": addresses]
        var named: [JSON] = []
        for group in groups {
            for version in group.versions {
                let prefix = group.name.isEmpty ? "/api/\(version)" : "/apis/\(group.name)/\(version)"
                documents[prefix] = ResourceListing.list(kinds.all, group: group.name, version: version)
            }
            if group.name.isEmpty { continue }
            named.append(group.json)
            var document: JSON = ["kind": "APIGroup", "apiVersion": "v1"]
            for (key, value) in group.json.object?.members ?? [] { document[key] = value }
            documents["/apis/\(group.name)"] = document
        }
        documents["/apis"] = ["kind": "APIGroupList", "apiVersion": "v1", "groups": .array(named)]
        documents["/version"] = ServerVersion.document
        let paths = documents.keys.map { $0 } + ["/healthz", "/livez", "/readyz", "/openapi/v2", "/openapi/v3"]
        documents["/"] = ["paths": .array(paths.sorted().map { .string($0) })]
        self.documents = documents.mapValues { Document($0) }

        var aggregated: [String: [String: Document]] = [:]
        for version in ["v2", "v2beta1"] {
            aggregated["/api", default: [:]][version] = Document(
                AggregatedDiscovery.document(kinds.all, groups.filter { $0.name.isEmpty }, version: version))
            aggregated["/apis", default: [:]][version] = Document(
                AggregatedDiscovery.document(kinds.all, groups.filter { !$0.name.isEmpty }, version: version))
        }
        self.aggregated = aggregated
    }

    /// The answer for a discovery path, or `nil` when the path is none.
    func response(_ path: String, _ request: HTTPRequest) -> Response? {
        guard let document = documents[path] else { return nil }
        if let versions = aggregated[path] {
            for media in MediaType.accepted(request.headers.elements("accept")) {
                guard media.type == "application/json" || media.type == "*/*" else { continue }
                guard media.parameters["as"] == "APIGroupDiscoveryList",
                    media.parameters["g"] == "apidiscovery.k8s.io", let version = media.parameters["v"],
                    let document = versions[version]
                else {
                    if media.parameters["as"] == nil { break }
                    continue
                }
                return aggregatedAnswer(document, version, request)
            }
        }
        do throws(StatusError) {
            var form = try OutputForm(request)
            form.shape = .object
            var response = form.isPlain ? Response(body: document.bytes) : Response(document.value, form: form)
            if aggregated[path] != nil { response.headers.append(("Vary", "Accept")) }
            return response
        } catch {
            return Response(error)
        }
    }

    private func aggregatedAnswer(_ document: Document, _ version: String, _ request: HTTPRequest) -> Response {
        var response: Response
        if request.headers.elements("if-none-match").contains(document.tag) {
            response = Response(status: 304, body: ByteBuffer())
        } else {
            response = Response(body: document.bytes)
        }
        response.contentType = "application/json;g=apidiscovery.k8s.io;v=\(version);as=APIGroupDiscoveryList"
        response.headers = [("ETag", document.tag), ("Vary", "Accept")]
        return response
    }

    /// The groups in the order in which their first kinds come, each with its versions.
    private static func groups(_ kinds: KindTable) -> [APIGroup] {
        var groups: [APIGroup] = []
        for kind in kinds.all {
            let version = kind.description.version
            if let index = groups.firstIndex(where: { $0.name == kind.group }) {
                if !groups[index].versions.contains(version) { groups[index].versions.append(version) }
            } else {
                groups.append(APIGroup(name: kind.group, versions: [version]))
            }
        }
        return groups
    }
}

/// An API group; its first version is the preferred one.
struct APIGroup: Sendable {
    let name: String
    var versions: [String]

    var json: JSON {
        let versions = versions.map { version -> JSON in
            ["groupVersion": .string("\(name)/\(version)"), "version": .string(version)]
        }
        return ["name": .string(name), "versions": .array(versions), "preferredVersion": versions.first ?? .null]
    }
}

/// A short text that differs when `bytes` differ; FNV-1a twice, 128 bits.
///
/// It guards caches, not secrets.
func contentHash(_ bytes: some Sequence<UInt8>) -> String {
    var first: UInt64 = 0xcbf2_9ce4_8422_2325
    var second: UInt64 = 0x9e37_79b9_7f4a_7c15
    for byte in bytes {
        first = (first ^ UInt64(byte)) &* 0x0000_0100_0000_01b3
        second = (second ^ UInt64(byte)) &* 0xff51_afd7_ed55_8ccd
        second ^= second >> 29
    }
    return [first, second].map { value in
        let digits = String(value, radix: 16, uppercase: true)
        return String(repeating: "0", count: 16 - digits.count) + digits
    }.joined()
}
