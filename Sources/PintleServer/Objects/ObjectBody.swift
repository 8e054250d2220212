import PintleObjects
import PintleStore

/// An object to be answered: as it lies in the cache, or a value that was never stored (a dry run).
enum ObjectBody: Sendable {
    case cached(CachedObject)
    case value(JSON)

    var bytes: [UInt8] {
        switch self {
        case .cached(let object): object.bytes
        case .value(let value): value.serialized()
        }
    }

    var json: JSON {
        switch self {
        case .cached(let object): object.json
        case .value(let value): value
        }
    }
}

extension CachedObject {
    /// The parsed object.
    ///
    /// What the store holds was serialized here, so it parses; null stands for the impossible.
    var json: JSON { (try? JSON(parsing: bytes)) ?? .null }
}
