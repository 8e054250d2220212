import Glibc
internal import PintleNetlink

extension NetlinkSession {
    /// Waits until the IPv6 addresses among `addresses`, just added, answer; 100 ms at most.
    ///
    /// Though no duplicate is looked for, the kernel completes an IPv6 address on a work queue: until then it does not
    /// answer neighbours' questions, who repeat them only after a second. Usually it takes a fraction of a millisecond.
    borrowing func awaitIPv6(_ addresses: [IPAddress]) throws(NetlinkError) {
        var pause: UInt32 = 50
        var left: UInt32 = 100_000
        for address in addresses where address.family == .ipv6 {
            while try !isOwn(address) {
                guard left >= pause else { return }
                usleep(pause)
                left -= pause
                pause = min(2 * pause, 2000)
            }
        }
    }
}
