/// The type of a value in a schema.
public indirect enum ValueType: Sendable {
    case string
    case boolean
    case int32
    case int64
    case double
    /// Base64 text in JSON.
    case bytes
    /// RFC 3339 with seconds.
    case time
    /// RFC 3339 with microseconds.
    case microTime
    case quantity
    case intOrString
    /// Anything; it is kept as it is.
    case any
    case list(ValueType)
    /// An object whose keys are free.
    case map(ValueType)
    case object(TypeReference)
}

extension ValueType {
    /// What Go calls the type, as its decoder's messages name it.
    var goName: String {
        switch self {
        case .string: "string"
        case .boolean: "bool"
        case .int32: "int32"
        case .int64: "int64"
        case .double: "float64"
        case .bytes: "[]uint8"
        case .time: "v1.Time"
        case .microTime: "v1.MicroTime"
        case .quantity: "resource.Quantity"
        case .intOrString: "intstr.IntOrString"
        case .any: "runtime.RawExtension"
        case .list(let element): "[]\(element.goName)"
        case .map(let value): "map[string]\(value.goName)"
        case .object(let reference): reference.goName
        }
    }

    /// The value that Go has where nothing was given: what a null in a list or map becomes.
    var zero: JSON {
        switch self {
        case .string, .bytes: ""
        case .boolean: false
        case .int32, .int64, .double, .intOrString: 0
        case .quantity: "0"
        case .time, .microTime, .any, .list, .map: nil
        case .object: [:]
        }
    }

    /// Reads the notation of specs/api: `string`, `[T]` for lists, `{T}` for maps, names of types.
    init(notation: Substring, in file: SpecFile) {
        if let inner = notation.inside("[", "]") {
            self = .list(ValueType(notation: inner, in: file))
            return
        }
        if let inner = notation.inside("{", "}") {
            self = .map(ValueType(notation: inner, in: file))
            return
        }
        switch notation {
        case "string": self = .string
        case "bool": self = .boolean
        case "int32": self = .int32
        case "int64": self = .int64
        case "double": self = .double
        case "bytes": self = .bytes
        case "Time": self = .time
        case "MicroTime": self = .microTime
        case "Quantity": self = .quantity
        case "IntOrString": self = .intOrString
        case "RawExtension", "FieldsV1", "JSON": self = .any
        default: self = .object(TypeReference(file: file, name: notation))
        }
    }
}

extension Substring {
    /// What stands between `open` and `close`, when the text begins and ends with them.
    func inside(_ open: Character, _ close: Character) -> Substring? {
        first == open && last == close ? dropFirst().dropLast() : nil
    }
}
