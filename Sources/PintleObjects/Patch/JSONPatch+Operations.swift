extension JSONPatch {
    static func find(_ value: JSON, _ path: ArraySlice<String>) -> JSON? {
        guard let part = path.first else { return value }
        switch value {
        case .object(let object): return object[part].flatMap { find($0, path.dropFirst()) }
        case .array(let array):
            guard let index = index(part, count: array.count), index < array.count else { return nil }
            return find(array[index], path.dropFirst())
        default: return nil
        }
    }

    static func add(_ new: JSON, to value: inout JSON, _ path: ArraySlice<String>) throws(StatusError) {
        guard path.isEmpty == false else {
            value = new
            return
        }
        try descend(&value, path) { (parent, part) throws(StatusError) in
            switch parent {
            case .object: parent.updateObject { $0[part] = new }
            case .array(let array):
                // One more place than there are elements: the end.
                guard let index = part == "-" ? array.count : index(part, count: array.count + 1), index <= array.count
                else { throw StatusError.rejected }
                parent.updateArray { $0.insert(new, at: index) }
            default: throw StatusError.rejected
            }
        }
    }

    static func replace(_ new: JSON, in value: inout JSON, _ path: ArraySlice<String>) throws(StatusError) {
        guard path.isEmpty == false else {
            value = new
            return
        }
        try descend(&value, path) { (parent, part) throws(StatusError) in
            switch parent {
            case .object(let object):
                guard object[part] != nil else { throw StatusError.rejected }
                parent.updateObject { $0[part] = new }
            case .array(let array):
                guard let index = index(part, count: array.count), index < array.count else {
                    throw StatusError.rejected
                }
                parent.updateArray { $0[index] = new }
            default: throw StatusError.rejected
            }
        }
    }

    static func remove(from value: inout JSON, _ path: ArraySlice<String>) throws(StatusError) -> JSON {
        guard path.isEmpty == false else { throw .rejected }
        var removed = JSON.null
        try descend(&value, path) { (parent, part) throws(StatusError) in
            switch parent {
            case .object(let object):
                guard let old = object[part] else { throw StatusError.rejected }
                removed = old
                parent.remove(part)
            case .array(let array):
                guard let index = index(part, count: array.count), index < array.count else {
                    throw StatusError.rejected
                }
                removed = array[index]
                parent.updateArray { _ = $0.remove(at: index) }
            default: throw StatusError.rejected
            }
        }
        return removed
    }

    /// Calls `body` with the value that holds the last part of `path`, in place.
    private static func descend(
        _ value: inout JSON, _ path: ArraySlice<String>, _ body: (inout JSON, String) throws(StatusError) -> Void
    ) throws(StatusError) {
        guard let part = path.first else { return }
        guard path.count > 1 else { return try body(&value, part) }
        switch value {
        case .object(let object):
            guard let index = object.index(of: part) else { throw .rejected }
            try value.updateObject { (object) throws(StatusError) in
                try descend(&object.members[index].value, path.dropFirst(), body)
            }
        case .array(let array):
            guard let index = index(part, count: array.count), index < array.count else { throw .rejected }
            try value.updateArray { (array) throws(StatusError) in
                try descend(&array[index], path.dropFirst(), body)
            }
        default: throw .rejected
        }
    }

    /// An index into `count` elements; negative ones count from the end.
    private static func index(_ part: String, count: Int) -> Int? {
        guard let index = Int(part), part.hasPrefix("+") == false else { return nil }
        if index >= 0 { return index }
        return index + count >= 0 ? index + count : nil
    }
}
