/// The members of a JSON object, in the order in which they came.
///
/// Lookup walks the members: objects of the Kubernetes API have few, and a walk over few is faster than a hash and needs
/// a fraction of the memory.
public struct JSONObject: Sendable {
    /// The members in order.
    public internal(set) var members: [(key: String, value: JSON)]

    /// Makes an object without members.
    public init() { members = [] }

    /// Makes an object of `members`; of members with the same key the last one's value is kept, at the first one's place.
    public init(_ members: [(String, JSON)]) {
        self.members = []
        self.members.reserveCapacity(members.count)
        for (key, value) in members { self[key] = value }
    }

    /// Makes an object of members whose keys are known to differ.
    init(distinct members: [(key: String, value: JSON)]) { self.members = members }

    /// The number of members.
    public var count: Int { members.count }

    /// Whether there is no member.
    public var isEmpty: Bool { members.isEmpty }

    /// The keys in order.
    public var keys: [String] { members.map(\.key) }

    /// The value of `key`: setting `nil` removes the member, setting a value for a new key appends one.
    public subscript(key: String) -> JSON? {
        get {
            guard let index = index(of: key) else { return nil }
            return members[index].value
        }
        set {
            switch (index(of: key), newValue) {
            case (let index?, let value?): members[index].value = value
            case (let index?, nil): members.remove(at: index)
            case (nil, let value?): members.append((key, value))
            case (nil, nil): break
            }
        }
    }

    /// The place of `key` in ``members``, or `nil`.
    public func index(of key: String) -> Int? {
        for index in members.indices where sameBytes(members[index].key, key) { return index }
        return nil
    }

    /// Removes the members for which `shouldRemove` answers `true`, keeping the order of the others.
    public mutating func removeAll(where shouldRemove: (String, JSON) throws -> Bool) rethrows {
        try members.removeAll { try shouldRemove($0.key, $0.value) }
    }

    /// Lends the value of the member at `index` for a change in place, without copying it.
    mutating func withValue<R, E: Error>(at index: Int, _ body: (inout JSON) throws(E) -> R) throws(E) -> R {
        try body(&members[index].value)
    }
}

extension JSONObject: Hashable {
    /// Whether both have the same members in any order.
    public static func == (a: JSONObject, b: JSONObject) -> Bool {
        guard a.count == b.count else { return false }
        for index in a.members.indices {
            let member = a.members[index]
            if sameBytes(member.key, b.members[index].key) {
                if member.value != b.members[index].value { return false }
            } else {
                guard let other = b[member.key], other == member.value else { return false }
            }
        }
        return true
    }

    /// Feeds the members to `hasher` so that their order does not matter.
    public func hash(into hasher: inout Hasher) {
        var sum = 0
        for (key, value) in members {
            var member = Hasher()
            member.combine(key)
            member.combine(value)
            sum &+= member.finalize()
        }
        hasher.combine(sum)
        hasher.combine(count)
    }
}

/// Whether two strings have the same bytes, which `==` does not say: it takes canonically equivalent ones for equal.
func sameBytes(_ a: String, _ b: String) -> Bool {
    let count = a.utf8.count
    guard count == b.utf8.count, a == b else { return false }
    return a.utf8.elementsEqual(b.utf8)
}
