/// An image's name as it is looked up: with its registry, without tag and digest.
enum ImageName {
    /// `nginx:1` is `docker.io/library/nginx`; `host:5000/a/b@sha256:…` is `host:5000/a/b`.
    static func repository(_ image: String) -> String {
        var name = image[...]
        if let at = name.firstIndex(of: "@") { name = name[..<at] }
        let slash = name.lastIndex(of: "/")
        if let colon = name.lastIndex(of: ":"), slash.map({ colon > $0 }) ?? true { name = name[..<colon] }
        let first = name.prefix { $0 != "/" }
        let hasRegistry =
            first.count < name.count && (first.contains(".") || first.contains(":") || first == "localhost")
        if hasRegistry {
            return first == "index.docker.io" ? "docker.io" + name.dropFirst(first.count) : String(name)
        }
        return name.contains("/") ? "docker.io/\(name)" : "docker.io/library/\(name)"
    }
}
