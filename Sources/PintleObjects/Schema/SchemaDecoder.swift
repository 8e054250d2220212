/// One walk over an object: checks every type, drops what the schema does not know and nulls, and brings quantities,
/// times and so on into their canonical form.
struct SchemaDecoder {
    /// Paths of the fields that were dropped because the schema does not know them.
    private(set) var unknown: [String] = []

    mutating func object(_ value: inout JSON, _ type: ObjectType) throws(DecodeFault) {
        if type.isAny { return }
        guard case .object = value else { throw DecodeFault(value, into: type.goName) }
        var members = value.takeObject().members
        defer { value = .object(JSONObject(distinct: members)) }
        var kept = 0
        for position in members.indices {
            if try keeps(&members[position], type) {
                if kept != position { members.swapAt(kept, position) }
                kept += 1
            }
        }
        members.removeSubrange(kept...)
    }

    /// Decodes one member; answers whether it stays.
    private mutating func keeps(_ member: inout (key: String, value: JSON), _ type: ObjectType) throws(DecodeFault)
        -> Bool
    {
        guard let field = type.field(member.key) else {
            if type.preservesUnknown { return true }
            unknown.append(member.key)
            return false
        }
        if member.value.isNull { return field.isNullable }
        let found = unknown.count
        do throws(DecodeFault) {
            try self.value(&member.value, field.type)
        } catch {
            throw error.inside(field.name, of: type)
        }
        for index in found..<unknown.count { unknown[index] = joinPath(field.name, unknown[index]) }
        return field.isRequired || isEmptyCollection(member.value, field.type) == false
    }

    /// Whether the field would be left out by `omitempty`: an empty list or map, not an empty object with fields.
    private func isEmptyCollection(_ value: JSON, _ type: ValueType) -> Bool {
        switch (value, type) {
        case (.array(let elements), .list): elements.isEmpty
        case (.object(let object), .map): object.isEmpty
        default: false
        }
    }

    private mutating func value(_ value: inout JSON, _ type: ValueType) throws(DecodeFault) {
        switch type {
        case .any: break
        case .object(let reference): try object(&value, reference.type)
        case .list(let element): try list(&value, element, type)
        case .map(let element): try map(&value, element, type)
        case .string: guard case .string = value else { throw DecodeFault(value, into: "string") }
        case .boolean: guard case .bool = value else { throw DecodeFault(value, into: "bool") }
        case .int64: guard case .integer = value else { throw DecodeFault(value, into: "int64") }
        case .int32:
            guard case .integer(let number) = value, Int32(exactly: number) != nil else {
                throw DecodeFault(value, into: "int32")
            }
        case .double: guard value.double != nil else { throw DecodeFault(value, into: "float64") }
        case .bytes, .time, .microTime, .quantity, .intOrString: try scalar(&value, type)
        }
    }

    private mutating func list(_ value: inout JSON, _ element: ValueType, _ type: ValueType) throws(DecodeFault) {
        guard case .array = value else { throw DecodeFault(value, into: type.goName) }
        var elements = value.takeArray()
        defer { value = .array(elements) }
        for index in elements.indices {
            if elements[index].isNull { elements[index] = element.zero }
            if elements[index].isNull { continue }
            let found = unknown.count
            try self.value(&elements[index], element)
            for fault in found..<unknown.count { unknown[fault] = joinPath("[\(index)]", unknown[fault]) }
        }
    }

    private mutating func map(_ value: inout JSON, _ element: ValueType, _ type: ValueType) throws(DecodeFault) {
        guard case .object = value else { throw DecodeFault(value, into: type.goName) }
        var members = value.takeObject().members
        defer { value = .object(JSONObject(distinct: members)) }
        for index in members.indices {
            if members[index].value.isNull { members[index].value = element.zero }
            if members[index].value.isNull { continue }
            let found = unknown.count
            try self.value(&members[index].value, element)
            for fault in found..<unknown.count { unknown[fault] = joinPath(members[index].key, unknown[fault]) }
        }
    }
}
