import PintleHTTP
import PintleObjects

/// In which form an answer is wanted.
struct OutputForm: Sendable, Equatable {
    enum Encoding: Sendable { case json, yaml }
    enum Shape: Sendable, Equatable {
        case object
        /// `meta.k8s.io/VERSION` of the table.
        case table(version: String)
        case partialMetadata(version: String)
    }

    var encoding = Encoding.json
    var shape = Shape.object
    var isPretty = false

    static let json = OutputForm()

    /// The bytes can be sent as they lie in the cache.
    var isPlain: Bool { encoding == .json && shape == .object && !isPretty }

    /// - Throws: 406 when nothing of what the client accepts is served.
    init(_ request: HTTPRequest) throws(StatusError) {
        let accepted = request.headers.elements("accept")
        isPretty = Self.wantsPretty(request)
        if accepted.isEmpty { return }
        for media in MediaType.accepted(accepted) {
            guard let encoding = Self.encoding(media.type), let shape = Self.shape(media.parameters) else { continue }
            self.encoding = encoding
            self.shape = shape
            return
        }
        throw .notAcceptable(accepted: Self.served)
    }

    private init() {}

    static let served = ["application/json", "application/yaml"]

    /// The value of `Content-Type`.
    var contentType: String { encoding == .json ? "application/json" : "application/yaml" }

    private static func encoding(_ type: String) -> Encoding? {
        switch type {
        case "application/json", "*/*", "application/*": .json
        case "application/yaml": .yaml
        default: nil
        }
    }

    private static func shape(_ parameters: [String: String]) -> Shape? {
        guard let kind = parameters["as"] else { return .object }
        guard parameters["g"] == "meta.k8s.io", let version = parameters["v"], ["v1", "v1beta1"].contains(version)
        else {
            return nil
        }
        switch kind {
        case "Table": return .table(version: version)
        case "PartialObjectMetadata", "PartialObjectMetadataList": return .partialMetadata(version: version)
        default: return nil
        }
    }

    private static func wantsPretty(_ request: HTTPRequest) -> Bool {
        if request.queryValue("pretty") != nil { return queryFlag(request, "pretty") }
        guard let agent = request.headers["user-agent"] else { return false }
        return ["curl", "Wget", "Mozilla/5.0"].contains { agent.hasPrefix($0) }
    }
}
