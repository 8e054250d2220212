/// A failure as the Kubernetes API reports it: an HTTP status with a `Status` object.
///
/// Match on ``code`` and ``reason``; ``message`` is for people and has Kubernetes' words.
public struct StatusError: Error, Sendable, Hashable {
    /// The HTTP status.
    public var code: Int
    /// The reason, for example `NotFound`; empty when there is none.
    public var reason: String
    /// One sentence for people.
    public var message: String
    /// `details` of the `Status` object, or ``JSON/null``.
    public var details: JSON

    /// Makes an error; the factories fill in what Kubernetes would.
    public init(code: Int, reason: String, message: String, details: JSON = .null) {
        self.code = code
        self.reason = reason
        self.message = message
        self.details = details
    }

    /// The `Status` object, members in Kubernetes' order.
    public var json: JSON {
        var status: JSON = ["kind": "Status", "apiVersion": "v1", "metadata": [:], "status": "Failure"]
        if message.isEmpty == false { status["message"] = .string(message) }
        if reason.isEmpty == false { status["reason"] = .string(reason) }
        if details.isNull == false { status["details"] = details }
        status["code"] = .integer(Int64(code))
        return status
    }

    /// Reads a `Status` object; `nil` when `json` is none or reports success.
    public init?(json: JSON) {
        guard json["kind"].string == "Status", json["status"].string != "Success" else { return nil }
        self.init(
            code: Int(json["code"].int ?? 500), reason: json["reason"].string ?? "",
            message: json["message"].string ?? "", details: json["details"])
    }

    /// Seconds after which the client should try again, when the server said so.
    public var retryAfterSeconds: Int? { details["retryAfterSeconds"].int.map(Int.init) }
}

extension StatusError: CustomStringConvertible {
    /// The message.
    public var description: String { message }
}

extension StatusError {
    /// `details`: name, group and kind, without those that are empty.
    static func details(group: String, kind: String, name: String, causes: [FieldError] = []) -> JSON {
        var details: JSON = [:]
        if name.isEmpty == false { details["name"] = .string(name) }
        if group.isEmpty == false { details["group"] = .string(group) }
        if kind.isEmpty == false { details["kind"] = .string(kind) }
        if causes.isEmpty == false { details["causes"] = .array(causes.map(\.cause)) }
        return details
    }

    /// `deployments.apps`, or just `pods` in the core group.
    static func qualified(_ name: String, group: String) -> String { group.isEmpty ? name : "\(name).\(group)" }
}
