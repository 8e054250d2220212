internal import PintleHTTP

/// Who may ask the kubelet's API for what.
///
/// Until roles can be looked up, members of `system:masters` may do everything, the administrator and the API server
/// among them, and nobody else anything.
enum KubeletAccess {
    /// What is answered instead; nil when the request is allowed.
    static func refusal(_ request: HTTPRequest) -> (status: Int, text: String)? {
        guard let identity = request.identity else { return (401, "Unauthorized") }
        guard !identity.groups.contains("system:masters") else { return nil }
        let resources = subresources(request.path).joined(separator: " ")
        return (
            403,
            "Forbidden (user=\(identity.user), verb=\(verb(request.method)), resource=nodes, subresource(s)=[\(resources)])\n"
        )
    }

    static func verb(_ method: String) -> String {
        switch method {
        case "POST": "create"
        case "GET": "get"
        case "PUT": "update"
        case "PATCH": "patch"
        case "DELETE": "delete"
        default: ""
        }
    }

    /// The subresources of `nodes` that a path may be allowed by.
    static func subresources(_ path: String) -> [String] {
        let first = path.split(separator: "/").first.map(String.init) ?? ""
        switch first {
        case "stats", "metrics", "checkpoint": return [first]
        case "logs": return ["log"]
        case "pods", "runningpods": return ["pods", "proxy"]
        case "healthz", "configz": return [first, "proxy"]
        default: return ["proxy"]
        }
    }
}
