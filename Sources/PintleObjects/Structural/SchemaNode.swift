/// One level of a ``StructuralSchema``: built once, then only read.
final class SchemaNode: Sendable {
    /// The plain facts, so that a reader can fill them in one at a time.
    struct Facts: Sendable {
        /// `object`, `array`, `string`, `integer`, `number`, `boolean`, or empty for anything.
        var type = ""
        var properties: [(name: String, node: SchemaNode)] = []
        var required: [String] = []
        var items: SchemaNode?
        var additional: SchemaNode?
        var allowsAdditional = true
        var allowed: [JSON] = []
        var defaultValue: JSON?
        var isNullable = false
        var isIntOrString = false
        var preservesUnknown = false
        var isSecret = false
        var minimum: Double?
        var maximum: Double?
        var excludesMinimum = false
        var excludesMaximum = false
        var multipleOf: Double?
        var minLength: Int64?
        var maxLength: Int64?
        var minItems: Int64?
        var maxItems: Int64?
        var uniqueItems = false
        var minProperties: Int64?
        var maxProperties: Int64?
        var pattern: Pattern?
        var format = ""
        var all: [SchemaNode] = []
        var any: [SchemaNode] = []
        var one: [SchemaNode] = []
        var not: SchemaNode?
    }

    let facts: Facts

    init(_ facts: Facts) { self.facts = facts }

    func property(_ name: String) -> SchemaNode? { facts.properties.first { sameBytes($0.name, name) }?.node }

    /// The node of a member of an object, a named or a free one.
    func member(_ name: String) -> SchemaNode? { property(name) ?? facts.additional }

    /// Whether members that nothing describes are left alone.
    var isOpen: Bool {
        facts.preservesUnknown || (facts.properties.isEmpty && facts.additional == nil && facts.allowsAdditional)
    }

    func applyDefaults(_ value: inout JSON) {
        switch value {
        case .object:
            for (name, node) in facts.properties {
                guard let preset = node.facts.defaultValue else { continue }
                let isMissing = value.object?.index(of: name) == nil
                if isMissing || (value[name].isNull && node.facts.isNullable == false) { value[name] = preset }
            }
            value.updateObject { object in
                for index in object.members.indices {
                    member(object.members[index].key)?.applyDefaults(&object.members[index].value)
                }
            }
        case .array:
            guard let items = facts.items else { return }
            value.updateArray { array in
                for index in array.indices { items.applyDefaults(&array[index]) }
            }
        default: break
        }
    }

    func prune(_ value: inout JSON, _ path: String, _ dropped: inout [String]) {
        var found = dropped
        value.updateObject { object in
            if isOpen == false {
                object.removeAll { name, _ in
                    guard member(name) == nil else { return false }
                    found.append(joinPath(path, name))
                    return true
                }
            }
            for index in object.members.indices {
                let name = object.members[index].key
                member(name)?.prune(&object.members[index].value, joinPath(path, name), &found)
            }
        }
        value.updateArray { array in
            for index in array.indices { facts.items?.prune(&array[index], joinPath(path, "[\(index)]"), &found) }
        }
        dropped = found
    }

    func redact(_ value: inout JSON) {
        if facts.isSecret {
            if value.isNull == false { value = "<secret>" }
            return
        }
        value.updateObject { object in
            for index in object.members.indices {
                member(object.members[index].key)?.redact(&object.members[index].value)
            }
        }
        value.updateArray { array in
            for index in array.indices { facts.items?.redact(&array[index]) }
        }
    }

    /// Checks each default against its own node.
    func checkDefaults(_ path: String, _ errors: inout [FieldError]) {
        if let preset = facts.defaultValue {
            var validator = SchemaValidator(unknownFields: .refuse)
            validator.validate(preset, self, joinPath(path, "default"))
            errors += validator.errors
        }
        for (name, node) in facts.properties { node.checkDefaults(joinPath(path, "properties[\(name)]"), &errors) }
        facts.items?.checkDefaults(joinPath(path, "items"), &errors)
        facts.additional?.checkDefaults(joinPath(path, "additionalProperties"), &errors)
    }
}

/// A regular expression with its text.
struct Pattern: Sendable {
    let text: String
    // `Regex` is immutable but not marked Sendable; matching works on state of its own.
    nonisolated(unsafe) private let regex: Regex<AnyRegexOutput>

    /// `nil` when the text cannot be compiled.
    init?(_ text: String) {
        guard let regex = try? Regex(text) else { return nil }
        self.text = text
        self.regex = regex.matchingSemantics(.unicodeScalar)
    }

    func matches(_ value: String) -> Bool { (try? regex.firstMatch(in: value)) != nil }
}
