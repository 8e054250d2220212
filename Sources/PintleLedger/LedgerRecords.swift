/// What a driver call is about to do to an object, which decides what the ledger keeps when it succeeds.
public enum IntentEffect: Int, Sendable, Hashable {
    /// The call makes the object: success leaves it ``IntentState/held``.
    case creates = 1
    /// The call changes an object that stays: success leaves nothing of the intent.
    case changes = 2
    /// The call removes the object: success removes everything that the ledger holds about it.
    case removes = 3
}

/// What must be survived by what is written.
public enum Durability: Int, Sendable, Hashable {
    /// Survives the end of this process, kill -9 too, but not a power cut. For what a power cut ends anyway: links,
    /// namespaces, processes. Costs no sync.
    case process = 0
    /// Survives a power cut: synced before the call returns, one sync for all who wait at the same time.
    case power = 1
}

/// What to write down before a changing driver call.
public struct IntentRequest: Sendable, Hashable {
    /// The driver instance's name, for example `"dev.pintle.storage-local"`.
    public var driver: String
    /// The operation, for example `"node_publish_volume"`.
    public var operation: String
    /// The id of the object that the operation acts on, unique within the driver.
    public var object: String
    /// Whom the object is for, as people know it: `"default/nginx"`.
    ///
    /// May be empty.
    public var owner: String
    /// A digest of the request, so that a repeated call can be told from a different one.
    ///
    /// Any length; may be empty.
    public var digest: [UInt8]
    /// What the call does to the object.
    public var effect: IntentEffect
    /// ``Durability/power`` only where the object survives a power cut.
    public var durability: Durability

    /// Describes an intent; see the properties.
    public init(
        driver: String, operation: String, object: String, owner: String = "", digest: [UInt8] = [],
        effect: IntentEffect, durability: Durability = .process
    ) {
        self.driver = driver
        self.operation = operation
        self.object = object
        self.owner = owner
        self.digest = digest
        self.effect = effect
        self.durability = durability
    }
}

/// An intent that was written and has not been closed yet.
///
/// Give it to ``Ledger/finish(_:_:)``.
public struct Intent: Sendable, Hashable {
    /// As in the request.
    public let driver: String
    /// As in the request.
    public let object: String
    /// The intent's number, unique among all that the ledger holds; later intents have larger ones.
    public let sequence: Int64
    /// As in the request.
    public let effect: IntentEffect
}

/// How a driver call ended, or what reconciling found.
public enum IntentOutcome: Int, Sendable, Hashable {
    /// The operation did what it says.
    case succeeded
    /// The operation failed and left the object as it was before.
    case failed
    /// Nobody knows: the call was written off, or the failure left something behind. It stays until reconciled.
    case unknown
}

/// The state of a row of the ledger.
public enum IntentState: Int, Sendable, Hashable, CustomStringConvertible {
    /// The call has not ended; after a restart: nobody saw it end.
    case open = 0
    /// The object exists.
    case held = 1
    /// The call was given up; what it did is not known.
    case unknown = 2

    /// `open`, `held` or `unknown`.
    public var description: String {
        switch self {
        case .open: "open"
        case .held: "held"
        case .unknown: "unknown"
        }
    }
}

/// One row about a driver's object: an intent, or an object that exists.
public struct IntentRecord: Sendable, Hashable {
    /// What ``Ledger/finish(_:_:)`` takes once reconciling has found out how it ended.
    public let intent: Intent
    /// The operation that was called last for this row.
    public let operation: String
    /// Whom the object is for.
    public let owner: String
    /// The digest that was given with the request.
    public let digest: [UInt8]
    /// Open, held or unknown.
    public let state: IntentState
    /// Whether the row guards what survives a power cut.
    public let durability: Durability
    /// When the intent was written: nanoseconds since 1970, CLOCK_REALTIME.
    public let time: Int64
    /// The boot during which it was written (`/proc/sys/kernel/random/boot_id`).
    public let bootID: String
}

/// Something that a driver asked the host to remember for it, such as an address in use.
public struct EntryRecord: Sendable, Hashable {
    /// The driver instance that owns the entry.
    ///
    /// Drivers do not see each other's entries.
    public let driver: String
    /// The driver's own kind, for example `"address"`.
    public let kind: String
    /// Unique within driver and kind, for example `"10.244.0.7"`.
    public let key: String
    /// For whom, for example the attachment's id.
    public let owner: String
    /// When it was put: nanoseconds since 1970, CLOCK_REALTIME.
    public let time: Int64
    /// The boot during which it was put.
    public let bootID: String
}

/// Everything that a ledger holds, for `pintle ledger`.
public struct LedgerContents: Sendable {
    /// Intents and objects, oldest first.
    public let intents: [IntentRecord]
    /// Entries of all drivers, by driver, kind and key.
    public let entries: [EntryRecord]
    /// The boot that the last writer recorded.
    public let bootID: String

    /// Whether nothing is held.
    public var isEmpty: Bool { intents.isEmpty && entries.isEmpty }
}
