/// How much history the cache keeps for each resource.
public struct CacheLimits: Sendable, Hashable {
    /// Changes kept for watches that begin in the past or read slowly.
    public var events: Int
    /// Bytes of objects that those changes may hold on to; at least one change is kept.
    public var bytes: Int
    /// The most changes that a watcher gets at once.
    public var batch: Int

    /// Chosen so that a client may fall 2,000 changes behind, at 4 MiB a resource.
    public init(events: Int = 2048, bytes: Int = 4 << 20, batch: Int = 256) {
        self.events = max(1, events)
        self.bytes = bytes
        self.batch = max(1, batch)
    }
}
