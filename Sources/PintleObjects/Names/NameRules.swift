/// What Kubernetes allows as a name, and what it says about the rest.
///
/// Each function answers the complaints about `value`, empty when there is none: they are the details of
/// ``FieldError/invalid(_:_:_:)``.
public enum NameRules {
    /// A label of a host name: 63 characters of `a-z`, `0-9` and `-`.
    public static func dns1123Label(_ value: String) -> [String] {
        var faults = tooLong(value, 63)
        if isLabel(value.utf8[...]) == false {
            faults.append(
                isSubdomain(value)
                    ? "must not contain dots"
                    : regex(
                        "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must "
                            + "start and end with an alphanumeric character", labelFormat, ["my-name", "123-abc"]))
        }
        return faults
    }

    /// A host name: 253 characters of labels with dots between.
    public static func dns1123Subdomain(_ value: String) -> [String] {
        var faults = tooLong(value, 253)
        if isSubdomain(value) == false {
            faults.append(
                regex(
                    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and "
                        + "must start and end with an alphanumeric character",
                    "\(labelFormat)(\\.\(labelFormat))*", ["example.com"]))
        }
        return faults
    }

    /// A label that begins with a letter.
    public static func dns1035Label(_ value: String) -> [String] {
        var faults = tooLong(value, 63)
        if isLabel(value.utf8[...]) == false || isLower(value.utf8.first) == false {
            faults.append(
                regex(
                    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an "
                        + "alphabetic character, and end with an alphanumeric character",
                    "[a-z]([-a-z0-9]*[a-z0-9])?", ["my-name", "abc-123"]))
        }
        return faults
    }

    /// The key of a label or an annotation: a name, with an optional host name and `/` before it.
    public static func qualifiedName(_ value: String) -> [String] {
        let parts = value.split(separator: "/", omittingEmptySubsequences: false).map(String.init)
        let explanation = regex(
            "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
            qualifiedFormat, ["MyName", "my.name", "123-abc"])
        guard parts.count <= 2, let name = parts.last else {
            return [
                "a qualified name \(explanation) with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"
            ]
        }
        var faults: [String] = []
        if parts.count == 2 {
            if parts[0].isEmpty {
                faults.append("prefix part must be non-empty")
            } else {
                faults += dns1123Subdomain(parts[0]).map { "prefix part \($0)" }
            }
        }
        if name.isEmpty { faults.append("name part must be non-empty") }
        faults += tooLong(name, 63).map { "name part \($0)" }
        if isQualified(name) == false { faults.append("name part \(explanation)") }
        return faults
    }

    /// The value of a label: empty, or 63 characters of letters, digits, `-`, `_` and `.`.
    public static func labelValue(_ value: String) -> [String] {
        var faults = tooLong(value, 63)
        if value.isEmpty == false, isQualified(value) == false {
            faults.append(
                regex(
                    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and "
                        + "must start and end with an alphanumeric character",
                    "(\(qualifiedFormat))?", ["MyValue", "my_value", "12345"]))
        }
        return faults
    }

    /// A key of a ConfigMap or Secret, which becomes a file's name.
    public static func configMapKey(_ value: String) -> [String] {
        var faults = tooLong(value, 253)
        if value.isEmpty || value.utf8.allSatisfy({ isAlphanumeric($0) || "-._".utf8.contains($0) }) == false {
            faults.append(
                regex(
                    "a valid config key must consist of alphanumeric characters, '-', '_' or '.'", "[-._a-zA-Z0-9]+",
                    ["key.name", "KEY_NAME", "key-name"]))
        }
        switch value {
        case ".": faults.append("must not be '.'")
        case "..": faults.append("must not be '..'")
        default: if value.hasPrefix("..") { faults.append("must not start with '..'") }
        }
        return faults
    }

    /// The name of an environment variable.
    public static func environmentVariable(_ value: String) -> [String] {
        if value.isEmpty { return ["environment variable name must be non-empty"] }
        if value.utf8.allSatisfy({ $0 >= 0x20 && $0 < 0x7F && $0 != UInt8(ascii: "=") }) { return [] }
        return ["a valid environment variable name must consist only of printable ASCII characters other than '='"]
    }

    /// The name of a port (IANA service name).
    public static func portName(_ value: String) -> [String] {
        var faults = tooLong(value, 15)
        if value.isEmpty || value.utf8.allSatisfy({ isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }) == false {
            faults.append("must contain only alpha-numeric characters (a-z, 0-9), and hyphens (-)")
        }
        if value.utf8.contains(where: isLower) == false { faults.append("must contain at least one letter (a-z)") }
        if value.contains("--") { faults.append("must not contain consecutive hyphens") }
        if value.hasPrefix("-") || value.hasSuffix("-") { faults.append("must not begin or end with a hyphen") }
        return faults
    }

    /// A port's number.
    public static func portNumber(_ value: Int64) -> [String] {
        (1...65_535).contains(value) ? [] : [inclusiveRange(1, 65_535)]
    }

    /// The name of an HTTP header.
    public static func httpHeaderName(_ value: String) -> [String] {
        if value.isEmpty == false, value.utf8.allSatisfy({ isAlphanumeric($0) || $0 == UInt8(ascii: "-") }) {
            return []
        }
        return [
            regex(
                "a valid HTTP header must consist of alphanumeric characters or '-'", "[-A-Za-z0-9]+", ["X-Header-Name"]
            )
        ]
    }

    /// `must be between 1 and 65535, inclusive`.
    public static func inclusiveRange(_ low: Int64, _ high: Int64) -> String {
        "must be between \(low) and \(high), inclusive"
    }

    /// `generateName` as the name it would give: Kubernetes checks it with a letter in place of a dash at its end.
    public static func masked(generateName: String) -> String {
        generateName.count > 1 && generateName.hasSuffix("-") ? generateName.dropLast() + "a" : generateName
    }
}

extension NameRules {
    private static let labelFormat = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
    private static let qualifiedFormat = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"

    private static func tooLong(_ value: String, _ maximum: Int) -> [String] {
        value.utf8.count > maximum ? ["must be no more than \(maximum) characters"] : []
    }

    private static func regex(_ message: String, _ format: String, _ examples: [String]) -> String {
        let shown = examples.map { "'\($0)', " }.joined(separator: " or ")
        return "\(message) (e.g. \(shown)regex used for validation is '\(format)')"
    }

    private static func isLower(_ byte: UInt8?) -> Bool {
        byte.map { $0 >= UInt8(ascii: "a") && $0 <= UInt8(ascii: "z") } ?? false
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        isLower(byte) || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    private static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"))
    }

    private static func isLabel(_ value: Substring.UTF8View) -> Bool {
        guard let first = value.first, let last = value.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last)
        else { return false }
        return value.allSatisfy { isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") }
    }

    private static func isSubdomain(_ value: String) -> Bool {
        value.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false).allSatisfy(isLabel)
    }

    private static func isQualified(_ value: String) -> Bool {
        guard let first = value.utf8.first, let last = value.utf8.last, isAlphanumeric(first), isAlphanumeric(last)
        else { return false }
        return value.utf8.allSatisfy { isAlphanumeric($0) || "-_.".utf8.contains($0) }
    }
}
