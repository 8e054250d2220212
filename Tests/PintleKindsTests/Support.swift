import PintleKinds
import PintleObjects
import Testing

/// Parses a literal of a test.
func json(_ text: String) throws -> JSON { try JSON(parsing: Array(text.utf8)) }

/// The strategy of the object's kind.
func strategy(of object: JSON) throws -> any ResourceStrategy {
    try #require(
        Kinds.all.first {
            $0.resource.kind == object["kind"].string && $0.resource.apiVersion == object["apiVersion"].string
        })
}

/// What the store does with a new object before it validates it.
func prepared(_ sent: JSON) throws -> JSON {
    let strategy = try strategy(of: sent)
    var object = sent
    if strategy.resource.namespaced, object["metadata"]["namespace"].isNull {
        object["metadata"]["namespace"] = "default"
    }
    strategy.defaults(&object)
    try strategy.admit(&object, old: nil)
    strategy.prepareForCreate(&object)
    return object
}

/// What the store does with a changed object; returns the object and its errors.
func updated(
    _ sent: JSON, old: JSON, subresource: String? = nil
) throws -> (object: JSON, errors: [String]) {
    let strategy = try strategy(of: sent)
    var object = sent
    strategy.defaults(&object)
    if subresource == nil { try strategy.admit(&object, old: old) }
    strategy.prepareForUpdate(&object, old: old, subresource: subresource)
    return (object, strategy.validateUpdate(object, old: old, subresource: subresource).map(\.description))
}

/// A valid pod as it's stored, with its spec changed.
func storedPod(_ change: (inout JSON) -> Void = { _ in }) throws -> JSON {
    var pod = try json(
        #"{"apiVersion":"v1","kind":"Pod","metadata":{"name":"p"},"spec":{"containers":[{"name":"c","image":"nginx"}]}}"#
    )
    change(&pod)
    return try prepared(pod)
}

/// The errors of a new object, each as field and message.
func errors(of sent: JSON) throws -> [String] {
    try strategy(of: sent).validate(prepared(sent)).map(\.description)
}

/// Two hours into a day.
let now = Timestamp(seconds: 1_767_232_800)

/// A time that many seconds before ``now``.
func ago(_ seconds: Int64) -> JSON { now.advanced(seconds: -seconds).json }
