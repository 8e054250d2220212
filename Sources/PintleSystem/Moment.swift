import Glibc

/// Clocks as the driver interface counts them: nanoseconds.
package enum Moment {
    /// Nanoseconds since 1970.
    package static var wall: Int64 { Int64(read(CLOCK_REALTIME)) }

    /// Nanoseconds of `CLOCK_MONOTONIC`.
    package static var monotonic: UInt64 { read(CLOCK_MONOTONIC) }

    private static func read(_ clock: clockid_t) -> UInt64 {
        var time = timespec()
        clock_gettime(clock, &time)
        return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }

    /// The kernel's boot id: another one after every boot.
    package static var bootID: String { (try? FileAccess.text("/proc/sys/kernel/random/boot_id")) ?? "" }
}
