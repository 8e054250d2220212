extension JSON {
    /// Parses one JSON text (RFC 8259): strict UTF-8, nothing after the value but white space.
    ///
    /// Of two members with the same name the later one's value is kept. An escaped half of a surrogate pair becomes
    /// U+FFFD, as in Go.
    public init(parsing bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
        self = try JSON.parse(bytes, limits: limits).value
    }

    /// The same over memory that is borrowed for the duration of the call.
    public init(parsing bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .default) throws(JSONError) {
        var parser = JSONParser(bytes, limits: limits)
        self = try parser.document()
    }

    /// Parses a string.
    public init(parsing text: String, limits: JSONLimits = .default) throws(JSONError) {
        self = try JSON(parsing: Array(text.utf8), limits: limits)
    }

    /// Parses like ``init(parsing:limits:)-([UInt8],_)`` and also answers the paths of members that were given more than
    /// once, in the form of Kubernetes' messages, for example `spec.containers[0].name`.
    public static func parse(_ bytes: [UInt8], limits: JSONLimits = .default) throws(JSONError)
        -> (value: JSON, duplicates: [String])
    {
        let result: Result<(JSON, [String]), JSONError> = bytes.withUnsafeBufferPointer { buffer in
            var parser = JSONParser(buffer, limits: limits)
            do throws(JSONError) {
                return .success((try parser.document(), parser.duplicates))
            } catch {
                return .failure(error)
            }
        }
        let (value, duplicates) = try result.get()
        return (value, duplicates)
    }

    /// The same over memory that is borrowed for the duration of the call.
    public static func parse(_ bytes: UnsafeBufferPointer<UInt8>, limits: JSONLimits = .default) throws(JSONError)
        -> (value: JSON, duplicates: [String])
    {
        var parser = JSONParser(bytes, limits: limits)
        let value = try parser.document()
        return (value, parser.duplicates)
    }
}
