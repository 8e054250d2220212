internal import CPintleABI
internal import PintleInterfaces

/// What the host offers an instance: log, events, counters, a directory, and the ledger.
///
/// Threads: any. Valid until the instance is closed.
public protocol HostServices: Sendable {
    /// Writes a line to the node's log.
    func log(_ level: LogLevel, _ message: String)
    /// Reports an event on the node: CamelCase reason, sentence.
    func event(_ level: LogLevel, reason: String, _ message: String)
    /// Adds to a counter that the node exports.
    func metric(_ name: String, add: Int64)
    /// A directory that is the driver's own and survives restarts; borrowed. Nil when there is none.
    var stateDirectory: Int32? { get }
    /// Stores an entry; the same one again succeeds. Durable on return.
    ///
    /// - Throws: ``DriverFailure`` with `conflict` when another owner has the key, `resource` when it could not be stored.
    func ledgerPut(kind: String, key: String, owner: String) throws
    /// Deletes an entry; a missing one is a success. Durable on return.
    func ledgerDelete(kind: String, key: String) throws
    /// Every entry of one kind, in the order of keys.
    func ledgerList(kind: String) throws -> [LedgerEntry]
}

/// An entry of the host's ledger that belongs to this driver.
public struct LedgerEntry: Sendable, Hashable {
    /// A word of the driver's, such as `address`.
    public let kind: String
    /// Unique within its kind.
    public let key: String
    /// The id of the object it belongs to.
    public let owner: String

    /// Makes an entry, as a host for tests does.
    public init(kind: String, key: String, owner: String) {
        self.kind = kind
        self.key = key
        self.owner = owner
    }
}

/// How urgent a line of the log is.
public enum LogLevel: Int32, Sendable {
    /// Every step.
    case trace
    /// What helps to find a fault.
    case debug
    /// What an operator may want to know.
    case info
    /// What an operator should look at.
    case warning
    /// What does not work.
    case error
}

/// The host's table as ``HostServices``.
struct TableHost: HostServices, @unchecked Sendable {
    // The table is constant and its functions may be called from any thread until the instance is closed.
    let raw: UnsafePointer<pintle_host>

    func log(_ level: LogLevel, _ message: String) {
        Views.with(message) { raw.pointee.log?(raw, level.rawValue, $0) }
    }

    func event(_ level: LogLevel, reason: String, _ message: String) {
        Views.with(reason, message) { raw.pointee.event?(raw, level.rawValue, $0, $1) }
    }

    func metric(_ name: String, add: Int64) {
        Views.with(name) { raw.pointee.metric?(raw, $0, add) }
    }

    var stateDirectory: Int32? {
        guard let descriptor = raw.pointee.state_dir?(raw), descriptor > 0 else { return nil }
        return descriptor
    }

    func ledgerPut(kind: String, key: String, owner: String) throws {
        let status = Views.with(kind, key) { kind, key in
            Views.with(owner) { owner in
                var entry = pintle_ledger_entry(
                    size: UInt32(MemoryLayout<pintle_ledger_entry>.size), reserved0: 0, kind: kind, key: key,
                    owner: owner)
                return raw.pointee.ledger_put?(raw, &entry) ?? PINTLE_UNSUPPORTED
            }
        }
        try check(status, "ledger_put \(kind) \(key)")
    }

    func ledgerDelete(kind: String, key: String) throws {
        let status = Views.with(kind, key) { raw.pointee.ledger_delete?(raw, $0, $1) ?? PINTLE_UNSUPPORTED }
        try check(status, "ledger_delete \(kind) \(key)")
    }

    func ledgerList(kind: String) throws -> [LedgerEntry] {
        final class Box { var entries: [LedgerEntry] = [] }
        let box = Box()
        var sink = pintle_ledger_entry_sink()
        sink.size = UInt32(MemoryLayout<pintle_ledger_entry_sink>.size)
        sink.context = Unmanaged.passUnretained(box).toOpaque()
        sink.put = { context, item in
            guard let context, let item else { return 1 }
            let box = Unmanaged<Box>.fromOpaque(context).takeUnretainedValue()
            let entry = item.pointee
            guard let kind = try? ABIReader.text(entry.kind, "kind"), let key = try? ABIReader.text(entry.key, "key"),
                let owner = try? ABIReader.text(entry.owner, "owner")
            else { return 1 }
            box.entries.append(LedgerEntry(kind: kind, key: key, owner: owner))
            return 0
        }
        let status = Views.with(kind) { raw.pointee.ledger_list?(raw, $0, &sink) ?? PINTLE_UNSUPPORTED }
        try check(status, "ledger_list \(kind)")
        return box.entries
    }

    private func check(_ status: Int32, _ what: String) throws {
        guard status != PINTLE_OK else { return }
        let code = DriverFailure.Code(rawValue: status) ?? .internal
        let reason = code == .conflict ? "HeldByAnother" : code == .invalid ? "BadEntry" : "LedgerUnavailable"
        throw DriverFailure(code, reason: reason, "\(what): the host's ledger answered \(code)")
    }
}
