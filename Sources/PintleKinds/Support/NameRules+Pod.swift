import PintleObjects

extension NameRules {
    /// A search domain: a host name whose labels may contain and begin with `_`.
    static func subdomainWithUnderscore(_ value: String) -> [String] {
        var faults = value.utf8.count > 253 ? ["must be no more than 253 characters"] : []
        let labels = value.utf8.split(separator: UInt8(ascii: "."), omittingEmptySubsequences: false)
        let valid = labels.allSatisfy { label in
            let rest = label.first == UInt8(ascii: "_") ? label.dropFirst() : label
            return isSegment(rest)
        }
        if valid == false {
            faults.append(
                "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must "
                    + "start and end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
                    + "'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')")
        }
        return faults
    }

    /// A kernel parameter: segments with dots or slashes between.
    static func isSysctl(_ value: String) -> Bool {
        value.utf8.count <= 253
            && value.utf8.split(omittingEmptySubsequences: false) {
                $0 == UInt8(ascii: ".") || $0 == UInt8(ascii: "/")
            }.allSatisfy(isSegment)
    }

    /// The name of an object that has no other rule: anything that can be one segment of a path.
    static func pathSegment(_ value: String) -> [String] {
        if value == "." || value == ".." { return ["may not be '\(value)'"] }
        return ["/", "%"].filter { value.contains($0) }.map { "may not contain '\($0)'" }
    }

    static func isAlphanumeric(_ byte: UInt8) -> Bool {
        isLowerAlphanumeric(byte) || (byte >= UInt8(ascii: "A") && byte <= UInt8(ascii: "Z"))
    }

    private static func isLowerAlphanumeric(_ byte: UInt8) -> Bool {
        (byte >= UInt8(ascii: "a") && byte <= UInt8(ascii: "z"))
            || (byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9"))
    }

    /// Lower case letters and digits, with `-` and `_` inside.
    private static func isSegment(_ value: Substring.UTF8View) -> Bool {
        guard let first = value.first, let last = value.last, isLowerAlphanumeric(first), isLowerAlphanumeric(last)
        else { return false }
        return value.allSatisfy {
            isLowerAlphanumeric($0) || $0 == UInt8(ascii: "-") || $0 == UInt8(ascii: "_")
        }
    }
}
