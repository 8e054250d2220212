import PintleObjects

/// The errors of one object, collected in the order in which its rules find them.
struct FieldErrors {
    private(set) var all: [FieldError] = []

    var isEmpty: Bool { all.isEmpty }

    mutating func append(_ other: FieldErrors) { all += other.all }

    mutating func required(_ path: FieldPath, _ detail: String = "") { all.append(.required(path.text, detail)) }
    mutating func forbidden(_ path: FieldPath, _ detail: String) { all.append(.forbidden(path.text, detail)) }
    mutating func duplicate(_ path: FieldPath, _ value: JSON) { all.append(.duplicate(path.text, value)) }
    mutating func notFound(_ path: FieldPath, _ value: String) { all.append(.notFound(path.text, .string(value))) }
    mutating func tooLong(_ path: FieldPath, maximum: Int) { all.append(.tooLong(path.text, maximum: maximum)) }

    mutating func invalid(_ path: FieldPath, _ value: JSON, _ detail: String) {
        all.append(.invalid(path.text, value, detail))
    }

    mutating func notSupported(_ path: FieldPath, _ value: String, _ supported: [String]) {
        all.append(.notSupported(path.text, .string(value), supported))
    }

    mutating func tooMany(_ path: FieldPath, count: Int, maximum: Int) {
        all.append(.tooMany(path.text, count: count, maximum: maximum))
    }

    /// One `Invalid value` for each of `messages`, all about `value`.
    mutating func invalid(_ path: FieldPath, _ value: String, each messages: [String]) {
        for message in messages { invalid(path, .string(value), message) }
    }

    /// `Required value` if `value` is empty; tells whether it was there.
    @discardableResult
    mutating func require(_ path: FieldPath, _ value: String, _ detail: String = "") -> Bool {
        if value.isEmpty { required(path, detail) }
        return value.isEmpty == false
    }

    /// `Invalid value` if `value` is there and below zero.
    mutating func notNegative(_ path: FieldPath, _ value: JSON) {
        if let number = value.int, number < 0 { invalid(path, value, "must be greater than or equal to 0") }
    }

    /// `Invalid value` if `value` is there and is no file mode.
    mutating func fileMode(_ path: FieldPath, _ value: JSON) {
        if let mode = value.int, mode < 0 || mode > 0o777 {
            invalid(path, value, "must be a number between 0 and 0777 (octal), both inclusive")
        }
    }

    /// `Required value` or `Unsupported value` unless `value` is one of `supported`.
    mutating func oneOf(_ path: FieldPath, _ value: String, _ supported: [String]) {
        if value.isEmpty {
            required(path)
        } else if supported.contains(value) == false {
            notSupported(path, value, supported)
        }
    }

    /// `Invalid value: …: field is immutable` if a field has changed.
    mutating func immutable(_ path: FieldPath, new: JSON, old: JSON) {
        if new != old { invalid(path, new, "field is immutable") }
    }

    /// `Invalid value` unless `value` is an IPv4 or IPv6 address.
    mutating func address(_ path: FieldPath, _ value: String) {
        if IPAddress(value) == nil {
            invalid(path, .string(value), "must be a valid IP address, (e.g. 10.9.8.7 or 2001:db8::ffff)")
        }
    }
}
