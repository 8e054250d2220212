/// What is wrong with one field, in Kubernetes' words.
public struct FieldError: Error, Sendable, Hashable {
    /// What sort of fault it is; the raw value is the `reason` of a cause.
    public enum Kind: String, Sendable, Hashable {
        case notFound = "FieldValueNotFound"
        case required = "FieldValueRequired"
        case duplicate = "FieldValueDuplicate"
        case invalid = "FieldValueInvalid"
        case typeInvalid = "FieldValueTypeInvalid"
        case notSupported = "FieldValueNotSupported"
        case forbidden = "FieldValueForbidden"
        case tooLong = "FieldValueTooLong"
        case tooMany = "FieldValueTooMany"
        case internalError = "InternalError"
    }

    /// The sort of fault.
    public let kind: Kind
    /// The field, for example `spec.containers[0].name`.
    public let path: String
    /// The fault without the field, for example `Required value`.
    public let message: String

    /// Makes an error with a message that is already complete.
    public init(kind: Kind, path: String, message: String) {
        self.kind = kind
        self.path = path
        self.message = message
    }

    /// One of `details.causes`.
    var cause: JSON {
        var cause: JSON = ["reason": .string(kind.rawValue), "message": .string(message)]
        if path.isEmpty == false { cause["field"] = .string(path) }
        return cause
    }
}

extension FieldError: CustomStringConvertible {
    /// Field and message, as they stand in the message of a `Status`.
    public var description: String { "\(path): \(message)" }
}

extension FieldError {
    /// `Required value`, with `: detail` when there is one.
    public static func required(_ path: String, _ detail: String = "") -> FieldError {
        make(.required, path, "Required value", detail)
    }

    /// `Invalid value: "x": detail`.
    public static func invalid(_ path: String, _ value: JSON, _ detail: String) -> FieldError {
        make(.invalid, path, "Invalid value: \(shown(value))", detail)
    }

    /// `Invalid value: "x": detail`, for a value of the wrong type.
    public static func typeInvalid(_ path: String, _ value: JSON, _ detail: String) -> FieldError {
        make(.typeInvalid, path, "Invalid value: \(shown(value))", detail)
    }

    /// `Unsupported value: "x": supported values: "a", "b"`.
    public static func notSupported(_ path: String, _ value: JSON, _ supported: [String]) -> FieldError {
        let detail = supported.isEmpty ? "" : "supported values: " + supported.map(goQuoted).joined(separator: ", ")
        return make(.notSupported, path, "Unsupported value: \(shown(value))", detail)
    }

    /// `Duplicate value: "x"`.
    public static func duplicate(_ path: String, _ value: JSON) -> FieldError {
        make(.duplicate, path, "Duplicate value: \(shown(value))", "")
    }

    /// `Forbidden: detail`.
    public static func forbidden(_ path: String, _ detail: String) -> FieldError {
        make(.forbidden, path, "Forbidden", detail)
    }

    /// `Not found: "x"`.
    public static func notFound(_ path: String, _ value: JSON) -> FieldError {
        make(.notFound, path, "Not found: \(shown(value))", "")
    }

    /// `Too long: may not be more than 63 bytes`.
    public static func tooLong(_ path: String, maximum: Int) -> FieldError {
        make(.tooLong, path, "Too long", "may not be more than \(maximum) bytes")
    }

    /// `Too many: 5: must have at most 3 items`.
    public static func tooMany(_ path: String, count: Int, maximum: Int) -> FieldError {
        make(.tooMany, path, "Too many: \(count)", "must have at most \(maximum) items")
    }

    /// `Internal error: detail`.
    public static func internalError(_ path: String, _ detail: String) -> FieldError {
        make(.internalError, path, "Internal error", detail)
    }

    private static func make(_ kind: Kind, _ path: String, _ text: String, _ detail: String) -> FieldError {
        FieldError(kind: kind, path: path, message: detail.isEmpty ? text : "\(text): \(detail)")
    }

    /// A value as Kubernetes shows it: strings quoted as Go does, everything else as JSON.
    private static func shown(_ value: JSON) -> String {
        if case .string(let text) = value { return goQuoted(text) }
        return value.description
    }
}

/// `text` in quotes with escapes, as Go's `%q` prints it.
public func goQuoted(_ text: String) -> String {
    var out = "\""
    for scalar in text.unicodeScalars {
        switch scalar {
        case "\"": out += "\\\""
        case "\\": out += "\\\\"
        case "\u{07}": out += "\\a"
        case "\u{08}": out += "\\b"
        case "\u{0C}": out += "\\f"
        case "\n": out += "\\n"
        case "\r": out += "\\r"
        case "\t": out += "\\t"
        case "\u{0B}": out += "\\v"
        case _ where scalar.value < 0x20 || scalar.value == 0x7F:
            out += "\\x" + (scalar.value < 16 ? "0" : "") + String(scalar.value, radix: 16)
        case _ where isPrintable(scalar): out.unicodeScalars.append(scalar)
        case _ where scalar.value < 0x10000: out += "\\u" + hexadecimal(scalar.value, width: 4)
        default: out += "\\U" + hexadecimal(scalar.value, width: 8)
        }
    }
    return out + "\""
}

/// What Go's `unicode.IsPrint` answers: letters, marks, numbers, punctuation, symbols and the ASCII space.
private func isPrintable(_ scalar: UnicodeScalar) -> Bool {
    if scalar.value < 0x7F { return scalar.value >= 0x20 }
    switch scalar.properties.generalCategory {
    case .control, .format, .surrogate, .privateUse, .unassigned, .spaceSeparator, .lineSeparator, .paragraphSeparator:
        return false
    default: return true
    }
}

private func hexadecimal(_ value: UInt32, width: Int) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: max(0, width - digits.count)) + digits
}
