import PintleSDK
import Synchronization

/// The host's services for one driver, with a ledger in memory that can be made to fail.
final class RecordingHost: HostServices {
    private struct State {
        var ledger: [String: LedgerEntry] = [:]
        var lines: [String] = []
        var putsUntilFailure: Int?
    }

    private let state = Mutex(State())

    /// What the ledger holds, as `kind key owner`.
    var ledger: [String] {
        state.withLock { $0.ledger.values.map { "\($0.kind) \($0.key) \($0.owner)" }.sorted() }
    }

    /// What was logged.
    var lines: [String] { state.withLock { $0.lines } }

    /// Lets `count` puts succeed and fails all that follow; nil ends that.
    func failPuts(after count: Int?) { state.withLock { $0.putsUntilFailure = count } }

    func log(_ level: LogLevel, _ message: String) { state.withLock { $0.lines.append(message) } }
    func event(_ level: LogLevel, reason: String, _ message: String) { log(level, "\(reason): \(message)") }
    func metric(_ name: String, add: Int64) {}
    var stateDirectory: Int32? { nil }

    func ledgerPut(kind: String, key: String, owner: String) throws {
        try state.withLock { state in
            if let left = state.putsUntilFailure {
                guard left > 0 else { throw DriverFailure(.resource, reason: "LedgerUnavailable", "the disk is full") }
                state.putsUntilFailure = left - 1
            }
            state.ledger["\(kind) \(key)"] = LedgerEntry(kind: kind, key: key, owner: owner)
        }
    }

    func ledgerDelete(kind: String, key: String) throws {
        state.withLock { $0.ledger["\(kind) \(key)"] = nil }
    }

    func ledgerList(kind: String) throws -> [LedgerEntry] {
        state.withLock { $0.ledger.values.filter { $0.kind == kind }.sorted { $0.key < $1.key } }
    }
}
