import PintleHTTP
import PintleObjects

/// The query parameters of list and watch, checked as Kubernetes checks them.
struct ListOptions: Sendable {
    enum VersionMatch: String, Sendable { case exact = "Exact", notOlderThan = "NotOlderThan" }

    var labelSelector: String?
    var fieldSelector: String?
    /// 0 is no limit.
    var limit = 0
    var continuation: String?
    /// `nil` when not given.
    var resourceVersion: Int64?
    var versionMatch: VersionMatch?
    /// Seconds; `nil` when not given.
    var timeoutSeconds: Int?
    var allowsBookmarks = false
    var sendsInitialEvents: Bool?

    /// Everything, as it is now.
    init() {}

    init(_ request: HTTPRequest, isWatch: Bool) throws(StatusError) {
        labelSelector = request.queryValue("labelSelector")
        fieldSelector = request.queryValue("fieldSelector")
        limit = try Self.number(request, "limit") ?? 0
        continuation = request.queryValue("continue").flatMap { $0.isEmpty ? nil : $0 }
        timeoutSeconds = try Self.number(request, "timeoutSeconds")
        allowsBookmarks = queryFlag(request, "allowWatchBookmarks")
        if request.queryValue("sendInitialEvents") != nil {
            sendsInitialEvents = queryFlag(request, "sendInitialEvents")
        }
        var faults: [FieldError] = []
        if let text = request.queryValue("resourceVersion"), !text.isEmpty {
            guard let version = Int64(text), version >= 0 else {
                throw Self.invalid([
                    .invalid(
                        "resourceVersion", .string(text), "strconv.ParseUint: parsing \(goQuoted(text)): invalid syntax"
                    )
                ])
            }
            resourceVersion = version
        }
        if let text = request.queryValue("resourceVersionMatch"), !text.isEmpty {
            versionMatch = VersionMatch(rawValue: text)
            if versionMatch == nil {
                faults.append(.notSupported("resourceVersionMatch", .string(text), ["Exact", "NotOlderThan"]))
            }
        }
        faults += isWatch ? watchFaults() : listFaults()
        if !faults.isEmpty { throw Self.invalid(faults) }
    }

    private func listFaults() -> [FieldError] {
        var faults: [FieldError] = []
        if sendsInitialEvents != nil {
            faults.append(.forbidden("sendInitialEvents", "sendInitialEvents is forbidden for list"))
        }
        guard let versionMatch else { return faults }
        if resourceVersion == nil {
            faults.append(
                .forbidden(
                    "resourceVersionMatch", "resourceVersionMatch is forbidden unless resourceVersion is provided"))
        }
        if continuation != nil {
            faults.append(
                .forbidden("resourceVersionMatch", "resourceVersionMatch is forbidden when continue is provided"))
        }
        if versionMatch == .exact, resourceVersion == 0 {
            faults.append(
                .forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch \"Exact\" is forbidden for resourceVersion \"0\""))
        }
        return faults
    }

    private func watchFaults() -> [FieldError] {
        if sendsInitialEvents != nil {
            if versionMatch != .notOlderThan {
                return [
                    .forbidden(
                        "resourceVersionMatch",
                        "sendInitialEvents requires setting resourceVersionMatch to NotOlderThan")
                ]
            }
            return []
        }
        if versionMatch != nil {
            return [
                .forbidden(
                    "resourceVersionMatch",
                    "resourceVersionMatch is forbidden for watch unless sendInitialEvents is provided")
            ]
        }
        return []
    }

    private static func invalid(_ faults: [FieldError]) -> StatusError {
        .invalid(kind: "ListOptions", group: "meta.k8s.io", name: "", causes: faults)
    }

    private static func number(_ request: HTTPRequest, _ name: String) throws(StatusError) -> Int? {
        guard let text = request.queryValue(name), !text.isEmpty else { return nil }
        guard let value = Int(text) else {
            throw .badRequest("strconv.ParseInt: parsing \(goQuoted(text)): invalid syntax")
        }
        return value
    }
}
