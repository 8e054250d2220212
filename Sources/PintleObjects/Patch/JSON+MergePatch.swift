extension JSON {
    /// Applies a merge patch (RFC 7386): objects merge, null removes, everything else replaces.
    public mutating func apply(mergePatch patch: JSON) {
        guard case .object(let changes) = patch else {
            self = patch
            return
        }
        var object = takeObject()
        for (key, change) in changes.members {
            if change.isNull {
                object[key] = nil
            } else if let index = object.index(of: key) {
                object.members[index].value.apply(mergePatch: change)
            } else {
                var value = JSON.null
                value.apply(mergePatch: change)
                object.members.append((key, value))
            }
        }
        self = .object(object)
    }
}
