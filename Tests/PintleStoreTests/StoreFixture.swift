import Glibc
import PintleStore

/// A directory that goes away with this value, and stores in it.
final class StoreFixture: Sendable {
    let directory: String
    var path: String { directory + "/store.db" }

    init() throws {
        var template = Array("/tmp/pintle-store-XXXXXX".utf8CString)
        guard let made = mkdtemp(&template) else {
            throw StoreError(.io, "mkdtemp: \(errno)")
        }
        directory = String(cString: made)
    }

    deinit {
        for name in ["store.db", "store.db-wal", "store.db-shm", "store.db-journal", "store.db.lock", "acknowledged"] {
            unlink("\(directory)/\(name)")
        }
        rmdir(directory)
    }

    func open(limits: CacheLimits = CacheLimits()) throws -> ObjectStorage {
        try ObjectStorage(SQLiteStore(path: path), limits: limits)
    }
}

func body(_ name: String, _ value: String = "") throws -> EncodedObject {
    try EncodedObject(Array(#"{"kind":"ConfigMap","metadata":{"name":"\#(name)"},"data":{"v":"\#(value)"}}"#.utf8))
}

func key(_ name: String, namespace: String = "default", resource: String = "configmaps") -> ObjectKey {
    ObjectKey(resource: resource, namespace: namespace, name: name)
}

extension CachedObject {
    var text: String { String(decoding: bytes, as: UTF8.self) }
}

/// A small reproducible generator (SplitMix64), so that a failing run can be repeated from its printed seed.
struct SeededGenerator: RandomNumberGenerator {
    private var state: UInt64
    init(seed: UInt64) { state = seed }
    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var z = state
        z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
        z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
        return z ^ (z >> 31)
    }
}

/// The error that `body` throws, or `nil` when it throws none or another kind.
func failure(_ body: () async throws -> Void) async -> StoreError? {
    do {
        try await body()
        return nil
    } catch {
        return error as? StoreError
    }
}
