/// One walk over a value along a schema, collecting what is wrong.
struct SchemaValidator {
    let unknownFields: StructuralSchema.UnknownFields
    private(set) var errors: [FieldError] = []

    init(unknownFields: StructuralSchema.UnknownFields) { self.unknownFields = unknownFields }

    mutating func validate(_ value: JSON, _ node: SchemaNode, _ path: String) {
        let facts = node.facts
        if value.isNull, facts.isNullable || (facts.type.isEmpty && facts.isIntOrString == false) { return }
        guard checkType(value, facts, path) else { return }
        if facts.allowed.isEmpty == false, facts.allowed.contains(value) == false {
            errors.append(.notSupported(path, value, facts.allowed.map { $0.string ?? $0.description }))
        }
        switch value {
        case .string(let text): check(text, value, facts, path)
        case .integer, .number: checkNumber(value, facts, path)
        case .array(let elements): check(elements, facts, path)
        case .object(let object): check(object, node, path)
        default: break
        }
        combine(value, facts, path)
    }

    private mutating func checkType(_ value: JSON, _ facts: SchemaNode.Facts, _ path: String) -> Bool {
        let found = name(of: value)
        if facts.isIntOrString {
            if found == "string" || found == "integer" { return true }
            report(
                .typeInvalid, path,
                "Invalid value: \(goQuoted(found)): \(inBody(path)) must be of type integer,string: \(goQuoted(found))")
            return false
        }
        if facts.type.isEmpty || facts.type == found || (facts.type == "number" && found == "integer") { return true }
        // A number without a fraction is an integer, however it is written.
        if facts.type == "integer", let number = value.double, number == number.rounded() { return true }
        report(
            .typeInvalid, path,
            "Invalid value: \(goQuoted(found)): \(inBody(path)) must be of type \(facts.type): \(goQuoted(found))")
        return false
    }

    private mutating func check(_ text: String, _ value: JSON, _ facts: SchemaNode.Facts, _ path: String) {
        let length = Int64(text.unicodeScalars.count)
        if let most = facts.maxLength, length > most { errors.append(.tooLong(path, maximum: Int(most))) }
        if let least = facts.minLength, length < least {
            errors.append(.invalid(path, value, "\(inBody(path)) should be at least \(least) chars long"))
        }
        if let pattern = facts.pattern, pattern.matches(text) == false {
            errors.append(.invalid(path, value, "\(inBody(path)) should match '\(pattern.text)'"))
        }
        if facts.format.isEmpty == false, fits(text, format: facts.format) == false {
            errors.append(.invalid(path, value, "\(inBody(path)) must be of type \(facts.format): \(goQuoted(text))"))
        }
    }

    private mutating func checkNumber(_ value: JSON, _ facts: SchemaNode.Facts, _ path: String) {
        guard let number = value.double else { return }
        if let least = facts.minimum, facts.excludesMinimum ? number <= least : number < least {
            let words = facts.excludesMinimum ? "greater than" : "greater than or equal to"
            errors.append(.invalid(path, value, "\(inBody(path)) should be \(words) \(shown(least))"))
        }
        if let most = facts.maximum, facts.excludesMaximum ? number >= most : number > most {
            let words = facts.excludesMaximum ? "less than" : "less than or equal to"
            errors.append(.invalid(path, value, "\(inBody(path)) should be \(words) \(shown(most))"))
        }
        if let factor = facts.multipleOf, factor != 0, (number / factor).rounded() * factor != number {
            errors.append(.invalid(path, value, "\(inBody(path)) should be a multiple of \(shown(factor))"))
        }
        let fits =
            switch facts.format {
            case "int32": value.int.map { Int32(exactly: $0) != nil } ?? true
            case "int64": facts.type != "integer" || value.int != nil
            default: true
            }
        if fits == false {
            errors.append(.invalid(path, value, "\(inBody(path)) must be of type \(facts.format): \"number\""))
        }
    }

    private mutating func check(_ elements: [JSON], _ facts: SchemaNode.Facts, _ path: String) {
        let count = Int64(elements.count)
        if let most = facts.maxItems, count > most {
            errors.append(.tooMany(path, count: elements.count, maximum: Int(most)))
        }
        if let least = facts.minItems, count < least {
            errors.append(.invalid(path, .integer(count), "\(inBody(path)) should have at least \(least) items"))
        }
        if facts.uniqueItems, Set(elements).count < elements.count {
            errors.append(.duplicate(path, .array(elements)))
        }
        guard let items = facts.items else { return }
        for (index, element) in elements.enumerated() { validate(element, items, joinPath(path, "[\(index)]")) }
    }

    private mutating func check(_ object: JSONObject, _ node: SchemaNode, _ path: String) {
        let facts = node.facts
        for name in facts.required where object.index(of: name) == nil {
            errors.append(.required(joinPath(path, name)))
        }
        let count = Int64(object.count)
        if let most = facts.maxProperties, count > most {
            errors.append(.tooMany(path, count: object.count, maximum: Int(most)))
        }
        if let least = facts.minProperties, count < least {
            errors.append(.invalid(path, .integer(count), "\(inBody(path)) should have at least \(least) properties"))
        }
        for (name, value) in object.members {
            if let member = node.member(name) {
                validate(value, member, joinPath(path, name))
            } else if node.isOpen == false, unknownFields == .refuse {
                let known = facts.properties.map { goQuoted($0.name) }.joined(separator: ", ")
                let hint = known.isEmpty ? "there are no fields" : "the fields are \(known)"
                errors.append(.forbidden(joinPath(path, name), "unknown field; \(hint)"))
            }
        }
    }

    private mutating func combine(_ value: JSON, _ facts: SchemaNode.Facts, _ path: String) {
        for part in facts.all { validate(value, part, path) }
        if facts.any.isEmpty == false, facts.any.contains(where: { accepts(value, $0, path) }) == false {
            report(
                .invalid, path,
                "Invalid value: \(goQuoted(name(of: value))): \(goQuoted(path)) must validate at least one schema (anyOf)"
            )
        }
        if facts.one.isEmpty == false {
            let valid = facts.one.count { accepts(value, $0, path) }
            if valid != 1 {
                let found = valid == 0 ? "Found none valid" : "Found \(valid) valid alternatives"
                report(
                    .invalid, path,
                    "Invalid value: \(goQuoted(name(of: value))): \(goQuoted(path)) must validate one and only one schema "
                        + "(oneOf). \(found)")
            }
        }
        if let not = facts.not, accepts(value, not, path) {
            report(
                .invalid, path,
                "Invalid value: \(goQuoted(name(of: value))): \(goQuoted(path)) must not validate the schema (not)")
        }
    }

    /// Whether a part of a combination takes the value; parts say nothing about fields that they do not name.
    private func accepts(_ value: JSON, _ part: SchemaNode, _ path: String) -> Bool {
        var validator = SchemaValidator(unknownFields: .ignore)
        validator.validate(value, part, path)
        return validator.errors.isEmpty
    }

    private mutating func report(_ kind: FieldError.Kind, _ path: String, _ message: String) {
        errors.append(FieldError(kind: kind, path: path, message: message))
    }

    private func inBody(_ path: String) -> String { "\(path) in body" }

    private func name(of value: JSON) -> String {
        switch value {
        case .bool: "boolean"
        case .integer: "integer"
        default: value.typeName
        }
    }

    private func shown(_ number: Double) -> String {
        number == number.rounded() && number.magnitude < 1e15 ? String(Int64(number)) : "\(number)"
    }
}
