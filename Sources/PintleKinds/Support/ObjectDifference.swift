import PintleObjects

/// Where two objects differ, for a person: one line with `-` and one with `+` for each field.
enum ObjectDifference {
    static func text(from old: JSON, to new: JSON) -> String {
        var lines: [String] = []
        collect(old, new, FieldPath(""), &lines)
        return lines.joined(separator: "\n")
    }

    private static func collect(_ old: JSON, _ new: JSON, _ path: FieldPath, _ lines: inout [String]) {
        if old.isEquivalent(to: new) { return }
        switch (old, new) {
        case (.object(let left), .object(let right)):
            for (key, value) in left.members { collect(value, right[key] ?? .null, path.child(key), &lines) }
            for (key, value) in right.members where left[key] == nil { collect(.null, value, path.child(key), &lines) }
        case (.array(let left), .array(let right)):
            for index in 0..<max(left.count, right.count) {
                collect(
                    index < left.count ? left[index] : .null, index < right.count ? right[index] : .null, path[index],
                    &lines)
            }
        default:
            if old.isSet { lines.append("- \(path.text): \(old)") }
            if new.isSet { lines.append("+ \(path.text): \(new)") }
        }
    }
}
