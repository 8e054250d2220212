/// Metrics in Prometheus' text form.
struct MetricText: Sendable {
    enum Kind: String { case counter, gauge }

    private(set) var text = ""
    private var family = ""

    /// Begins a metric; its samples follow.
    mutating func begin(_ name: String, _ kind: Kind, _ help: String) {
        family = name
        text += "# HELP \(name) \(help)\n# TYPE \(name) \(kind.rawValue)\n"
    }

    /// Adds a sample of the metric that was begun last.
    ///
    /// `time`: nanoseconds since 1970; nil leaves it out.
    mutating func add(_ labels: [(String, String)] = [], _ value: String, time: Int64? = nil) {
        text += family
        if !labels.isEmpty {
            text += "{" + labels.map { "\($0.0)=\"\(Self.escaped($0.1))\"" }.joined(separator: ",") + "}"
        }
        text += " \(value)"
        if let time { text += " \(time / 1_000_000)" }
        text += "\n"
    }

    mutating func add(_ labels: [(String, String)] = [], _ value: UInt64, time: Int64? = nil) {
        add(labels, "\(value)", time: time)
    }

    /// Nanoseconds, told in seconds.
    mutating func add(_ labels: [(String, String)] = [], nanoseconds: UInt64, time: Int64? = nil) {
        let fraction = String(nanoseconds % 1_000_000_000)
        var digits = String(repeating: "0", count: 9 - fraction.utf8.count) + fraction
        while digits.hasSuffix("0") { digits.removeLast() }
        let whole = "\(nanoseconds / 1_000_000_000)"
        add(labels, digits.isEmpty ? whole : "\(whole).\(digits)", time: time)
    }

    private static func escaped(_ text: String) -> String {
        guard text.utf8.contains(where: { $0 == 34 || $0 == 92 || $0 == 10 }) else { return text }
        var out = ""
        for character in text {
            switch character {
            case "\\": out += "\\\\"
            case "\"": out += "\\\""
            case "\n": out += "\\n"
            default: out.append(character)
            }
        }
        return out
    }
}
