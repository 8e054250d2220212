internal import CPintleABI
internal import CPintleFields
internal import PintleInterfaces

/// The generated field tables, by name.
enum FieldTable {
    /// Index of each struct by its C name.
    private static let structs: [String: Int] = {
        var all: [String: Int] = [:]
        for index in 0..<Int(pintle_struct_count) {
            if let entry = entry(index), let name = entry.name { all[String(cString: name)] = index }
        }
        return all
    }()

    static func index(of name: String) -> Int? { structs[name] }

    static func entry(_ index: Int) -> pintle_struct? {
        guard index >= 0, index < Int(pintle_struct_count) else { return nil }
        return pintle_struct_at(UInt32(index))?.pointee
    }

    static func fields(_ entry: pintle_struct) -> UnsafeBufferPointer<pintle_field> {
        UnsafeBufferPointer(start: entry.fields, count: Int(entry.field_count))
    }

    static func name(_ field: pintle_field) -> String { name(field.name) }

    static func name(_ text: UnsafePointer<CChar>?) -> String { text.map { String(cString: $0) } ?? "" }

    static func operations(of interface: pintle_interface_info) -> UnsafeBufferPointer<pintle_operation> {
        UnsafeBufferPointer(start: interface.operations, count: Int(interface.operation_count))
    }

    /// The interface with an id or a short name.
    static func interface(_ name: String) -> pintle_interface_info? {
        for index in 0..<pintle_interface_count {
            guard let info = pintle_interface_at(index)?.pointee, let id = info.id, let short = info.name else {
                continue
            }
            if String(cString: id) == name || String(cString: short) == name { return info }
        }
        return nil
    }

    /// A 64-bit FNV-1a digest of what a request says, secrets included; 8 bytes, the same on every run.
    static func digest<Request: ABIStruct>(of type: Request.Type, at request: UnsafePointer<Request.C>) -> [UInt8] {
        guard let index = index(of: Request.structName) else { return [] }
        var hash: UInt64 = 0xcbf2_9ce4_8422_2325
        mix(UnsafeRawPointer(request), index, into: &hash)
        return (0..<8).map { UInt8(truncatingIfNeeded: hash >> (8 * $0)) }
    }

    private static func mix(_ memory: UnsafeRawPointer, _ index: Int, into hash: inout UInt64) {
        guard let entry = entry(index) else { return }
        for field in fields(entry) { mix(memory + Int(field.offset), field.kind, field, into: &hash) }
    }

    private static func mix(
        _ memory: UnsafeRawPointer, _ kind: pintle_kind, _ field: pintle_field, into hash: inout UInt64
    ) {
        switch kind {
        case PINTLE_KIND_I32, PINTLE_KIND_FLAG, PINTLE_KIND_ENUM: bytes(memory, 4, into: &hash)
        case PINTLE_KIND_I64, PINTLE_KIND_U64, PINTLE_KIND_HANDLE: bytes(memory, 8, into: &hash)
        case PINTLE_KIND_TEXT, PINTLE_KIND_BYTES:
            let view = memory.load(as: pintle_bytes.self)
            number(view.count, into: &hash)
            if let data = view.data { bytes(UnsafeRawPointer(data), Int(view.count), into: &hash) }
        case PINTLE_KIND_MAP:
            elements(memory, into: &hash) { element, hash in
                mix(element + 8, PINTLE_KIND_TEXT, field, into: &hash)
                mix(element + 24, PINTLE_KIND_TEXT, field, into: &hash)
            }
        case PINTLE_KIND_ARRAY:
            elements(memory, into: &hash) { element, hash in
                if field.element == PINTLE_KIND_STRUCT {
                    mix(element, Int(field.target), into: &hash)
                } else {
                    mix(element, field.element, field, into: &hash)
                }
            }
        case PINTLE_KIND_POINTER:
            guard let target = memory.load(as: UnsafeRawPointer?.self) else { return number(0, into: &hash) }
            number(1, into: &hash)
            mix(target, Int(field.target), into: &hash)
        default: break  // A descriptor's number says nothing.
        }
    }

    private static func elements(
        _ memory: UnsafeRawPointer, into hash: inout UInt64, _ body: (UnsafeRawPointer, inout UInt64) -> Void
    ) {
        let array = memory.load(as: pintle_array.self)
        number(array.count, into: &hash)
        guard let data = array.data else { return }
        for index in 0..<Int(array.count) { body(data + index * Int(array.stride), &hash) }
    }

    private static func number(_ value: UInt64, into hash: inout UInt64) {
        withUnsafeBytes(of: value) { raw in
            if let base = raw.baseAddress { bytes(base, 8, into: &hash) }
        }
    }

    private static func bytes(_ memory: UnsafeRawPointer, _ count: Int, into hash: inout UInt64) {
        for index in 0..<count {
            hash = (hash ^ UInt64(memory.load(fromByteOffset: index, as: UInt8.self))) &* 0x100_0000_01b3
        }
    }
}
