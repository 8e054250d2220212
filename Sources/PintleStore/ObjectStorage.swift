/// A store with its cache: what the API server reads and writes.
public final class ObjectStorage: Sendable {
    /// Answers every read.
    public let cache: WatchCache
    private let store: any ObjectStore

    /// Opens `store` and loads all it holds into the cache.
    ///
    /// Blocks until done.
    public init(_ store: any ObjectStore, limits: CacheLimits = CacheLimits()) throws(StoreError) {
        cache = WatchCache(limits: limits)
        self.store = store
        try store.open(feed: cache)
    }

    /// Creates an object.
    ///
    /// - Throws: `alreadyExists`, or what makes the store fail; nothing is written then.
    public func create(_ key: ObjectKey, _ body: EncodedObject) async throws(StoreError) -> CachedObject {
        try await write(key, .absent, body)
    }

    /// Replaces `current` by a new state.
    ///
    /// - Throws: `conflict` or `notFound` when `current` is not what is stored.
    public func replace(_ current: CachedObject, with body: EncodedObject) async throws(StoreError) -> CachedObject {
        if current.isEqual(to: body), cache.find(current.key) === current { return current }
        return try await write(current.key, .revision(current.revision), body)
    }

    /// Removes `current`.
    ///
    /// - Returns: The revision of the removal.
    /// - Throws: `conflict` or `notFound` when `current` is not what is stored.
    @discardableResult
    public func remove(_ current: CachedObject) async throws(StoreError) -> Int64 {
        try await submit(StoreWrite(key: current.key, condition: .revision(current.revision), body: nil))
    }

    /// Finishes what is queued and closes the store.
    ///
    /// Blocks until done.
    public func close() { store.close() }

    private func write(
        _ key: ObjectKey, _ condition: StoreWrite.Condition, _ body: EncodedObject
    ) async throws(StoreError) -> CachedObject {
        let revision = try await submit(StoreWrite(key: key, condition: condition, body: body))
        // Somebody may have written again already; then the bytes of this write are put together once more.
        if let cached = cache.find(key), cached.revision == revision { return cached }
        return CachedObject(key: key, revision: revision, body: body)
    }

    private func submit(_ write: StoreWrite) async throws(StoreError) -> Int64 {
        let result = await withCheckedContinuation { continuation in
            store.submit(write) { continuation.resume(returning: $0) }
        }
        return try result.get()
    }
}
