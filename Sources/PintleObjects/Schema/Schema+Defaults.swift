extension Schema {
    /// Fills in the defaults that do not depend on other fields, everywhere in `object` where their parent exists.
    ///
    /// An empty string counts as missing where the default is not one, as in Kubernetes.
    public func applyDefaults(_ object: inout JSON) { Self.applyDefaults(&object, type) }

    /// The same for a part of an object, for example a pod template.
    public static func applyDefaults(_ value: inout JSON, _ type: ObjectType) {
        guard type.isAny == false, case .object = value else { return }
        var object = value.takeObject()
        defer { value = .object(object) }
        for field in type.defaulted {
            guard let preset = field.defaultValue else { continue }
            guard let index = object.index(of: field.name) else {
                object.members.append((field.name, preset))
                continue
            }
            switch object.members[index].value {
            case .null, .string(""): object.members[index].value = preset
            case .integer(0) where field.zeroIsUnset: object.members[index].value = preset
            default: break
            }
        }
        for index in object.members.indices {
            guard let field = type.field(object.members[index].key) else { continue }
            applyDefaults(&object.members[index].value, field.type)
        }
    }

    private static func applyDefaults(_ value: inout JSON, _ type: ValueType) {
        switch type {
        case .object(let reference): applyDefaults(&value, reference.type)
        case .list(let element) where element.holdsObjects:
            guard case .array = value else { return }
            var elements = value.takeArray()
            for index in elements.indices { applyDefaults(&elements[index], element) }
            value = .array(elements)
        case .map(let element) where element.holdsObjects:
            guard case .object = value else { return }
            var object = value.takeObject()
            for index in object.members.indices { applyDefaults(&object.members[index].value, element) }
            value = .object(object)
        default: break
        }
    }
}

extension ValueType {
    /// Whether there are objects with fields somewhere inside.
    var holdsObjects: Bool {
        switch self {
        case .object: true
        case .list(let element), .map(let element): element.holdsObjects
        default: false
        }
    }
}
