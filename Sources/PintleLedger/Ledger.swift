internal import GRDB
internal import Glibc
internal import Synchronization

/// What the host remembers about driver calls, so that nothing leaks whatever is killed when.
///
/// Before each changing driver call the host writes an ``Intent`` (``begin(_:)``) and closes it with the result
/// (``finish(_:_:)``). What drivers can't derive from ids they put into the same file
/// (``put(driver:kind:key:owner:durability:)``). At start the host reconciles ``openIntents()`` with what its drivers
/// list.
///
/// All functions are synchronous, may be called on any thread and block for one small write (tens of microseconds), or
/// for a sync of the disk where ``Durability/power`` is asked for. Don't call them on Swift's cooperative pool.
///
/// It is SQLite in WAL mode at `DATA-DIR/ledger.db`, one connection at `synchronous=NORMAL`: a commit reaches the
/// kernel before the call returns, so a killed process loses nothing; for ``Durability/power`` the log is synced too,
/// by ``SyncGate``. Nothing is written while nothing is called.
public final class Ledger: Sendable {
    /// The boot that this process runs in.
    public let bootID: String
    /// The boot that the last writer of the ledger ran in; nil when the ledger is new.
    public let previousBootID: String?
    /// Intents with a smaller number were written by an earlier process.
    public let firstSequence: Int64

    let writer: LedgerWriter
    let gate: SyncGate
    let crashPoint: (@Sendable (CrashPoint) -> Void)?
    private let walDescriptor: Int32
    private let lock: LedgerLock

    /// Where tests end the process; see ``init(directory:bootID:crashPoint:)``.
    public enum CrashPoint: String, Sendable, CaseIterable {
        /// An intent is about to be written.
        case beforeIntent = "ledger.before-intent"
        /// A result is about to be written.
        case beforeResult = "ledger.before-result"
        /// A synced write is committed but not yet synced.
        case inGroupCommit = "ledger.in-group-commit"
    }

    /// Opens `directory/ledger.db` for writing, making it when missing.
    ///
    /// - Parameters:
    ///   - directory: The data directory, which exists.
    ///   - bootID: The current boot; nil reads it from the kernel. Tests give another one to stand for a reboot.
    ///   - crashPoint: Called at each ``CrashPoint``, on the calling thread; for fault injection only.
    /// - Throws: ``LedgerError``: `inUse` when another process has it open, `corrupt`, `unsupported`, `inputOutput`,
    ///   `full`.
    public init(
        directory: String, bootID: String? = nil, crashPoint: (@Sendable (CrashPoint) -> Void)? = nil
    ) throws(LedgerError) {
        let boot: String
        if let bootID { boot = bootID } else { boot = try BootIdentifier.current() }
        lock = try LedgerLock(path: directory + "/ledger.lock")
        let path = directory + "/ledger.db"
        // SQLite gives the log the mode of the database: make that one private first.
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw LedgerError(.inputOutput, "\(path) can't be opened: \(errnoText())") }
        Glibc.close(file)
        writer = try LedgerWriter(path: path)
        let state = try writer.start(bootID: boot)
        let wal = open(path + "-wal", O_RDWR | O_CLOEXEC | O_NOFOLLOW)
        guard wal >= 0 else {
            let reason = errnoText()
            writer.close()
            throw LedgerError(.inputOutput, "\(path)-wal can't be opened: \(reason)")
        }
        walDescriptor = wal
        gate = SyncGate { fdatasync(wal) == 0 ? 0 : errno }
        self.bootID = boot
        previousBootID = state.previousBootID
        firstSequence = state.firstSequence
        self.crashPoint = crashPoint
        Self.fill(wal)
        // The log's name must survive a power cut as well as what is in it.
        Self.syncDirectory(directory)
        try gate.wait(for: gate.didCommit())
    }

    deinit {
        writer.close()
        Glibc.close(walDescriptor)
    }

    /// Whether the machine was started anew since the ledger was last open: everything that lived in the kernel only
    /// (links, namespaces, processes, mounts) is gone.
    public var rebooted: Bool { previousBootID.map { $0 != bootID } ?? false }

    /// How many times the disk was synced for ``Durability/power``, for metrics.
    public var syncCount: UInt64 { gate.syncCount }

    /// Closes the database.
    ///
    /// Later calls fail with ``LedgerError/Code/closed``. May be called more than once.
    public func close() { writer.close() }

    /// Gives the log its first MiB: syncing what lies in blocks that exist is several times cheaper than syncing a
    /// file that grows.
    ///
    /// SQLite takes what is not its own for the end of the log.
    private static func fill(_ wal: Int32) {
        var facts = stat()
        guard fstat(wal, &facts) == 0 else { return }
        let zeros = [UInt8](repeating: 0, count: 65_536)
        var end = Int(facts.st_size)
        while end < 1 << 20 {
            let written = pwrite(wal, zeros, zeros.count, end)
            // What does not fit now grows later: nothing depends on it.
            guard written > 0 else { return }
            end += written
        }
    }

    private static func syncDirectory(_ path: String) {
        let directory = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard directory >= 0 else { return }
        fsync(directory)
        Glibc.close(directory)
    }
}
