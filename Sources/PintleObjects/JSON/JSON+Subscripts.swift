extension JSON {
    /// The member `key`, or ``null`` when there is none or the value is not an object.
    ///
    /// Setting makes an object of anything that is not one; setting ``null`` stores a null (``remove(_:)`` removes).
    /// A change in place of a member that did not exist and is ``null`` afterwards stores nothing.
    public subscript(_ key: String) -> JSON {
        get {
            guard case .object(let object) = self else { return .null }
            return object[key] ?? .null
        }
        set {
            var object = takeObject()
            object[key] = newValue
            self = .object(object)
        }
        _modify {
            var wasObject = false
            if case .object = self { wasObject = true }
            var object = takeObject()
            let index = object.index(of: key)
            var value = JSON.null
            if let index { swap(&value, &object.members[index].value) }
            defer {
                if let index {
                    object.members[index].value = value
                    self = .object(object)
                } else if value.isNull == false {
                    object.members.append((key, value))
                    self = .object(object)
                } else if wasObject {
                    self = .object(object)
                }
            }
            yield &value
        }
    }

    /// The element `index`, or ``null`` when there is none or the value is not a list.
    public subscript(_ index: Int) -> JSON {
        guard case .array(let array) = self, array.indices.contains(index) else { return .null }
        return array[index]
    }

    /// Removes the member `key`; does nothing when there is none.
    public mutating func remove(_ key: String) {
        guard case .object = self else { return }
        var object = takeObject()
        object[key] = nil
        self = .object(object)
    }

    /// Moves the object out, so that it can be changed without a copy; anything else gives an empty one.
    mutating func takeObject() -> JSONObject {
        guard case .object(let object) = self else { return JSONObject() }
        self = .null
        return object
    }

    /// Moves the elements out, so that they can be changed without a copy; anything else gives none.
    mutating func takeArray() -> [JSON] {
        guard case .array(let array) = self else { return [] }
        self = .null
        return array
    }

    /// Changes the elements of a list in place; does nothing to a value of another type.
    public mutating func updateArray<E: Error>(_ body: (inout [JSON]) throws(E) -> Void) throws(E) {
        guard case .array = self else { return }
        var array = takeArray()
        defer { self = .array(array) }
        try body(&array)
    }

    /// Changes the members of an object in place; does nothing to a value of another type.
    public mutating func updateObject<E: Error>(_ body: (inout JSONObject) throws(E) -> Void) throws(E) {
        guard case .object = self else { return }
        var object = takeObject()
        defer { self = .object(object) }
        try body(&object)
    }
}
