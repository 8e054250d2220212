/// Reads the JSON of a schema into nodes and collects everything that is wrong with it.
struct SchemaNodeReader {
    private(set) var errors: [FieldError] = []
    /// How many combinations (`allOf` and so on) the node is in: types are given outside of them.
    private var combinations = 0

    /// Keywords that say nothing about a value.
    private static let silent: Set<String> = [
        "title", "description", "example", "externalDocs", "$schema", "id", "x-kubernetes-list-type",
        "x-kubernetes-list-map-keys", "x-kubernetes-map-type", "x-kubernetes-embedded-resource",
    ]

    mutating func node(_ json: JSON, at path: String, isRoot: Bool = false) -> SchemaNode {
        var facts = SchemaNode.Facts()
        guard case .object(let object) = json else {
            errors.append(.typeInvalid(path, json, "must be an object"))
            return SchemaNode(facts)
        }
        for (keyword, value) in object.members {
            let place = joinPath(path, keyword)
            if read(keyword, value, place, &facts) || Self.silent.contains(keyword) { continue }
            errors.append(.forbidden(place, "this keyword is not part of the structural subset"))
        }
        if facts.type.isEmpty, combinations == 0, isRoot == false, facts.isIntOrString == false,
            facts.preservesUnknown == false
        {
            errors.append(.required(joinPath(path, "type"), "must not be empty for specified object fields"))
        }
        return SchemaNode(facts)
    }

    /// Reads one keyword; answers whether it is known.
    private mutating func read(_ keyword: String, _ value: JSON, _ path: String, _ facts: inout SchemaNode.Facts)
        -> Bool
    {
        switch keyword {
        case "type":
            facts.type = text(value, path)
            let types = ["object", "array", "string", "integer", "number", "boolean"]
            if types.contains(facts.type) == false { errors.append(.notSupported(path, value, types)) }
        case "properties":
            for (name, schema) in members(value, path) {
                facts.properties.append((name, node(schema, at: "\(path)[\(name)]")))
            }
        case "items": facts.items = node(value, at: path)
        case "additionalProperties":
            if case .bool(let allowed) = value {
                facts.allowsAdditional = allowed
                if allowed { facts.preservesUnknown = true }
            } else {
                facts.additional = node(value, at: path)
            }
        case "required": facts.required = list(value, path).enumerated().map { text($1, "\(path)[\($0)]") }
        case "enum": facts.allowed = list(value, path)
        case "default": facts.defaultValue = value
        case "nullable": facts.isNullable = flag(value, path)
        case "x-kubernetes-int-or-string": facts.isIntOrString = flag(value, path)
        case "x-kubernetes-preserve-unknown-fields": facts.preservesUnknown = flag(value, path)
        case "x-pintle-secret": facts.isSecret = flag(value, path)
        case "format": facts.format = text(value, path)
        case "pattern":
            facts.pattern = Pattern(text(value, path))
            if facts.pattern == nil { errors.append(.invalid(path, value, "must be a valid regular expression")) }
        default: return readBound(keyword, value, path, &facts) || readCombination(keyword, value, path, &facts)
        }
        return true
    }

    private mutating func readBound(_ keyword: String, _ value: JSON, _ path: String, _ facts: inout SchemaNode.Facts)
        -> Bool
    {
        switch keyword {
        case "minimum": facts.minimum = number(value, path)
        case "maximum": facts.maximum = number(value, path)
        case "exclusiveMinimum": facts.excludesMinimum = flag(value, path)
        case "exclusiveMaximum": facts.excludesMaximum = flag(value, path)
        case "multipleOf": facts.multipleOf = number(value, path)
        case "minLength": facts.minLength = count(value, path)
        case "maxLength": facts.maxLength = count(value, path)
        case "minItems": facts.minItems = count(value, path)
        case "maxItems": facts.maxItems = count(value, path)
        case "uniqueItems": facts.uniqueItems = flag(value, path)
        case "minProperties": facts.minProperties = count(value, path)
        case "maxProperties": facts.maxProperties = count(value, path)
        default: return false
        }
        return true
    }

    private mutating func readCombination(
        _ keyword: String, _ value: JSON, _ path: String, _ facts: inout SchemaNode.Facts
    ) -> Bool {
        combinations += 1
        defer { combinations -= 1 }
        switch keyword {
        case "allOf": facts.all = parts(value, path)
        case "anyOf": facts.any = parts(value, path)
        case "oneOf": facts.one = parts(value, path)
        case "not": facts.not = node(value, at: path)
        default: return false
        }
        return true
    }

    private mutating func parts(_ value: JSON, _ path: String) -> [SchemaNode] {
        list(value, path).enumerated().map { node($1, at: "\(path)[\($0)]") }
    }

    // MARK: Values of the right type, or an error and something harmless

    private mutating func text(_ value: JSON, _ path: String) -> String {
        if let text = value.string { return text }
        errors.append(.typeInvalid(path, value, "must be a string"))
        return ""
    }

    private mutating func flag(_ value: JSON, _ path: String) -> Bool {
        if let flag = value.bool { return flag }
        errors.append(.typeInvalid(path, value, "must be a boolean"))
        return false
    }

    private mutating func number(_ value: JSON, _ path: String) -> Double? {
        if let number = value.double { return number }
        errors.append(.typeInvalid(path, value, "must be a number"))
        return nil
    }

    private mutating func count(_ value: JSON, _ path: String) -> Int64? {
        if let count = value.int, count >= 0 { return count }
        errors.append(.typeInvalid(path, value, "must be a non-negative integer"))
        return nil
    }

    private mutating func list(_ value: JSON, _ path: String) -> [JSON] {
        if let list = value.array { return list }
        errors.append(.typeInvalid(path, value, "must be an array"))
        return []
    }

    private mutating func members(_ value: JSON, _ path: String) -> [(key: String, value: JSON)] {
        if let object = value.object { return object.members }
        errors.append(.typeInvalid(path, value, "must be an object"))
        return []
    }
}
