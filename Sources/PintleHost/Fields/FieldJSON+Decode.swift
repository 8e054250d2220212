internal import CPintleABI
internal import CPintleFields
internal import PintleInterfaces
internal import PintleObjects

extension FieldJSON {
    /// The struct at `memory` as JSON; fields that are zero or empty are left out, secrets read `<secret>` unless
    /// `secrets` shows them.
    static func decode(_ memory: UnsafeRawPointer, _ index: Int, secrets: Bool = false) throws(ABIError) -> JSON {
        guard let entry = FieldTable.entry(index) else { return .null }
        let size = Int(memory.loadUnaligned(as: UInt32.self))
        guard size >= Int(entry.minimum_size), size <= 1 << 20 else {
            throw ABIError(
                .malformed,
                "\(FieldTable.name(entry.name)).size: expected at least \(entry.minimum_size), found \(size)")
        }
        var object = JSONObject()
        for field in FieldTable.fields(entry) where Int(field.offset) + width(field.kind) <= size {
            let value = try value(memory + Int(field.offset), field, field.kind, secrets)
            if field.secret != 0, !secrets, !value.isNull {
                object[FieldTable.name(field)] = .string("<secret>")
            } else if !value.isNull {
                object[FieldTable.name(field)] = value
            }
        }
        return .object(object)
    }

    private static func value(
        _ memory: UnsafeRawPointer, _ field: pintle_field, _ kind: pintle_kind, _ secrets: Bool
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
            guard array.count > 0 else { return .null }
            let least =
                field.element == PINTLE_KIND_STRUCT
                ? Int(FieldTable.entry(Int(field.target))?.minimum_size ?? 8) : width(field.element)
            guard let data = array.data, array.count <= ABIReader.mostElements, array.stride >= least,
                array.stride <= 1 << 16
            else {
                throw ABIError(
                    .malformed,
                    "\(FieldTable.name(field)): array of \(array.count) elements with stride \(array.stride)")
            }
            var list: [JSON] = []
            for index in 0..<Int(array.count) {
                let element = data + index * Int(array.stride)
                list.append(
                    field.element == PINTLE_KIND_STRUCT
                        ? try decode(element, Int(field.target), secrets: secrets)
                        : try value(element, field, field.element, secrets).orEmpty(field.element))
            }
            return .array(list)
        case PINTLE_KIND_POINTER:
            guard let target = memory.loadUnaligned(as: UnsafeRawPointer?.self) else { return .null }
            return try decode(target, Int(field.target), secrets: secrets)
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

extension JSON {
    /// An element of a list is there even when it is zero or empty.
    fileprivate func orEmpty(_ kind: pintle_kind) -> JSON {
        guard isNull else { return self }
        switch kind {
        case PINTLE_KIND_TEXT, PINTLE_KIND_BYTES: return .string("")
        case PINTLE_KIND_FLAG: return .bool(false)
        default: return .integer(0)
        }
    }
}
