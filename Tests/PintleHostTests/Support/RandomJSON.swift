import CPintleFields
import Glibc
import PintleObjects

@testable import PintleHost

/// A generator whose run can be repeated by its seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64

    init(seed: UInt64) { state = seed }

    /// The seed of PINTLE_TEST_SEED or a new one, printed.
    static func printed(_ test: String) -> SeededGenerator {
        let given = getenv("PINTLE_TEST_SEED").flatMap { UInt64(String(cString: $0)) }
        let seed = given ?? UInt64.random(in: 1...UInt64(Int64.max))
        print("PINTLE_TEST_SEED=\(seed) (\(test))")
        return SeededGenerator(seed: seed)
    }

    // splitmix64
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// Random values of the ABI's structs, as `FieldJSON.decode` would show them.
struct RandomJSON {
    var generator: SeededGenerator

    /// A struct with about two thirds of its fields set.
    mutating func value(_ index: Int, depth: Int = 0) -> JSON {
        guard let entry = FieldTable.entry(index) else { return .null }
        var object = JSONObject()
        for field in FieldTable.fields(entry) {
            // Enumerations always have a value, if only the first.
            let isEnum = field.kind == PINTLE_KIND_ENUM
            let isDeep = depth >= 4 && (field.kind == PINTLE_KIND_POINTER || field.element == PINTLE_KIND_STRUCT)
            guard isEnum || (!isDeep && Int.random(in: 0..<3, using: &generator) > 0) else { continue }
            object[FieldTable.name(field)] = member(field, depth)
        }
        return .object(object)
    }

    private mutating func member(_ field: pintle_field, _ depth: Int) -> JSON {
        switch field.kind {
        case PINTLE_KIND_ARRAY:
            .array(
                (0..<Int.random(in: 1...4, using: &generator)).map { _ in
                    field.element == PINTLE_KIND_STRUCT
                        ? value(Int(field.target), depth: depth + 1) : scalar(field, field.element, mayBeEmpty: true)
                })
        case PINTLE_KIND_MAP:
            .object(JSONObject(Set((0..<3).map { _ in text() }).sorted().map { ($0, .string(text(mayBeEmpty: true))) }))
        case PINTLE_KIND_POINTER: value(Int(field.target), depth: depth + 1)
        default: scalar(field, field.kind, mayBeEmpty: false)
        }
    }

    private mutating func scalar(_ field: pintle_field, _ kind: pintle_kind, mayBeEmpty: Bool) -> JSON {
        switch kind {
        case PINTLE_KIND_FLAG: return .bool(true)
        case PINTLE_KIND_ENUM:
            let values = UnsafeBufferPointer(start: field.values, count: Int(field.value_count))
            guard Int.random(in: 0..<8, using: &generator) > 0 else { return .integer(4711) }
            return values.randomElement(using: &generator).map { .string(FieldTable.name($0.name)) } ?? .integer(4711)
        case PINTLE_KIND_I32, PINTLE_KIND_FD:
            return .integer(
                Int64(
                    [1, -1, .max, .min, Int32.random(in: 1...1000, using: &generator)].randomElement(using: &generator)
                        ?? 1))
        case PINTLE_KIND_I64:
            return .integer(
                [1, -1, .max, .min, Int64.random(in: 1...100_000, using: &generator)].randomElement(using: &generator)
                    ?? 1)
        case PINTLE_KIND_U64, PINTLE_KIND_HANDLE:
            let number = [1, UInt64(Int64.max), UInt64(Int64.max) + 1, .max].randomElement(using: &generator) ?? 1
            return Int64(exactly: number).map { .integer($0) } ?? .number("\(number)")
        default: return .string(text(mayBeEmpty: mayBeEmpty))
        }
    }

    /// A text with characters of one to four bytes, and a zero byte now and then.
    mutating func text(mayBeEmpty: Bool = false) -> String {
        let characters = ["a", "Z", "0", "é", "ß", "中", "🧭", "\u{0}", "\"", "\\", "\n", "e\u{301}"]
        let count = Int.random(in: (mayBeEmpty ? 0 : 1)...24, using: &generator)
        return (0..<count).map { _ in characters.randomElement(using: &generator) ?? "a" }.joined()
    }
}
