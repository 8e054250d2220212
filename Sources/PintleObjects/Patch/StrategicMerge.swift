/// A strategic merge patch: a merge patch that knows which lists merge by a key, with directives (`$patch`,
/// `$retainKeys`, `$setElementOrder/…`, `$deleteFromPrimitiveList/…`) for what a merge cannot say.
enum StrategicMerge {
    /// What is known about the object being merged.
    enum Shape {
        case object(ObjectType)
        /// Free keys with values of one type.
        case map(ValueType)
        /// Nothing is known: objects merge, lists are replaced.
        case free

        init(_ type: ValueType?) {
            switch type {
            case .object(let reference): self = .object(reference.type)
            case .map(let value): self = .map(value)
            default: self = .free
            }
        }

        func field(_ name: String) -> Field? {
            if case .object(let type) = self { return type.field(name) }
            return nil
        }

        /// The shape of the value of a member.
        func member(_ name: String) -> Shape {
            switch self {
            case .object(let type): Shape(type.field(name)?.type)
            case .map(let value): Shape(value)
            case .free: .free
            }
        }

        /// The shape of the elements of a member that is a list.
        func element(of name: String) -> Shape {
            let type: ValueType? =
                switch self {
                case .object(let object): object.field(name)?.type
                case .map(let value): value
                case .free: nil
                }
            if case .list(let element) = type { return Shape(element) }
            return .free
        }
    }

    static let setOrder = "$setElementOrder/"
    static let deletePrimitives = "$deleteFromPrimitiveList/"

    /// Merges `patch` into `original`.
    static func merge(_ original: inout JSONObject, _ patch: JSONObject, _ shape: Shape) throws(StatusError) {
        var patch = patch
        if let directive = patch["$patch"] {
            switch directive.string {
            case "replace":
                patch["$patch"] = nil
                original = withoutDirectives(.object(patch))?.object ?? JSONObject()
                return
            case "delete":
                original = JSONObject()
                return
            case "merge": patch["$patch"] = nil
            default: throw .badRequest("unknown patch type: \(directive.string ?? directive.description) in map")
            }
        }
        try retainKeys(&original, &patch)
        try order(&original, &patch, shape)
        for (key, change) in patch.members {
            if key.hasPrefix(deletePrimitives) {
                try deletePrimitives(&original, String(key.dropFirst(deletePrimitives.count)), change)
            } else {
                try member(&original, key, change, shape)
            }
        }
    }

    private static func member(_ original: inout JSONObject, _ key: String, _ change: JSON, _ shape: Shape)
        throws(StatusError)
    {
        if change.isNull {
            original[key] = nil
            return
        }
        guard let index = original.index(of: key) else {
            if let value = withoutDirectives(change) { original.members.append((key, value)) }
            return
        }
        switch (original.members[index].value, change) {
        case (.object, .object(let patch)) where shape.field(key)?.replacesObject != true:
            var nested = original.members[index].value.takeObject()
            try merge(&nested, patch, shape.member(key))
            original.members[index].value = .object(nested)
        case (.array(let elements), .array(let patch)) where shape.field(key)?.mergesList == true:
            original.members[index].value = .array(
                try mergeLists(elements, patch, mergeKey: shape.field(key)?.mergeKey ?? "", shape.element(of: key), key)
            )
        default: original.members[index].value = withoutDirectives(change) ?? .null
        }
    }

    /// `$retainKeys`: members that it does not list go.
    private static func retainKeys(_ original: inout JSONObject, _ patch: inout JSONObject) throws(StatusError) {
        guard let directive = patch["$retainKeys"] else { return }
        patch["$retainKeys"] = nil
        guard let list = directive.array else { throw .badRequest("invalid patch format of retainKeys") }
        let retained = Set(list.compactMap(\.string))
        for (key, value) in patch.members
        where value.isNull == false && key.hasPrefix(deletePrimitives) == false && key.hasPrefix(setOrder) == false {
            guard retained.contains(key) else { throw .badRequest("invalid patch format of retainKeys") }
        }
        original.removeAll { key, _ in retained.contains(key) == false }
    }

    private static func deletePrimitives(_ original: inout JSONObject, _ key: String, _ change: JSON)
        throws(StatusError)
    {
        guard let gone = change.array else { throw .badRequest("invalid patch format of primitive list") }
        guard let index = original.index(of: key), case .array(let elements) = original.members[index].value else {
            return
        }
        original.members[index].value = .array(elements.filter { gone.contains($0) == false })
    }

    /// A value of a patch that has nothing to merge with: without directives and nulls; `nil` when it is a deletion.
    static func withoutDirectives(_ value: JSON) -> JSON? {
        switch value {
        case .object(let object):
            if object["$patch"]?.string == "delete" { return nil }
            var out = JSONObject()
            for (key, member) in object.members {
                if key == "$patch" || key == "$retainKeys" || key.hasPrefix(setOrder) || key.hasPrefix(deletePrimitives)
                {
                    continue
                }
                if member.isNull { continue }
                if let kept = withoutDirectives(member) { out.members.append((key, kept)) }
            }
            return .object(out)
        case .array(let elements):
            return .array(
                elements.compactMap { element in
                    // `{"$patch": "replace"}` only says how the rest of the list is meant.
                    if element["$patch"].string == "replace", element.object?.count == 1 { return nil }
                    return withoutDirectives(element)
                })
        default: return value
        }
    }
}

extension Schema {
    /// Applies a strategic merge patch to `object`.
    ///
    /// - Throws: ``StatusError`` 400 for a malformed patch, 422 for one that does not apply, with Kubernetes' words.
    public func apply(strategicMergePatch patch: JSON, to object: inout JSON) throws(StatusError) {
        guard case .object(let changes) = patch else {
            throw .badRequest("json: cannot unmarshal \(patch.typeName) into Go value of type map[string]interface {}")
        }
        var original = object.takeObject()
        defer { object = .object(original) }
        try StrategicMerge.merge(&original, changes, .object(type))
    }
}
