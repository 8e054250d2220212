/// What a registry wants to see before it answers: the contents of `WWW-Authenticate` headers.
enum RegistryChallenge: Sendable, Hashable {
    case basic
    case bearer(realm: String, service: String, scope: String)

    /// The best of the challenges that an answer has; bearer tokens are preferred.
    init?(_ head: RegistryHead) {
        var hasBasic = false
        for header in head.headers where header.name == "www-authenticate" {
            let scheme = header.value.prefix { $0 != " " }.lowercased()
            if scheme == "basic" { hasBasic = true }
            guard scheme == "bearer" else { continue }
            let parameters = Self.parameters(header.value.dropFirst(scheme.count))
            guard let realm = parameters["realm"] else { continue }
            self = .bearer(realm: realm, service: parameters["service"] ?? "", scope: parameters["scope"] ?? "")
            return
        }
        guard hasBasic else { return nil }
        self = .basic
    }

    /// Reads `name="value", name=value`.
    private static func parameters(_ text: Substring) -> [String: String] {
        var result: [String: String] = [:]
        var rest = text
        while true {
            rest = rest.drop { $0 == " " || $0 == "," || $0 == "\t" }
            guard let equals = rest.firstIndex(of: "=") else { return result }
            let name = rest[..<equals].lowercased()
            rest = rest[rest.index(after: equals)...]
            var value = ""
            if rest.first == "\"" {
                rest = rest.dropFirst()
                while let character = rest.popFirst(), character != "\"" {
                    value.append(character == "\\" ? rest.popFirst() ?? "\\" : character)
                }
            } else {
                value = String(rest.prefix { $0 != "," })
                rest = rest.dropFirst(value.count)
            }
            result[name] = value
        }
    }
}
