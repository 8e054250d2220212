import PintleObjects

/// The rules that ConfigMaps and Secrets share.
enum DataRules {
    /// Bytes of all values together: 1 MiB.
    private static let maximumSize = 1 << 20

    /// Keys and size of a ConfigMap.
    static func check(_ map: JSON, _ errors: inout FieldErrors) {
        var size = 0
        for (field, other) in [("data", "binaryData"), ("binaryData", "data")] {
            for (key, value) in map[field].entries {
                let path = FieldPath(field).key(key)
                errors.invalid(path, key, each: NameRules.configMapKey(key))
                if map[other][key].isSet {
                    errors.invalid(path, .string(key), "duplicate of key present in \(other)")
                }
                size += field == "data" ? value.text.utf8.count : decodedSize(value.text)
            }
        }
        if size > maximumSize { errors.tooLong(FieldPath("[]"), maximum: maximumSize) }
    }

    /// Keys and size of a Secret.
    static func checkSecret(_ data: JSON, _ errors: inout FieldErrors) {
        var size = 0
        for (key, value) in data.entries {
            errors.invalid(FieldPath("data").key(key), key, each: NameRules.configMapKey(key))
            size += decodedSize(value.text)
        }
        if size > maximumSize { errors.tooLong(FieldPath("data"), maximum: maximumSize) }
    }

    /// An object that was made immutable stays so.
    static func checkImmutable(_ new: JSON, old: JSON, _ errors: inout FieldErrors) {
        guard old["immutable"].isTrue else { return }
        let detail = "field is immutable when `immutable` is set"
        if new["immutable"].isTrue == false { errors.forbidden(FieldPath("immutable"), detail) }
        for field in ["data", "binaryData"] where new[field].isEquivalent(to: old[field]) == false {
            errors.forbidden(FieldPath(field), detail)
        }
    }

    /// The number of bytes that a base64 text stands for.
    private static func decodedSize(_ text: String) -> Int {
        let padding = text.utf8.suffix(2).count { $0 == UInt8(ascii: "=") }
        return text.utf8.count / 4 * 3 - padding
    }
}
