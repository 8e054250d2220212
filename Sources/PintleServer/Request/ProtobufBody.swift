import PintleObjects

/// Reads the protobuf form of objects: `k8s\0`, then an envelope with the type and the message.
///
/// Message fields are found by the tags of the schema. Parts of a message that the schema describes without tags (those
/// that Kubernetes embeds, such as a volume's source) are not read: an object that has some is refused, by name.
struct ProtobufBody {
    private static let magic: [UInt8] = [0x6B, 0x38, 0x73, 0x00]

    /// The object, with `apiVersion` and `kind` as the envelope says.
    ///
    /// - Throws: 400 for bytes that are no such message, 415 for a message that cannot be read.
    static func parse(_ bytes: [UInt8], schema: Schema) throws(StatusError) -> JSON {
        guard bytes.starts(with: magic) else { throw malformed("it does not begin with the bytes of Kubernetes") }
        var apiVersion = ""
        var kind = ""
        var raw: ArraySlice<UInt8> = []
        var envelope = ProtobufReader(bytes[4...])
        while let field = try envelope.next() {
            switch field.tag {
            case 1:
                var type = ProtobufReader(field.bytes)
                while let part = try type.next() {
                    if part.tag == 1 { apiVersion = part.text }
                    if part.tag == 2 { kind = part.text }
                }
            case 2: raw = field.bytes
            default: break
            }
        }
        var object: JSON = ["apiVersion": .string(apiVersion), "kind": .string(kind)]
        guard kind.isEmpty || kind == schema.kind else { return object }
        let message = try self.object(raw, schema.type)
        for (key, value) in message.object?.members ?? [] { object[key] = value }
        return object
    }

    static func malformed(_ why: String) -> StatusError {
        .badRequest("the body is not a protobuf message of Kubernetes: \(why)")
    }

    private static func object(_ bytes: ArraySlice<UInt8>, _ type: ObjectType) throws(StatusError) -> JSON {
        var object = JSON.object(JSONObject())
        var reader = ProtobufReader(bytes)
        while let field = try reader.next() {
            guard let known = type.fields.first(where: { $0.tag == field.tag }) else {
                let embeds = type.fields.contains { $0.tag == 0 && !["kind", "apiVersion"].contains($0.name) }
                if embeds { throw unreadable(type) }
                continue
            }
            switch known.type {
            case .list(let element):
                var list = object[known.name].array ?? []
                list.append(try value(field, element, type))
                object[known.name] = .array(list)
            case .map(let element):
                var key = ""
                var entry = JSON.null
                var parts = ProtobufReader(field.bytes)
                while let part = try parts.next() {
                    if part.tag == 1 { key = part.text } else { entry = try value(part, element, type) }
                }
                object[known.name][key] = entry.isNull ? zero(element) : entry
            default: object[known.name] = try value(field, known.type, type)
            }
        }
        return object
    }

    private static func zero(_ type: ValueType) -> JSON {
        switch type {
        case .string, .bytes: ""
        default: .null
        }
    }

    private static func unreadable(_ type: ObjectType) -> StatusError {
        var error = StatusError.unsupportedMediaType(accepted: Array(RequestBody.types.dropLast()))
        error.message += "; \(type.name) cannot be read from protobuf by this version of pintle"
        return error
    }

    private static func value(
        _ field: ProtobufReader.Field, _ type: ValueType, _ owner: ObjectType
    ) throws(StatusError) -> JSON {
        switch type {
        case .string: return .string(field.text)
        case .boolean: return .bool(field.number != 0)
        case .int32, .int64: return .integer(Int64(bitPattern: field.number))
        case .bytes: return .string(Base64.encode(field.bytes))
        case .time, .microTime:
            let (seconds, nanoseconds) = try pair(field, 1, 2)
            let time = Timestamp(seconds: seconds).advanced(nanoseconds: nanoseconds)
            if seconds == 0, nanoseconds == 0 { return .null }
            if case .microTime = type { return .string(time.rfc3339Micro) }
            return time.json
        case .quantity: return .string(try text(field, tag: 1))
        case .intOrString:
            let (kind, number) = try pair(field, 1, 2)
            return kind == 0 ? .integer(number) : .string(try text(field, tag: 3))
        case .object(let reference): return try object(field.bytes, reference.type)
        case .double, .any, .list, .map: throw unreadable(owner)
        }
    }

    private static func pair(
        _ field: ProtobufReader.Field, _ first: Int, _ second: Int
    ) throws(StatusError) -> (Int64, Int64) {
        var result: (Int64, Int64) = (0, 0)
        var reader = ProtobufReader(field.bytes)
        while let part = try reader.next() {
            if part.tag == first { result.0 = Int64(bitPattern: part.number) }
            if part.tag == second { result.1 = Int64(bitPattern: part.number) }
        }
        return result
    }

    private static func text(_ field: ProtobufReader.Field, tag: Int) throws(StatusError) -> String {
        var reader = ProtobufReader(field.bytes)
        while let part = try reader.next() { if part.tag == tag { return part.text } }
        return ""
    }
}
