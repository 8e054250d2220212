import Glibc
internal import PintleSDK

/// The kernel's settings below /proc/sys/net, which are those of the calling thread's network namespace.
enum Sysctl {
    /// Lets the node pass IPv4 packets on.
    static func forwardIPv4() throws { try write("ipv4/ip_forward", "1") }

    /// Lets the node pass IPv6 packets on, without losing routes that routers announced to it.
    ///
    /// A node that forwards ignores router advertisements (`accept_ra` 1), and its default route would fade away: 2 keeps
    /// listening.
    static func forwardIPv6() throws {
        guard read("ipv6/conf/all/forwarding") != "1" else { return }
        for link in links() where read("ipv6/conf/\(link)/accept_ra") == "1" {
            try write("ipv6/conf/\(link)/accept_ra", "2")
        }
        try write("ipv6/conf/all/forwarding", "1")
    }

    private static let root = "/proc/sys/net/"

    private static func links() -> [String] {
        guard let directory = opendir(root + "ipv6/conf") else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = Glibc.readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if !name.hasPrefix(".") { names.append(name) }
        }
        return names
    }

    private static func read(_ name: String) -> String? {
        let descriptor = open(root + name, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        var bytes = [UInt8](repeating: 0, count: 64)
        let count = Glibc.read(descriptor, &bytes, bytes.count)
        guard count >= 0 else { return nil }
        return String(decoding: bytes.prefix(count).prefix { $0 != 10 }, as: UTF8.self)
    }

    /// Writes only what differs: with /proc/sys read-only, a setting that is right already is no failure.
    private static func write(_ name: String, _ value: String) throws {
        guard read(name) != value else { return }
        let descriptor = open(root + name, O_WRONLY | O_CLOEXEC)
        guard descriptor >= 0 else { throw failure(name, value, errno) }
        defer { close(descriptor) }
        let bytes = Array(value.utf8)
        guard Glibc.write(descriptor, bytes, bytes.count) == bytes.count else { throw failure(name, value, errno) }
    }

    private static func failure(_ name: String, _ value: String, _ error: Int32) -> DriverFailure {
        DriverFailure(
            error == EACCES || error == EPERM || error == EROFS ? .permission : .internal, reason: "ForwardingOff",
            "/proc/sys/net/\(name) could not be set to \(value): \(String(cString: strerror(error))) (\(error))",
            errno: error)
    }
}
