/// Why an object does not fit its schema, in the words of Go's decoder.
struct DecodeFault: Error {
    /// The name of the type that has the field, path of the field without list indices, type of the field.
    private var place: (owner: String, path: String, type: String)?
    /// The whole text, or its beginning when ``place`` is set.
    private let text: String

    /// A fault whose text says everything.
    init(_ text: String) { self.text = text }

    /// A value of the wrong JSON type.
    init(_ value: JSON, into type: String) {
        let shown =
            switch value {
            case .integer, .number: ["int32", "int64", "float64"].contains(type) ? "number \(value)" : "number"
            default: value.typeName
            }
        text = "json: cannot unmarshal \(shown) into Go "
        place = ("", "", type)
    }

    /// The fault as seen from the object that has it in the field `field`.
    func inside(_ field: String, of owner: ObjectType) -> DecodeFault {
        guard var place else { return self }
        if place.owner.isEmpty { place.owner = owner.name }
        place.path = joinPath(field, place.path)
        var fault = self
        fault.place = place
        return fault
    }

    /// The text for people.
    var message: String {
        guard let place else { return text }
        if place.path.isEmpty { return "\(text)value of type \(place.type)" }
        return "\(text)struct field \(place.owner).\(place.path) of type \(place.type)"
    }
}
