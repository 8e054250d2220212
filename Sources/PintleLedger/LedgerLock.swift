internal import Glibc

/// Keeps a second process from writing to the same ledger: `flock` on `ledger.lock`, which holds the owner's pid.
final class LedgerLock: Sendable {
    private let descriptor: Int32

    /// Takes the lock at `path` without waiting.
    ///
    /// - Throws: ``LedgerError/Code/inUse``, naming the process that holds it.
    init(path: String) throws(LedgerError) {
        let file = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw LedgerError(.inputOutput, "\(path) can't be opened: \(errnoText())") }
        guard flock(file, LOCK_EX | LOCK_NB) == 0 else {
            let reason = errno
            defer { close(file) }
            guard reason == EWOULDBLOCK else {
                throw LedgerError(.inputOutput, "\(path) can't be locked: \(errnoText(reason))")
            }
            let holder = Self.holder(file)
            throw LedgerError(.inUse, "the ledger beside \(path) is in use by \(holder); stop it first")
        }
        var text = [UInt8](("\(getpid())\n").utf8)
        _ = ftruncate(file, 0)
        _ = pwrite(file, &text, text.count, 0)
        descriptor = file
    }

    deinit { close(descriptor) }

    private static func holder(_ file: Int32) -> String {
        var bytes = [UInt8](repeating: 0, count: 32)
        let count = bytes.withUnsafeMutableBytes { pread(file, $0.baseAddress, $0.count, 0) }
        guard count > 0 else { return "another process" }
        let digits = bytes[..<count].prefix { $0 >= 0x30 && $0 <= 0x39 }
        return digits.isEmpty ? "another process" : "process \(String(decoding: digits, as: UTF8.self))"
    }
}
