internal import Glibc
internal import PintleLedger
internal import PintleStore
internal import Synchronization

/// Ends the process with SIGKILL at a named point, for tests of what a crash leaves behind: `PINTLE_CRASH_AT=NAME:COUNT`
/// dies the COUNTth time (the first by default) that the point is reached.
///
/// Names: `ledger.before-intent`, `ledger.before-result` (the kernel's change is made, its result is not recorded),
/// `ledger.in-group-commit`, `store.begun`, `store.applied`, `store.synced`, `store.published`.
enum CrashPoint {
    private static let target: (name: String, count: Int)? = {
        guard let value = getenv("PINTLE_CRASH_AT") else { return nil }
        let parts = String(cString: value).split(separator: ":")
        guard let name = parts.first else { return nil }
        return (String(name), parts.count > 1 ? Int(parts[1]) ?? 1 : 1)
    }()
    private static let reached = Atomic<Int>(0)

    /// For the ledger; nil unless the environment asks for a crash.
    static var ledger: (@Sendable (Ledger.CrashPoint) -> Void)? {
        guard target != nil else { return nil }
        return { reach($0.rawValue) }
    }

    /// For the store; nil unless the environment asks for a crash.
    static var store: (@Sendable (SQLiteStore.CommitStep) -> Void)? {
        guard target != nil else { return nil }
        return { reach("store.\($0.rawValue)") }
    }

    private static func reach(_ name: String) {
        guard let target, target.name == name else { return }
        if reached.add(1, ordering: .relaxed).newValue == target.count { kill(getpid(), SIGKILL) }
    }
}
