/// Fields of a packet or a specification for the infra process, as `specs/infra-protocol.md` lays them out.
struct InfraFields: Sendable, Hashable {
    private(set) var bytes: [UInt8] = []

    /// A required field is refused by whoever does not know it; another one is skipped.
    mutating func add(_ tag: Int, _ data: [UInt8], isRequired: Bool = false) {
        withUnsafeBytes(of: UInt16(tag).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: [isRequired ? 1 : 0, 0])
        withUnsafeBytes(of: UInt32(data.count).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: data)
    }

    /// A text; it must not hold a NUL, which ends it.
    mutating func add(_ tag: Int, _ text: String) {
        let length = text.utf8.count + 1
        withUnsafeBytes(of: UInt16(tag).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: [0, 0])
        withUnsafeBytes(of: UInt32(length).littleEndian) { bytes.append(contentsOf: $0) }
        bytes.append(contentsOf: text.utf8)
        bytes.append(0)
    }

    mutating func add(_ tag: Int, _ value: UInt32) { addNumber(tag, value) }
    mutating func add(_ tag: Int, _ value: Int32) { addNumber(tag, value) }
    mutating func add(_ tag: Int, _ value: UInt64) { addNumber(tag, value) }

    /// A number that whoever does not know the field must not pass over.
    mutating func addRequired(_ tag: Int, _ value: UInt32) {
        add(tag, withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) }, isRequired: true)
    }

    /// Fields within a field.
    mutating func add(_ tag: Int, _ nested: InfraFields) { add(tag, nested.bytes) }

    /// The fields of another list, after these.
    mutating func append(_ other: InfraFields) { bytes.append(contentsOf: other.bytes) }

    /// The fields of a list that was stored, after these.
    mutating func append(stored: [UInt8]) { bytes.append(contentsOf: stored) }

    private mutating func addNumber<N: FixedWidthInteger>(_ tag: Int, _ value: N) {
        add(tag, withUnsafeBytes(of: value.littleEndian) { [UInt8]($0) })
    }
}

/// Reads fields; a malformed rest is left out, since what was understood so far still holds.
struct InfraFieldReader: Sequence, IteratorProtocol {
    private let bytes: [UInt8]
    private var position: Int

    init(_ bytes: [UInt8], from position: Int = 0) {
        self.bytes = bytes
        self.position = position
    }

    struct Field {
        let tag: Int
        let data: ArraySlice<UInt8>

        var text: String { String(decoding: data.last == 0 ? data.dropLast() : data, as: UTF8.self) }
        var u32: UInt32 { number() }
        var i32: Int32 { number() }
        var u64: UInt64 { number() }
        var u32s: [UInt32] {
            stride(from: data.startIndex, to: data.endIndex - 3, by: 4).map { Self.number(data[$0..<$0 + 4]) }
        }

        private func number<N: FixedWidthInteger>() -> N { Self.number(data) }

        private static func number<N: FixedWidthInteger>(_ data: ArraySlice<UInt8>) -> N {
            guard data.count == MemoryLayout<N>.size else { return 0 }
            return data.reversed().reduce(0) { $0 << 8 | N(truncatingIfNeeded: $1) }
        }
    }

    mutating func next() -> Field? {
        guard bytes.count - position >= 8 else { return nil }
        let tag = Int(bytes[position]) | Int(bytes[position + 1]) << 8
        var length = 0
        for index in (4..<8).reversed() { length = length << 8 | Int(bytes[position + index]) }
        let start = position + 8
        guard length <= bytes.count - start else { return nil }
        position = start + length
        return Field(tag: tag, data: bytes[start..<position])
    }
}
