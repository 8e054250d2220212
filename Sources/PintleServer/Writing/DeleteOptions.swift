import NIOCore
import PintleHTTP
import PintleObjects

/// How an object is to be deleted: the body of a DELETE request, or its query parameters.
struct DeleteOptions: Sendable {
    /// Seconds; `nil` for the object's own period.
    var gracePeriodSeconds: Int64?
    /// The object must have this uid.
    var uid: String?
    /// The object must have this resourceVersion.
    var resourceVersion: String?
    var isDryRun = false

    init(gracePeriodSeconds: Int64? = nil, uid: String? = nil) {
        self.gracePeriodSeconds = gracePeriodSeconds
        self.uid = uid
    }

    /// - Throws: 400 for a body or number that cannot be read, 422 for a value that does not exist.
    init(_ request: HTTPRequest) throws(StatusError) {
        if request.body.readableBytes > 0 {
            let schema = try SchemaSource.schema(group: "", version: "v1", kind: "DeleteOptions")
            try self.init(body: try RequestBody.parse(request, schema: schema).value)
            return
        }
        self.init()
        if let text = request.queryValue("gracePeriodSeconds"), !text.isEmpty {
            guard let seconds = Int64(text) else {
                throw .badRequest("strconv.ParseInt: parsing \(goQuoted(text)): invalid syntax")
            }
            gracePeriodSeconds = seconds
        }
        try Self.check(propagation: request.queryValue("propagationPolicy").map { .string($0) } ?? .null)
        isDryRun = try WriteOptions.isDryRun(
            request.queryValues("dryRun").filter { !$0.isEmpty }, kind: "DeleteOptions")
    }

    /// Reads the value of a `DeleteOptions` object.
    init(body: JSON) throws(StatusError) {
        guard body.object != nil else { throw .badRequest("expected an object of kind DeleteOptions") }
        if let kind = body["kind"].string, !kind.isEmpty, kind != "DeleteOptions" {
            throw .badRequest("the body of a DELETE request must be of kind DeleteOptions, not \(kind)")
        }
        gracePeriodSeconds = body["gracePeriodSeconds"].int
        uid = body["preconditions"]["uid"].string
        resourceVersion = body["preconditions"]["resourceVersion"].string
        try Self.check(propagation: body["propagationPolicy"])
        isDryRun = try WriteOptions.isDryRun(
            (body["dryRun"].array ?? []).compactMap(\.string), kind: "DeleteOptions")
    }

    /// Nothing owns anything yet, so every policy comes to the same; a wrong one is still an error.
    private static func check(propagation: JSON) throws(StatusError) {
        guard let text = propagation.string, !text.isEmpty, !["Orphan", "Background", "Foreground"].contains(text)
        else {
            return
        }
        throw .invalid(
            kind: "DeleteOptions", group: "meta.k8s.io", name: "",
            causes: [
                .invalid(
                    "propagationPolicy", propagation,
                    "DeletionPropagation need to be one of \"Foreground\", \"Background\", \"Orphan\" or nil")
            ])
    }
}
