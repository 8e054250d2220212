internal import Glibc

/// The kernel's name for the time since it was started.
public enum BootIdentifier {
    /// Reads `/proc/sys/kernel/random/boot_id`: 36 characters, the same until the machine is started again.
    ///
    /// - Throws: ``LedgerError/Code/inputOutput`` when /proc is missing.
    public static func current() throws(LedgerError) -> String {
        let path = "/proc/sys/kernel/random/boot_id"
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw LedgerError(.inputOutput, "\(path) can't be opened: \(errnoText())") }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = bytes.withUnsafeMutableBytes { read(descriptor, $0.baseAddress, $0.count) }
        guard count >= 36 else { throw LedgerError(.inputOutput, "\(path) holds no boot id") }
        return String(decoding: bytes[..<36], as: UTF8.self)
    }
}

/// The text of `errno`, with its number.
func errnoText(_ number: Int32 = errno) -> String {
    "\(String(cString: strerror(number))) (errno \(number))"
}

/// Nanoseconds since 1970 by CLOCK_REALTIME.
func realtimeNanoseconds() -> Int64 {
    var now = timespec()
    clock_gettime(CLOCK_REALTIME, &now)
    return Int64(now.tv_sec) * 1_000_000_000 + Int64(now.tv_nsec)
}
