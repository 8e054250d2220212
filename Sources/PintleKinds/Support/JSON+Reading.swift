import PintleObjects

extension JSON {
    /// The elements; none if it's no array.
    var items: [JSON] { array ?? [] }
    /// The members; none if it's no object.
    var entries: [(key: String, value: JSON)] { object?.members ?? [] }
    /// The string; empty if it's none.
    var text: String { string ?? "" }
    /// Whether it's `true`.
    var isTrue: Bool { bool == true }
    /// Whether it's anything but null.
    var isSet: Bool { isNull == false }
    /// Whether it's null, an empty string, array or object: what Go leaves out as a zero value.
    var isAbsentOrEmpty: Bool {
        switch self {
        case .null: true
        case .string(let text): text.isEmpty
        case .array(let items): items.isEmpty
        case .object(let members): members.isEmpty
        default: false
        }
    }

    /// The text of the scalar at a dotted path; empty if there is none.
    func selectableText(at path: String) -> String {
        var value = self
        for name in path.split(separator: ".") { value = value[String(name)] }
        switch value {
        case .string(let text): return text
        case .bool(let flag): return flag ? "true" : "false"
        case .integer(let number): return String(number)
        default: return ""
        }
    }

    /// Sets `self[key]` unless it's there.
    mutating func setDefault(_ key: String, _ value: JSON) {
        if self[key].isNull { self[key] = value }
    }

    /// Sets `self[key]` unless it's there and neither an empty string nor zero.
    mutating func setDefaultOverZero(_ key: String, _ value: JSON) {
        let present = self[key]
        if present.isNull || present == .string("") || present == .integer(0) { self[key] = value }
    }

    /// Edits `self[key]` in place if it's there.
    mutating func edit(_ key: String, _ change: (inout JSON) -> Void) {
        if self[key].isSet { change(&self[key]) }
    }

    /// Edits every element of the array `self[key]`.
    mutating func editEach(_ key: String, _ change: (inout JSON) -> Void) {
        guard self[key].array != nil else { return }
        self[key].updateArray { elements in
            for index in elements.indices { change(&elements[index]) }
        }
    }

    /// Puts `old[key]` in the place of `self[key]`, removing it if `old` has none.
    mutating func restore(_ key: String, from old: JSON) {
        if old[key].isSet { self[key] = old[key] } else { remove(key) }
    }

    /// Equal once null, empty and absent members count the same, as they do after Go's decoding.
    func isEquivalent(to other: JSON) -> Bool {
        switch (self, other) {
        case (.object(let left), .object(let right)):
            for (key, value) in left.members {
                if value.isEquivalent(to: right[key] ?? .null) == false { return false }
            }
            for (key, value) in right.members where left[key] == nil {
                if value.isAbsentOrEmpty == false { return false }
            }
            return true
        case (.array(let left), .array(let right)):
            return left.count == right.count && zip(left, right).allSatisfy { $0.isEquivalent(to: $1) }
        default:
            return self == other || (isAbsentOrEmpty && other.isAbsentOrEmpty)
        }
    }
}
