internal import CPintleABI
internal import CPintleFields
internal import PintleInterfaces
internal import PintleObjects

extension FieldJSON {
    /// The struct at `memory` as JSON; fields that are zero or empty are left out, secrets read `<secret>`.
    static func decode(_ memory: UnsafeRawPointer, _ index: Int) throws(ABIError) -> JSON {
        guard let entry = FieldTable.entry(index) else { return .null }
        let size = Int(memory.load(as: UInt32.self))
        var object = JSONObject()
        for field in FieldTable.fields(entry) where Int(field.offset) + width(field.kind) <= size {
            let value = try value(memory + Int(field.offset), field, field.kind)
            if field.secret != 0, !value.isNull {
                object[FieldTable.name(field)] = .string("<secret>")
            } else if !value.isNull {
                object[FieldTable.name(field)] = value
            }
        }
        return .object(object)
    }

    private static func value(
        _ memory: UnsafeRawPointer, _ field: pintle_field, _ kind: pintle_kind
    ) throws(ABIError) -> JSON {
        switch kind {
        case PINTLE_KIND_TEXT, PINTLE_KIND_BYTES:
            let text = try ABIReader.text(memory.loadUnaligned(as: pintle_bytes.self), FieldTable.name(field))
            return text.isEmpty ? .null : .string(text)
        case PINTLE_KIND_FLAG: return memory.loadUnaligned(as: Int32.self) == 0 ? .null : .bool(true)
        case PINTLE_KIND_ENUM:
            let number = memory.loadUnaligned(as: Int32.self)
            let values = UnsafeBufferPointer(start: field.values, count: Int(field.value_count))
            let name = values.first { $0.value == number }?.name
            return name.map { .string(String(cString: $0)) } ?? .integer(Int64(number))
        case PINTLE_KIND_I32, PINTLE_KIND_FD: return number(Int64(memory.loadUnaligned(as: Int32.self)))
        case PINTLE_KIND_I64: return number(memory.loadUnaligned(as: Int64.self))
        case PINTLE_KIND_U64, PINTLE_KIND_HANDLE:
            let value = memory.loadUnaligned(as: UInt64.self)
            return Int64(exactly: value).map { number($0) } ?? .number("\(value)")
        case PINTLE_KIND_MAP:
            let map = try ABIReader.map(memory.loadUnaligned(as: pintle_array.self), FieldTable.name(field))
            if map.isEmpty { return .null }
            return .object(JSONObject(map.sorted { $0.key < $1.key }.map { ($0.key, .string($0.value)) }))
        case PINTLE_KIND_ARRAY:
            let array = memory.loadUnaligned(as: pintle_array.self)
            guard let data = array.data, array.count > 0, array.count <= ABIReader.mostElements else { return .null }
            var list: [JSON] = []
            for index in 0..<Int(array.count) {
                let element = data + index * Int(array.stride)
                list.append(
                    field.element == PINTLE_KIND_STRUCT
                        ? try decode(element, Int(field.target)) : try value(element, field, field.element))
            }
            return .array(list)
        case PINTLE_KIND_POINTER:
            guard let target = memory.loadUnaligned(as: UnsafeRawPointer?.self) else { return .null }
            return try decode(target, Int(field.target))
        default: return .null
        }
    }

    private static func number(_ value: Int64) -> JSON { value == 0 ? .null : .integer(value) }

    private static func width(_ kind: pintle_kind) -> Int {
        switch kind {
        case PINTLE_KIND_TEXT, PINTLE_KIND_BYTES: 16
        case PINTLE_KIND_MAP, PINTLE_KIND_ARRAY: 24
        case PINTLE_KIND_I32, PINTLE_KIND_FLAG, PINTLE_KIND_ENUM, PINTLE_KIND_FD: 4
        default: 8
        }
    }
}
