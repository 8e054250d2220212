/// `$(NAME)` expansion as Kubernetes does it in env values, commands and arguments.
///
/// `$$` gives `$`; a reference to an unknown variable stays as it is written.
enum Expansion {
    static func expand(_ text: String, _ variables: [String: String]) -> String { expand(text) { variables[$0] } }

    /// The same with values looked up by `value`, which answers nil for what is unknown.
    static func expand(_ text: String, _ value: (String) -> String?) -> String {
        guard text.contains("$") else { return text }
        var out = ""
        var rest = text[...]
        while let dollar = rest.firstIndex(of: "$") {
            out += rest[..<dollar]
            let after = rest.index(after: dollar)
            guard after < rest.endIndex else {
                out += "$"
                return out
            }
            switch rest[after] {
            case "$":
                out += "$"
                rest = rest[rest.index(after: after)...]
            case "(":
                if let close = rest[after...].firstIndex(of: ")") {
                    let name = String(rest[rest.index(after: after)..<close])
                    out += value(name) ?? "$(\(name))"
                    rest = rest[rest.index(after: close)...]
                } else {
                    out += "$("
                    rest = rest[rest.index(after: after)...]
                }
            default:
                out += "$"
                rest = rest[after...]
            }
        }
        return out + rest
    }
}
