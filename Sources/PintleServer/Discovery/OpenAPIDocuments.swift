import NIOCore
import PintleHTTP
import PintleKinds
import PintleObjects
import Synchronization

/// The OpenAPI documents, made when first asked for and kept as bytes.
final class OpenAPIDocuments: Sendable {
    private struct Document: Sendable {
        let body: ByteBuffer
        let tag: String
    }

    private let resources: [OpenAPIResource]
    private let made = Mutex<[String: Document]>([:])

    init(kinds: KindTable) { resources = kinds.all.map(OpenAPIResource.init) }

    /// The answer for an OpenAPI path, or `nil` when the path is none.
    func response(_ path: String, _ request: HTTPRequest) -> Response? {
        guard path == "/openapi/v2" || path == "/openapi/v3" || path.hasPrefix("/openapi/v3/") else { return nil }
        do throws(StatusError) {
            if path == "/openapi/v2" { return try secondVersion(request) }
            if path == "/openapi/v3" {
                return answer(kept("v3") { OpenAPI.v3Index(resources: resources).serialized() }, request)
            }
            return try thirdVersion(String(path.dropFirst("/openapi/v3/".count)), request)
        } catch {
            return Response(error)
        }
    }

    /// One document for all, as protobuf for clients that can read nothing else.
    private func secondVersion(_ request: HTTPRequest) throws(StatusError) -> Response {
        let wanted = MediaType.accepted(request.headers.elements("accept")).map(\.type)
        for type in wanted.isEmpty ? ["*/*"] : wanted {
            if type == OpenAPI.protobufMediaType || type == Self.oldProtobufMediaType {
                let document = kept("v2 protobuf") {
                    OpenAPI.protobuf(v2: OpenAPI.v2(resources: resources, version: ServerVersion.gitVersion))
                }
                // The old name, with its @, is no valid media type: no client could read it in an answer.
                return answer(document, request, contentType: OpenAPI.protobufMediaType)
            }
            if ["application/json", "*/*", "application/*"].contains(type) {
                let document = kept("v2 json") {
                    OpenAPI.v2(resources: resources, version: ServerVersion.gitVersion).serialized()
                }
                return answer(document, request)
            }
        }
        throw .notAcceptable(accepted: ["application/json", OpenAPI.protobufMediaType])
    }

    /// How clients up to Kubernetes 1.22 write the type.
    private static let oldProtobufMediaType = "application/com.github.proto-openapi.spec.v2@v1.0+protobuf"

    private func thirdVersion(_ name: String, _ request: HTTPRequest) throws(StatusError) -> Response {
        let parts = name.split(separator: "/").map(String.init)
        let group = parts.count == 3 && parts[0] == "apis" ? parts[1] : ""
        guard let version = parts.last, (parts.count == 2 && parts[0] == "api") || !group.isEmpty,
            resources.contains(where: { $0.group == group && $0.version == version })
        else { return .pageNotFound }
        let wanted = MediaType.accepted(request.headers.elements("accept")).map(\.type)
        guard wanted.isEmpty || !Set(wanted).isDisjoint(with: ["application/json", "*/*", "application/*"]) else {
            throw .notAcceptable(accepted: ["application/json"])
        }
        let document = kept("v3 \(name)") {
            OpenAPI.v3(
                group: group, version: version, resources: resources, serverVersion: ServerVersion.gitVersion
            ).serialized()
        }
        var response = answer(document, request)
        // The address changes with the content, so what it names may be kept for good.
        if request.queryValue("hash") == OpenAPI.v3Hash(group: group, version: version, resources: resources) {
            response.cacheControl = "public, immutable, max-age=31536000"
        }
        return response
    }

    private func kept(_ name: String, _ make: () -> [UInt8]) -> Document {
        if let document = made.withLock({ $0[name] }) { return document }
        let bytes = make()
        let document = Document(body: ByteBuffer(bytes: bytes), tag: "\"\(contentHash(bytes))\"")
        made.withLock { $0[name] = document }
        return document
    }

    private func answer(
        _ document: Document, _ request: HTTPRequest, contentType: String = "application/json"
    ) -> Response {
        let isKnown = request.headers.elements("if-none-match").contains(document.tag)
        var response = Response(status: isKnown ? 304 : 200, body: isKnown ? ByteBuffer() : document.body)
        response.contentType = contentType
        response.headers = [("ETag", document.tag), ("Vary", "Accept")]
        return response
    }
}

extension OpenAPIResource {
    /// What of a kind is served.
    fileprivate init(_ kind: ServedKind) {
        let description = kind.description
        self.init(
            group: description.group, version: description.version, plural: description.plural, kind: description.kind,
            isNamespaced: description.namespaced, verbs: description.verbs,
            subresources: kind.shownSubresources.map {
                Subresource(
                    name: $0.name, group: $0.group ?? description.group, version: $0.version ?? description.version,
                    kind: $0.kind, verbs: $0.verbs)
            })
    }
}
