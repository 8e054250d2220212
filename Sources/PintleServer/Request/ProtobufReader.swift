import PintleObjects

/// Walks the fields of one protobuf message.
struct ProtobufReader {
    /// One field: a number, or bytes, by its wire type.
    struct Field {
        let tag: Int
        /// For varints and fixed numbers.
        var number: UInt64 = 0
        /// For length-delimited fields.
        var bytes: ArraySlice<UInt8> = []

        /// The bytes as text; what is not UTF-8 is replaced.
        var text: String { String(decoding: bytes, as: UTF8.self) }
    }

    private var rest: ArraySlice<UInt8>

    init(_ bytes: ArraySlice<UInt8>) { rest = bytes }

    /// The next field; `nil` at the end.
    ///
    /// - Throws: 400 when the message ends within a field.
    mutating func next() throws(StatusError) -> Field? {
        guard !rest.isEmpty else { return nil }
        let key = try varint()
        guard key >> 3 > 0, key >> 3 < 1 << 29 else { throw ProtobufBody.malformed("a field has no number") }
        var field = Field(tag: Int(key >> 3))
        switch key & 7 {
        case 0: field.number = try varint()
        case 1: field.number = try fixed(8)
        case 5: field.number = try fixed(4)
        case 2:
            let count = try varint()
            guard count <= UInt64(rest.count) else { throw ProtobufBody.malformed("it ends within a field") }
            field.bytes = rest.prefix(Int(count))
            rest = rest.dropFirst(Int(count))
        default: throw ProtobufBody.malformed("a field has an unknown form")
        }
        return field
    }

    private mutating func varint() throws(StatusError) -> UInt64 {
        var value: UInt64 = 0
        for shift in stride(from: 0, to: 70, by: 7) {
            guard let byte = rest.popFirst() else { throw ProtobufBody.malformed("it ends within a number") }
            if shift < 64 { value |= UInt64(byte & 0x7F) << UInt64(shift) }
            if byte & 0x80 == 0 { return value }
        }
        throw ProtobufBody.malformed("a number is too long")
    }

    private mutating func fixed(_ count: Int) throws(StatusError) -> UInt64 {
        guard rest.count >= count else { throw ProtobufBody.malformed("it ends within a number") }
        var value: UInt64 = 0
        for (index, byte) in rest.prefix(count).enumerated() { value |= UInt64(byte) << UInt64(8 * index) }
        rest = rest.dropFirst(count)
        return value
    }
}
