package import PintleHTTP

/// What a request is about, read from its method and path alone: the attributes that authorization decides on.
struct RequestInfo: Sendable, Equatable {
    /// Whether the path names a resource of an API group; otherwise only ``path`` and ``verb`` mean something.
    var isResource = false
    var group = ""
    var version = ""
    /// Empty when the path has none.
    ///
    /// For the resource `namespaces` it is the namespace itself.
    var namespace = ""
    var resource = ""
    var name = ""
    var subresource = ""
    /// Segments behind the subresource; no resource of this slice has any.
    var rest: [String] = []
    /// The verb of Kubernetes: `get`, `list`, `watch`, `create`, … or the method in lower case for other paths.
    var verb = ""
    /// The path, still percent-encoded.
    var path = ""

    /// `pods`, or `pods/log`.
    var qualifiedResource: String { subresource.isEmpty ? resource : "\(resource)/\(subresource)" }

    init(_ request: HTTPRequest) {
        path = request.path
        verb = request.method.lowercased()
        guard var segments = pathSegments(request.path) else { return }
        switch segments.first {
        case "api" where segments.count > 2:
            version = segments[1]
            segments.removeFirst(2)
        case "apis" where segments.count > 3:
            group = segments[1]
            version = segments[2]
            segments.removeFirst(3)
        default: return
        }
        isResource = true
        let isOldWatch = segments.first == "watch" && segments.count > 1
        if isOldWatch { segments.removeFirst() }
        if segments[0] == "namespaces", segments.count > 1 {
            namespace = segments[1]
            let isOwnSubresource = segments.count > 2 && ["status", "finalize"].contains(segments[2])
            if segments.count > 2, !isOwnSubresource { segments.removeFirst(2) }
        }
        resource = segments[0]
        if segments.count > 1 { name = segments[1] }
        if segments.count > 2 { subresource = segments[2] }
        rest = Array(segments.dropFirst(3))
        verb = Self.verb(of: request, name: name, isOldWatch: isOldWatch)
    }

    private static func verb(of request: HTTPRequest, name: String, isOldWatch: Bool) -> String {
        switch request.method {
        case "POST": return "create"
        case "PUT": return "update"
        case "PATCH": return "patch"
        case "DELETE": return name.isEmpty ? "deletecollection" : "delete"
        case "GET", "HEAD":
            if isOldWatch { return "watch" }
            if !name.isEmpty { return "get" }
            return queryFlag(request, "watch") ? "watch" : "list"
        default: return request.method.lowercased()
        }
    }
}

/// The segments of a path, percent-decoded; `nil` when an escape is malformed or the text is not UTF-8.
package func pathSegments(_ path: String) -> [String]? {
    var result: [String] = []
    for part in path.utf8.split(separator: UInt8(ascii: "/")) {
        guard let segment = percentDecoded(part) else { return nil }
        result.append(segment)
    }
    return result
}

private func percentDecoded(_ text: Substring.UTF8View) -> String? {
    guard text.contains(UInt8(ascii: "%")) else { return String(text) }
    var bytes: [UInt8] = []
    var index = text.startIndex
    while index < text.endIndex {
        guard text[index] == UInt8(ascii: "%") else {
            bytes.append(text[index])
            index = text.index(after: index)
            continue
        }
        let digits = text[text.index(after: index)...].prefix(2)
        guard digits.count == 2, let value = UInt8(String(Substring(digits)), radix: 16) else { return nil }
        bytes.append(value)
        index = digits.endIndex
    }
    return String(validating: bytes, as: UTF8.self)
}

/// A boolean query parameter as Kubernetes reads it: present and neither `false` nor `0`.
package func queryFlag(_ request: HTTPRequest, _ name: String) -> Bool {
    guard let value = request.queryValue(name) else { return false }
    return value != "false" && value != "0"
}
