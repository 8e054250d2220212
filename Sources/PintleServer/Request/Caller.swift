import PintleHTTP
import PintleObjects

/// Who makes a request, and what that allows.
///
/// Members of `system:masters` may do everything. Others who show a certificate may look at discovery; those who show
/// none may ask for health and version. That is what Kubernetes allows before any role is bound.
struct Caller: Sendable, Hashable {
    let user: String
    let groups: [String]

    init(_ identity: Identity?) {
        if let identity {
            user = identity.user
            groups = identity.groups + ["system:authenticated"]
        } else {
            user = "system:anonymous"
            groups = ["system:unauthenticated"]
        }
    }

    private init(user: String, groups: [String]) {
        self.user = user
        self.groups = groups
    }

    var isMaster: Bool { groups.contains("system:masters") }

    /// - Throws: 403 in Kubernetes' words.
    func authorize(_ info: RequestInfo) throws(StatusError) {
        if isMaster { return }
        if !info.isResource, info.verb == "get" || info.verb == "head", mayRead(info.path) { return }
        throw refusal(info)
    }

    private func mayRead(_ path: String) -> Bool {
        let open = ["/healthz", "/livez", "/readyz", "/version", "/version/"]
        if open.contains(path) { return true }
        guard groups.contains("system:authenticated") else { return false }
        return ["/api", "/apis", "/openapi"].contains { path == $0 || path.hasPrefix($0 + "/") }
    }

    private func refusal(_ info: RequestInfo) -> StatusError {
        guard info.isResource else {
            return .forbidden(
                group: "", resource: "", name: "",
                "User \(goQuoted(user)) cannot \(info.verb) path \(goQuoted(info.path))")
        }
        let scope = info.namespace.isEmpty ? "at the cluster scope" : "in the namespace \(goQuoted(info.namespace))"
        return .forbidden(
            group: info.group, resource: info.resource, name: info.name,
            "User \(goQuoted(user)) cannot \(info.verb) resource \(goQuoted(info.qualifiedResource)) "
                + "in API group \(goQuoted(info.group)) \(scope)")
    }

    /// Who the request is to be taken for: `Impersonate-User` and `Impersonate-Group`, which only masters may use.
    func impersonating(_ headers: HeaderFields) throws(StatusError) -> Caller {
        let groups = headers.values("Impersonate-Group")
        guard let user = headers["Impersonate-User"], !user.isEmpty else {
            if groups.isEmpty { return self }
            throw .badRequest("requested [\(groups.joined(separator: " "))] without impersonating a user")
        }
        guard isMaster else {
            throw .forbidden(
                group: "", resource: "users", name: user,
                "User \(goQuoted(self.user)) cannot impersonate resource \"users\" in API group \"\" at the cluster scope"
            )
        }
        let implied = user == "system:anonymous" ? "system:unauthenticated" : "system:authenticated"
        return Caller(user: user, groups: groups.contains(implied) ? groups : groups + [implied])
    }
}
