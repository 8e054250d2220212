extension StrategicMerge {
    /// Merges two lists: objects by their merge key, scalars as a set.
    static func mergeLists(
        _ original: [JSON], _ patch: [JSON], mergeKey: String, _ element: Shape, _ name: String
    ) throws(StatusError) -> [JSON] {
        guard let first = original.first ?? patch.first else { return original }
        if case .array = first { throw unprocessable("lists of lists are not supported") }
        guard case .object = first else {
            var merged: [JSON] = []
            for value in original + patch where merged.contains(value) == false { merged.append(value) }
            return merged
        }
        guard mergeKey.isEmpty == false else {
            throw unprocessable("cannot merge lists without merge key for \(name)")
        }
        var merged = original
        if patch.contains(where: { $0["$patch"].string == "replace" }) {
            return patch.compactMap { element in
                if element["$patch"].string == "replace" { return nil }
                return withoutDirectives(element)
            }
        }
        for change in patch where change["$patch"].isNull == false {
            guard change["$patch"].string == "delete" else {
                throw .badRequest("unknown patch type: \(change["$patch"].string ?? "") in map")
            }
            guard let key = change.object?[mergeKey] else { throw lacksKey(change, mergeKey) }
            merged.removeAll { $0[mergeKey] == key }
        }
        for change in patch where change["$patch"].isNull {
            guard let patch = change.object, let key = patch[mergeKey] else { throw lacksKey(change, mergeKey) }
            guard let index = merged.firstIndex(where: { $0.object?[mergeKey] == key }) else {
                merged.append(withoutDirectives(change) ?? change)
                continue
            }
            var nested = merged[index].takeObject()
            try merge(&nested, patch, element)
            merged[index] = .object(nested)
        }
        return merged
    }

    /// `$setElementOrder/…`: merges the lists it names and puts their elements into its order.
    static func order(_ original: inout JSONObject, _ patch: inout JSONObject, _ shape: Shape) throws(StatusError) {
        for (directive, value) in patch.members where directive.hasPrefix(setOrder) {
            guard let order = value.array else { throw .badRequest("invalid patch format of setElementOrder list") }
            patch[directive] = nil
            let key = String(directive.dropFirst(setOrder.count))
            let field = shape.field(key)
            let mergeKey = field?.mergeKey ?? ""
            let live = original[key]?.array
            let change = patch[key]?.array
            if let change { try check(change, against: order, mergeKey, key) }
            let merged: [JSON]
            switch (live, change) {
            case (let live?, nil): merged = live
            case (nil, let change?): merged = withoutDirectives(.array(change))?.array ?? []
            case (let live?, let change?):
                merged = try mergeLists(live, change, mergeKey: mergeKey, shape.element(of: key), key)
            case (nil, nil): continue
            }
            original[key] = .array(arrange(merged, by: order, live: live ?? [], mergeKey: mergeKey))
            patch[key] = nil
        }
    }

    /// The elements that `order` lists in its order, the others in between where the live list had them.
    private static func arrange(_ merged: [JSON], by order: [JSON], live: [JSON], mergeKey: String) -> [JSON] {
        func key(_ value: JSON) -> JSON { mergeKey.isEmpty ? value : value[mergeKey] }
        func place(_ value: JSON, in list: [JSON]) -> Int? { list.firstIndex { key($0) == key(value) } }
        var listed = merged.compactMap { value in place(value, in: order).map { ($0, value) } }
        listed.sort { $0.0 < $1.0 }
        let left = merged.filter { place($0, in: order) == nil }
        let right = listed.map(\.1)
        var out: [JSON] = []
        var l = 0
        var r = 0
        while l < left.count || r < right.count {
            if l == left.count {
                out.append(right[r])
                r += 1
            } else if r == right.count {
                out.append(left[l])
                l += 1
            } else if let first = place(left[l], in: live), let second = place(right[r], in: live), first < second {
                out.append(left[l])
                l += 1
            } else {
                out.append(right[r])
                r += 1
            }
        }
        return out
    }

    /// What the patch adds or changes must be listed, in the same order.
    private static func check(_ change: [JSON], against order: [JSON], _ mergeKey: String, _ name: String)
        throws(StatusError)
    {
        var rest = order[...]
        for element in change where element["$patch"].isNull {
            let wanted = mergeKey.isEmpty ? element : element[mergeKey]
            guard let index = rest.firstIndex(where: { (mergeKey.isEmpty ? $0 : $0[mergeKey]) == wanted }) else {
                throw .badRequest(
                    "The order in patch list:\n\(JSON.array(change))\n doesn't match \(setOrder)\(name) list:\n"
                        + "\(JSON.array(order))\n")
            }
            rest = rest[(index + 1)...]
        }
    }

    private static func lacksKey(_ element: JSON, _ mergeKey: String) -> StatusError {
        unprocessable("map: \(element) does not contain declared merge key: \(mergeKey)")
    }

    private static func unprocessable(_ why: String) -> StatusError {
        var error = StatusError.rejected
        error.details["causes"] = [["reason": "UnexpectedServerResponse", "message": .string(why)]]
        return error
    }
}
