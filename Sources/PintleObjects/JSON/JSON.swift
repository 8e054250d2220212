/// A JSON value that keeps what it was made from: the order of keys and the text of numbers.
///
/// Two values are equal when they mean the same: the order of an object's members does not count, the text of a number
/// does (`1.0` is not `1`). Strings are compared by their bytes, not by Unicode's canonical equivalence, because that is
/// how Kubernetes compares names. Reading with the subscripts never fails: what is missing is ``null``.
///
/// A value is a tree of reference-counted storage: copying is cheap, changing copies what is shared. Any thread may use it.
public enum JSON: Sendable {
    /// `null`, and what the subscripts answer for a value that is not there.
    case null
    /// `true` or `false`.
    case bool(Bool)
    /// A number written without fraction and exponent that fits 64 bits.
    case integer(Int64)
    /// Any other number, as it was written, for example `1.50`, `1e3` or `-0`.
    case number(String)
    /// A string.
    case string(String)
    /// A list.
    case array([JSON])
    /// Members in order.
    case object(JSONObject)
}

extension JSON {
    /// The string, or `nil` for a value of another type.
    public var string: String? {
        if case .string(let value) = self { return value }
        return nil
    }

    /// The integer, or `nil` for a value of another type and for a number with a fraction or an exponent.
    public var int: Int64? {
        if case .integer(let value) = self { return value }
        return nil
    }

    /// The number as the nearest double, or `nil` for a value of another type.
    public var double: Double? {
        switch self {
        case .integer(let value): Double(value)
        case .number(let text): Double(text)
        default: nil
        }
    }

    /// The boolean, or `nil` for a value of another type.
    public var bool: Bool? {
        if case .bool(let value) = self { return value }
        return nil
    }

    /// The elements, or `nil` for a value of another type.
    public var array: [JSON]? {
        if case .array(let value) = self { return value }
        return nil
    }

    /// The members, or `nil` for a value of another type.
    public var object: JSONObject? {
        if case .object(let value) = self { return value }
        return nil
    }

    /// Whether the value is ``null``.
    public var isNull: Bool {
        if case .null = self { return true }
        return false
    }

    /// What Go's decoder calls the type: `null`, `bool`, `number`, `string`, `array` or `object`.
    public var typeName: String {
        switch self {
        case .null: "null"
        case .bool: "bool"
        case .integer, .number: "number"
        case .string: "string"
        case .array: "array"
        case .object: "object"
        }
    }
}

extension JSON: Hashable {
    /// Whether both mean the same; see ``JSON``.
    public static func == (a: JSON, b: JSON) -> Bool {
        switch (a, b) {
        case (.null, .null): true
        case (.bool(let x), .bool(let y)): x == y
        case (.integer(let x), .integer(let y)): x == y
        case (.number(let x), .number(let y)): sameBytes(x, y)
        case (.string(let x), .string(let y)): sameBytes(x, y)
        case (.array(let x), .array(let y)): x == y
        case (.object(let x), .object(let y)): x == y
        default: false
        }
    }

    /// Feeds the value to `hasher`; the order of members does not matter.
    public func hash(into hasher: inout Hasher) {
        switch self {
        case .null: hasher.combine(0 as UInt8)
        case .bool(let value): hasher.combine(value)
        case .integer(let value): hasher.combine(value)
        case .number(let value): hasher.combine(value)
        case .string(let value): hasher.combine(value)
        case .array(let value): hasher.combine(value)
        case .object(let value): hasher.combine(value)
        }
    }
}

extension JSON: CustomStringConvertible {
    /// The value as JSON text without white space.
    public var description: String { String(decoding: serialized(), as: UTF8.self) }
}
