/// A durable set of encoded objects with one revision counter: the port behind the API server.
///
/// Every committed write gets the next revision; revisions never repeat, also across restarts. A write is acknowledged
/// only when it would survive a power cut, and after the feed has seen it, so whoever gets an acknowledgement finds the
/// write in whatever the feed maintains.
public protocol ObjectStore: Sendable {
    /// Opens the store, hands all it holds to `feed`, and from then on every committed change.
    ///
    /// Blocks the calling thread until everything is loaded. Call once.
    ///
    /// - Throws: ``StoreError`` with `locked`, `io`, `full`, `corrupt` or `newerFormat`; nothing is left open then.
    func open(feed: any StoreFeed) throws(StoreError)

    /// Queues a write. Never blocks.
    ///
    /// `completion`: Called once, on a thread of the store's own, with the revision of the write. It must not
    /// block.
    func submit(_ write: StoreWrite, completion: @escaping @Sendable (Result<Int64, StoreError>) -> Void)

    /// Finishes what is queued, answers later writes with `closed`, and lets go of the files. Blocks until done.
    func close()
}

/// Who follows a store.
///
/// All calls come one after another, in the order of revisions.
public protocol StoreFeed: Sendable {
    /// Everything that the store held when it was opened, in no order, and the revision at that time.
    func loaded(_ records: [StoredRecord], revision: Int64)

    /// Changes that were committed together, with rising revisions.
    func committed(_ changes: [StoreChange])
}

/// An object as the store holds it.
public struct StoredRecord: Sendable {
    /// Where it lies.
    public let key: ObjectKey
    /// The revision of its last write.
    public let revision: Int64
    /// The object.
    public let body: EncodedObject

    /// Describes a stored object.
    public init(key: ObjectKey, revision: Int64, body: EncodedObject) {
        self.key = key
        self.revision = revision
        self.body = body
    }
}

/// A committed change: the object's new state, or its end.
public struct StoreChange: Sendable {
    /// Where the object lies.
    public let key: ObjectKey
    /// The revision of this change.
    public let revision: Int64
    /// The new state; `nil` when the object was removed.
    public let body: EncodedObject?

    /// Describes a change.
    public init(key: ObjectKey, revision: Int64, body: EncodedObject?) {
        self.key = key
        self.revision = revision
        self.body = body
    }
}

/// One write, which happens only when the object is in the expected state.
public struct StoreWrite: Sendable {
    /// What must hold at the moment of the write.
    public enum Condition: Sendable, Hashable {
        /// There is no such object.
        case absent
        /// The object exists and its last write had this revision.
        case revision(Int64)
    }

    /// Where the object lies.
    public let key: ObjectKey
    /// What must hold.
    public let condition: Condition
    /// The new state; `nil` removes the object.
    public let body: EncodedObject?

    /// Describes a write.
    public init(key: ObjectKey, condition: Condition, body: EncodedObject?) {
        self.key = key
        self.condition = condition
        self.body = body
    }
}
