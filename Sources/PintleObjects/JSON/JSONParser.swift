/// A recursive-descent parser over borrowed bytes.
///
/// Private to the JSON folder: it must not outlive the buffer it was made with.
struct JSONParser {
    let base: UnsafeBufferPointer<UInt8>
    let count: Int
    let limits: JSONLimits
    var at = 0
    var depth = 0
    /// Paths of repeated members; each level prefixes what its children found, so that the usual case costs nothing.
    var duplicates: [String] = []

    /// Objects larger than this find repeated keys with a set instead of comparing each with each.
    private static let smallObject = 24

    init(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits) {
        base = bytes
        count = bytes.count
        self.limits = limits
    }

    mutating func document() throws(JSONError) -> JSON {
        guard count <= limits.bytes else {
            throw JSONError(message: "the text has \(count) bytes, the limit is \(limits.bytes)", line: 0, column: 0)
        }
        let value = try value()
        skipSpace()
        guard at == count else { throw unexpected("after top-level value") }
        return value
    }

    mutating func value() throws(JSONError) -> JSON {
        skipSpace()
        guard at < count else { throw error("unexpected end of JSON input") }
        switch base[at] {
        case UInt8(ascii: "{"): return try object()
        case UInt8(ascii: "["): return try array()
        case UInt8(ascii: "\""): return .string(try string())
        case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): return try number()
        case UInt8(ascii: "t"): return try literal("true", .bool(true))
        case UInt8(ascii: "f"): return try literal("false", .bool(false))
        case UInt8(ascii: "n"): return try literal("null", .null)
        default: throw unexpected("looking for beginning of value")
        }
    }

    private mutating func object() throws(JSONError) -> JSON {
        try descend()
        var members: [(key: String, value: JSON)] = []
        var seen: Set<String>?
        // One bit per name met so far: a name whose bit is not set needs no comparing.
        var marks: UInt64 = 0
        skipSpace()
        if at < count, base[at] == UInt8(ascii: "}") {
            at += 1
            depth -= 1
            return .object(JSONObject())
        }
        while true {
            skipSpace()
            guard at < count else { throw error("unexpected end of JSON input") }
            guard base[at] == UInt8(ascii: "\"") else { throw unexpected("looking for beginning of object key string") }
            let start = at
            let key = try string()
            let mark = Self.mark(of: base[start..<at])
            skipSpace()
            guard at < count else { throw error("unexpected end of JSON input") }
            guard base[at] == UInt8(ascii: ":") else { throw unexpected("after object key") }
            at += 1
            let found = duplicates.count
            let value = try value()
            for index in found..<duplicates.count { duplicates[index] = joinPath(key, duplicates[index]) }
            add(key, value, to: &members, seen: &seen, isNew: marks & mark == 0 && mark != 0)
            marks = mark == 0 ? .max : marks | mark
            skipSpace()
            guard at < count else { throw error("unexpected end of JSON input") }
            let byte = base[at]
            if byte == UInt8(ascii: ",") {
                at += 1
            } else if byte == UInt8(ascii: "}") {
                at += 1
                break
            } else {
                throw unexpected("after object key:value pair")
            }
        }
        depth -= 1
        return .object(JSONObject(distinct: members))
    }

    private mutating func add(
        _ key: String, _ value: JSON, to members: inout [(key: String, value: JSON)], seen: inout Set<String>?,
        isNew: Bool
    ) {
        if members.count == Self.smallObject { seen = Set(members.lazy.map(\.key)) }
        if members.isEmpty { members.reserveCapacity(4) }
        if seen == nil ? isNew == false : seen?.insert(key).inserted == false {
            for index in members.indices where sameBytes(members[index].key, key) {
                duplicates.append(key)
                members[index].value = value
                return
            }
        }
        members.append((key, value))
    }

    /// A bit that two spellings of the same name share; 0 for a name with escapes, which has other spellings.
    @inline(__always)
    private static func mark(of quoted: Slice<UnsafeBufferPointer<UInt8>>) -> UInt64 {
        let count = quoted.count
        guard count > 2 else { return 1 }
        let start = quoted.startIndex
        var mix = UInt64(quoted[start + 1]) | UInt64(quoted[start + count / 2]) << 8
        mix |= UInt64(quoted[start + count - 2]) << 16 | UInt64(truncatingIfNeeded: count) << 24
        mix &*= 0x9E37_79B9_7F4A_7C15
        return quoted.contains(UInt8(ascii: "\\")) ? 0 : 1 << (mix >> 58)
    }

    private mutating func array() throws(JSONError) -> JSON {
        try descend()
        var elements: [JSON] = []
        skipSpace()
        if at < count, base[at] == UInt8(ascii: "]") {
            at += 1
            depth -= 1
            return .array([])
        }
        while true {
            let found = duplicates.count
            elements.append(try value())
            for index in found..<duplicates.count {
                duplicates[index] = joinPath("[\(elements.count - 1)]", duplicates[index])
            }
            skipSpace()
            guard at < count else { throw error("unexpected end of JSON input") }
            let byte = base[at]
            if byte == UInt8(ascii: ",") {
                at += 1
            } else if byte == UInt8(ascii: "]") {
                at += 1
                break
            } else {
                throw unexpected("after array element")
            }
        }
        depth -= 1
        return .array(elements)
    }

    private mutating func descend() throws(JSONError) {
        at += 1
        depth += 1
        guard depth <= limits.depth else { throw error("exceeded max depth of \(limits.depth)") }
    }

    private mutating func literal(_ text: StaticString, _ value: JSON) throws(JSONError) -> JSON {
        for index in 0..<text.utf8CodeUnitCount {
            guard at < count else { throw error("unexpected end of JSON input") }
            guard base[at] == text.utf8Start[index] else {
                let expected = Character(UnicodeScalar(text.utf8Start[index]))
                throw unexpected("in literal \(text) (expecting '\(expected)')")
            }
            at += 1
        }
        return value
    }

    @inline(__always)
    mutating func skipSpace() {
        while at < count {
            switch base[at] {
            case 0x20, 0x0A, 0x0D, 0x09: at += 1
            default: return
            }
        }
    }
}

/// Joins two parts of a path: `spec` and `name` give `spec.name`, `containers` and `[0].name` give `containers[0].name`.
func joinPath(_ parent: String, _ child: String) -> String {
    if parent.isEmpty { return child }
    if child.isEmpty { return parent }
    return child.utf8.first == UInt8(ascii: "[") ? parent + child : "\(parent).\(child)"
}
