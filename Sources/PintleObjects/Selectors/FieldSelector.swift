/// What fields of an object must be: `metadata.name=a,spec.nodeName!=b`.
public struct FieldSelector: Sendable, Hashable {
    /// One condition.
    public struct Term: Sendable, Hashable {
        /// The field's path.
        public let field: String
        /// Whether the field must be ``value`` or must not be.
        public let equals: Bool
        /// The value as text.
        public let value: String

        /// Makes a condition.
        public init(field: String, equals: Bool, value: String) {
            self.field = field
            self.equals = equals
            self.value = value
        }
    }

    /// All must be fulfilled.
    public let terms: [Term]

    /// Makes a selector; without terms it matches everything.
    public init(_ terms: [Term]) { self.terms = terms }

    /// Matches every object.
    public static let everything = FieldSelector([])

    /// Whether it matches every object.
    public var isEverything: Bool { terms.isEmpty }

    /// Reads a selector as `?fieldSelector=` carries it; a back slash takes `,`, `=` and `\` their meaning.
    ///
    /// - Throws: ``StatusError`` 400 with Kubernetes' words. Whether a kind has a field to select by is for the caller
    ///   to check.
    public init(parsing text: String) throws(StatusError) {
        var terms: [Term] = []
        for part in Self.split(text) where part.isEmpty == false {
            guard let (field, equals, value) = Self.operands(part) else {
                throw .badRequest("invalid selector: '\(text)'; can't understand '\(part)'")
            }
            terms.append(Term(field: field, equals: equals, value: try Self.unescaped(value)))
        }
        self.init(terms)
    }

    /// Whether every condition holds; `value` answers a field's value as text, empty when the object has none.
    public func matches(_ value: (String) -> String) -> Bool {
        terms.allSatisfy { sameBytes(value($0.field), $0.value) == $0.equals }
    }

    /// Whether every condition holds for `object`, each field being looked up by its path.
    public func matches(object: JSON) -> Bool { matches { Self.text(of: $0, in: object) } }

    /// The value that must equal `field`, when the selector asks for one: `metadata.name=x` gives `x`.
    public func requiredValue(of field: String) -> String? {
        terms.first { $0.equals && $0.field == field }?.value
    }

    /// The text of the field at a dotted path, empty when there is none.
    public static func text(of field: String, in object: JSON) -> String {
        var value = object
        for part in field.split(separator: ".") { value = value[String(part)] }
        switch value {
        case .string(let text): return text
        case .null: return ""
        default: return value.description
        }
    }

    private static func split(_ text: String) -> [String] {
        var parts: [String] = [""]
        var escaped = false
        for character in text.unicodeScalars {
            if character == ",", escaped == false {
                parts.append("")
            } else {
                parts[parts.count - 1].unicodeScalars.append(character)
            }
            escaped = character == "\\" && escaped == false
        }
        return parts
    }

    private static func operands(_ part: String) -> (String, Bool, String)? {
        var index = part.startIndex
        while index < part.endIndex {
            let rest = part[index...]
            if rest.hasPrefix("\\") {
                index = part.index(index, offsetBy: 2, limitedBy: part.endIndex) ?? part.endIndex
                continue
            }
            for (symbol, equals) in [("!=", false), ("==", true), ("=", true)] where rest.hasPrefix(symbol) {
                return (String(part[..<index]), equals, String(rest.dropFirst(symbol.count)))
            }
            index = part.index(after: index)
        }
        return nil
    }

    private static func unescaped(_ text: String) throws(StatusError) -> String {
        guard text.contains("\\") || text.contains("=") else { return text }
        var out = ""
        var escaped = false
        for character in text {
            if escaped {
                guard "\\,=".contains(character) else {
                    throw .badRequest("invalid field selector: invalid escape sequence: \\\(character)")
                }
                out.append(character)
                escaped = false
            } else if character == "\\" {
                escaped = true
            } else if character == "=" {
                throw .badRequest("invalid field selector: unescaped character in value: \(character)")
            } else {
                out.append(character)
            }
        }
        if escaped { throw .badRequest("invalid field selector: invalid escape sequence: \\") }
        return out
    }
}

extension FieldSelector: CustomStringConvertible {
    /// The selector as text, which can be parsed again.
    public var description: String {
        terms.map { term in
            var value = ""
            for character in term.value {
                if "\\,=".contains(character) { value += "\\" }
                value.append(character)
            }
            return "\(term.field)\(term.equals ? "=" : "!=")\(value)"
        }.joined(separator: ",")
    }
}
