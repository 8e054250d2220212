extension StatusError {
    /// 404: `pods "x" not found`.
    ///
    /// `resource` is the plural.
    public static func notFound(group: String, resource: String, name: String) -> StatusError {
        StatusError(
            code: 404, reason: "NotFound", message: "\(qualified(resource, group: group)) \(goQuoted(name)) not found",
            details: details(group: group, kind: resource, name: name))
    }

    /// 404 for a path that names no resource.
    public static let noSuchResource = StatusError(
        code: 404, reason: "NotFound", message: "the server could not find the requested resource", details: [:])

    /// 409: `pods "x" already exists`.
    public static func alreadyExists(group: String, resource: String, name: String) -> StatusError {
        StatusError(
            code: 409, reason: "AlreadyExists",
            message: "\(qualified(resource, group: group)) \(goQuoted(name)) already exists",
            details: details(group: group, kind: resource, name: name))
    }

    /// 409: `Operation cannot be fulfilled on pods "x": …`.
    public static func conflict(
        group: String, resource: String, name: String,
        _ why: String = "the object has been modified; please apply your changes to the latest version and try again"
    ) -> StatusError {
        StatusError(
            code: 409, reason: "Conflict",
            message:
                "Operation cannot be fulfilled on \(qualified(resource, group: group)) \(goQuoted(name)): \(why)",
            details: details(group: group, kind: resource, name: name))
    }

    /// 422: `Pod "x" is invalid: …` with every cause.
    ///
    /// `causes` is not empty; causes whose text is the same are named once in the message.
    public static func invalid(kind: String, group: String, name: String, causes: [FieldError]) -> StatusError {
        var texts: [String] = []
        for cause in causes where texts.contains(cause.description) == false { texts.append(cause.description) }
        let list = texts.count == 1 ? texts[0] : "[" + texts.joined(separator: ", ") + "]"
        return StatusError(
            code: 422, reason: "Invalid",
            message: "\(qualified(kind, group: group)) \(goQuoted(name)) is invalid: \(list)",
            details: details(group: group, kind: kind, name: name, causes: causes))
    }

    /// 400 with `message`.
    public static func badRequest(_ message: String) -> StatusError {
        StatusError(code: 400, reason: "BadRequest", message: message)
    }

    /// 403: `pods "x" is forbidden: …`; without a name `pods is forbidden: …`.
    public static func forbidden(group: String, resource: String, name: String, _ why: String) -> StatusError {
        let what = qualified(resource, group: group)
        let message =
            resource.isEmpty
            ? "forbidden: \(why)"
            : name.isEmpty ? "\(what) is forbidden: \(why)" : "\(what) \(goQuoted(name)) is forbidden: \(why)"
        return StatusError(
            code: 403, reason: "Forbidden", message: message, details: details(group: group, kind: resource, name: name)
        )
    }

    /// 401.
    public static func unauthorized(_ message: String = "Unauthorized") -> StatusError {
        StatusError(code: 401, reason: "Unauthorized", message: message)
    }

    /// 405: `patch is not supported on resources of kind "pods"`.
    public static func methodNotSupported(group: String, resource: String, verb: String) -> StatusError {
        StatusError(
            code: 405, reason: "MethodNotAllowed",
            message: "\(verb) is not supported on resources of kind \(goQuoted(qualified(resource, group: group)))",
            details: details(group: group, kind: resource, name: ""))
    }

    /// 406, with the media types that are served.
    public static func notAcceptable(accepted: [String]) -> StatusError {
        StatusError(
            code: 406, reason: "NotAcceptable",
            message: "only the following media types are accepted: \(accepted.joined(separator: ", "))")
    }

    /// 415, with the media types that are read.
    public static func unsupportedMediaType(accepted: [String]) -> StatusError {
        StatusError(
            code: 415, reason: "UnsupportedMediaType",
            message:
                "the body of the request was in an unknown format - accepted media types include: "
                + accepted.joined(separator: ", "))
    }

    /// 413 for a body larger than `limit` bytes.
    public static func tooLarge(limit: Int) -> StatusError {
        StatusError(
            code: 413, reason: "RequestEntityTooLarge",
            message: "Request entity too large: limit is \(limit)")
    }

    /// 410 for a resource version that is no longer kept.
    public static func expired(_ message: String) -> StatusError {
        StatusError(code: 410, reason: "Expired", message: message)
    }

    /// 410 for something that is not there any more.
    public static func gone(_ message: String) -> StatusError {
        StatusError(code: 410, reason: "Gone", message: message)
    }

    /// 500: `Internal error occurred: …`.
    public static func internalError(_ why: String) -> StatusError {
        StatusError(
            code: 500, reason: "InternalError", message: "Internal error occurred: \(why)",
            details: ["causes": [["message": .string(why)]]])
    }

    /// 504: `Timeout: …`.
    public static func timeout(_ why: String, retryAfterSeconds: Int = 0) -> StatusError {
        StatusError(code: 504, reason: "Timeout", message: "Timeout: \(why)", details: retry(retryAfterSeconds))
    }

    /// 500, when the server could not finish in time and the client should try again.
    public static func serverTimeout(group: String, resource: String, operation: String, retryAfterSeconds: Int)
        -> StatusError
    {
        var details = details(group: group, kind: resource, name: "")
        if retryAfterSeconds > 0 { details["retryAfterSeconds"] = .integer(Int64(retryAfterSeconds)) }
        return StatusError(
            code: 500, reason: "ServerTimeout",
            message:
                "The \(operation) operation against \(qualified(resource, group: group)) could not be completed at this "
                + "time, please try again.", details: details)
    }

    /// 429: the client is to wait.
    public static func tooManyRequests(_ message: String, retryAfterSeconds: Int) -> StatusError {
        StatusError(code: 429, reason: "TooManyRequests", message: message, details: retry(retryAfterSeconds))
    }

    /// 503.
    public static func serviceUnavailable(_ message: String) -> StatusError {
        StatusError(code: 503, reason: "ServiceUnavailable", message: message)
    }

    private static func retry(_ seconds: Int) -> JSON {
        seconds > 0 ? ["retryAfterSeconds": .integer(Int64(seconds))] : [:]
    }
}
