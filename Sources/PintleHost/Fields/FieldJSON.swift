internal import CPintleABI
internal import CPintleFields
internal import PintleInterfaces
internal import PintleObjects

/// JSON to structs and back by the field tables: `pintle plugin call`.
enum FieldJSON {
    /// Makes the struct with `index` out of `json`, in `arena`'s memory.
    ///
    /// - Throws: ``FieldError`` with the path of the wrong field, what was found and what would be right.
    static func encode(_ json: JSON, _ index: Int, path: String, into arena: ABIArena) throws(FieldFault)
        -> UnsafeMutableRawPointer
    {
        guard let entry = FieldTable.entry(index) else { throw FieldFault(path: path, message: "no such struct") }
        let memory = arena.allocate(Int(entry.size))
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: Int(entry.size))
        memory.storeBytes(of: entry.size, as: UInt32.self)
        guard let object = json.object else {
            throw FieldFault(path: path, message: "expected an object, found \(describe(json))")
        }
        let fields = FieldTable.fields(entry)
        for (key, value) in object.members {
            guard let field = fields.first(where: { FieldTable.name($0) == key }) else {
                let known = fields.map { FieldTable.name($0) }.joined(separator: ", ")
                throw FieldFault(
                    path: join(path, key), message: "unknown field; this struct has \(known.isEmpty ? "none" : known)")
            }
            if value.isNull { continue }
            try store(value, field, field.kind, at: memory + Int(field.offset), path: join(path, key), into: arena)
        }
        return memory
    }

    private static func store(
        _ json: JSON, _ field: pintle_field, _ kind: pintle_kind, at memory: UnsafeMutableRawPointer, path: String,
        into arena: ABIArena
    ) throws(FieldFault) {
        switch kind {
        case PINTLE_KIND_TEXT, PINTLE_KIND_BYTES:
            guard let text = json.string else {
                throw FieldFault(path: path, message: "expected a text, found \(describe(json))")
            }
            memory.storeBytes(of: arena.text(text), as: pintle_bytes.self)
        case PINTLE_KIND_FLAG:
            guard let flag = json.bool else {
                throw FieldFault(path: path, message: "expected true or false, found \(describe(json))")
            }
            memory.storeBytes(of: flag ? 1 : 0, as: Int32.self)
        case PINTLE_KIND_ENUM:
            memory.storeBytes(of: try constant(json, field, path), as: Int32.self)
        case PINTLE_KIND_I32, PINTLE_KIND_FD:
            guard let number = json.int, let small = Int32(exactly: number) else {
                throw FieldFault(path: path, message: "expected a 32-bit number, found \(describe(json))")
            }
            memory.storeBytes(of: small, as: Int32.self)
        case PINTLE_KIND_I64:
            guard let number = json.int else {
                throw FieldFault(path: path, message: "expected a whole number, found \(describe(json))")
            }
            memory.storeBytes(of: number, as: Int64.self)
        case PINTLE_KIND_U64, PINTLE_KIND_HANDLE:
            guard let number = unsigned(json) else {
                throw FieldFault(
                    path: path, message: "expected a whole number that is not negative, found \(describe(json))")
            }
            memory.storeBytes(of: number, as: UInt64.self)
        case PINTLE_KIND_MAP:
            guard let object = json.object else {
                throw FieldFault(path: path, message: "expected an object, found \(describe(json))")
            }
            var map: [String: String] = [:]
            for (key, value) in object.members {
                guard let text = value.string else {
                    throw FieldFault(path: join(path, key), message: "expected a text")
                }
                map[key] = text
            }
            memory.storeBytes(of: arena.map(map), as: pintle_array.self)
        case PINTLE_KIND_ARRAY:
            memory.storeBytes(of: try array(json, field, path: path, into: arena), as: pintle_array.self)
        case PINTLE_KIND_POINTER:
            let target = try encode(json, Int(field.target), path: path, into: arena)
            memory.storeBytes(of: UnsafeRawPointer(target), as: UnsafeRawPointer.self)
        default:
            throw FieldFault(path: path, message: "this field can't be given as JSON")
        }
    }

    private static func array(
        _ json: JSON, _ field: pintle_field, path: String, into arena: ABIArena
    ) throws(FieldFault) -> pintle_array {
        guard let list = json.array else {
            throw FieldFault(path: path, message: "expected a list, found \(describe(json))")
        }
        let stride = elementSize(field)
        let memory = arena.allocate(max(1, list.count * stride))
        memory.initializeMemory(as: UInt8.self, repeating: 0, count: list.count * stride)
        for (index, element) in list.enumerated() {
            let place = memory + index * stride
            let path = "\(path)[\(index)]"
            if field.element == PINTLE_KIND_STRUCT {
                place.copyMemory(
                    from: try encode(element, Int(field.target), path: path, into: arena), byteCount: stride)
            } else {
                try store(element, field, field.element, at: place, path: path, into: arena)
            }
        }
        return pintle_array(
            data: list.isEmpty ? nil : UnsafeRawPointer(memory), count: UInt64(list.count), stride: UInt64(stride))
    }

    private static func elementSize(_ field: pintle_field) -> Int {
        switch field.element {
        case PINTLE_KIND_STRUCT: Int(FieldTable.entry(Int(field.target))?.size ?? 0)
        case PINTLE_KIND_TEXT, PINTLE_KIND_BYTES: 16
        case PINTLE_KIND_I32, PINTLE_KIND_FLAG, PINTLE_KIND_ENUM, PINTLE_KIND_FD: 4
        default: 8
        }
    }

    private static func constant(_ json: JSON, _ field: pintle_field, _ path: String) throws(FieldFault) -> Int32 {
        if let number = json.int, let small = Int32(exactly: number) { return small }
        let values = UnsafeBufferPointer(start: field.values, count: Int(field.value_count))
        let names = values.compactMap { $0.name.map { String(cString: $0) } }
        if let text = json.string, let found = values.first(where: { $0.name.map { String(cString: $0) } == text }) {
            return found.value
        }
        throw FieldFault(
            path: path, message: "expected one of \(names.joined(separator: ", ")), found \(describe(json))")
    }

    private static func unsigned(_ json: JSON) -> UInt64? {
        switch json {
        case .integer(let value): UInt64(exactly: value)
        case .number(let text): UInt64(text)
        default: nil
        }
    }

    private static func join(_ path: String, _ key: String) -> String { path.isEmpty ? key : "\(path).\(key)" }

    private static func describe(_ json: JSON) -> String { String(decoding: json.serialized(), as: UTF8.self) }
}

/// A field of a request that is not what its struct wants.
public struct FieldFault: Error, Sendable, Hashable, CustomStringConvertible {
    /// Where, such as `security.seccomp.type`.
    public let path: String
    /// What was found, and what would be right.
    public let message: String
    /// For people: never parse it.
    public var description: String { path.isEmpty ? message : "\(path): \(message)" }
}
