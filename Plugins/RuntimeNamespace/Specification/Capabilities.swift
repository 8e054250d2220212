import PintleInterfaces
import PintleSDK

/// The capability sets of a container's processes, as bits by the kernel's numbers.
struct Capabilities: Sendable, Hashable {
    var bounding: UInt64
    var effective: UInt64
    var permitted: UInt64
    var inheritable: UInt64
    var ambient: UInt64

    /// By number, from `linux/capability.h`.
    static let names = [
        "CHOWN", "DAC_OVERRIDE", "DAC_READ_SEARCH", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP",
        "LINUX_IMMUTABLE", "NET_BIND_SERVICE", "NET_BROADCAST", "NET_ADMIN", "NET_RAW", "IPC_LOCK", "IPC_OWNER",
        "SYS_MODULE", "SYS_RAWIO", "SYS_CHROOT", "SYS_PTRACE", "SYS_PACCT", "SYS_ADMIN", "SYS_BOOT", "SYS_NICE",
        "SYS_RESOURCE", "SYS_TIME", "SYS_TTY_CONFIG", "MKNOD", "LEASE", "AUDIT_WRITE", "AUDIT_CONTROL", "SETFCAP",
        "MAC_OVERRIDE", "MAC_ADMIN", "SYSLOG", "WAKE_ALARM", "BLOCK_SUSPEND", "AUDIT_READ", "PERFMON", "BPF",
        "CHECKPOINT_RESTORE",
    ]

    /// Every capability that this kernel may know.
    static let everything: UInt64 = (1 << UInt64(names.count)) - 1

    /// What a container has when it asks for nothing.
    static let standard = bits([
        "CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "SETGID", "SETUID", "SETPCAP", "NET_BIND_SERVICE",
        "NET_RAW", "SYS_CHROOT", "MKNOD", "AUDIT_WRITE", "SETFCAP",
    ])

    private static func bits(_ list: [String]) -> UInt64 {
        list.reduce(0) { bits, name in bits | (names.firstIndex(of: name).map { 1 << UInt64($0) } ?? 0) }
    }

    /// The bit of a name, with or without `CAP_`; nil when there is no such capability.
    static func bit(_ name: String) -> UInt64? {
        let upper = name.uppercased()
        let bare = upper.hasPrefix("CAP_") ? String(upper.dropFirst(4)) : upper
        return names.firstIndex(of: bare).map { 1 << UInt64($0) }
    }

    /// The sets that a container asks for.
    ///
    /// `ALL` is applied before single names, as Kubernetes' runtimes do.
    ///
    /// - Throws: `INVALID` for an unknown name.
    init(_ context: RuntimeSecurityContext) throws(DriverFailure) {
        let ambientBits = try Self.parse(context.addAmbientCapabilities)
        if context.privileged {
            self.init(all: Self.everything, ambient: ambientBits)
            return
        }
        var bits = Self.standard
        if Self.hasAll(context.addCapabilities) { bits = Self.everything }
        if Self.hasAll(context.dropCapabilities) { bits = 0 }
        bits |= try Self.parse(context.addCapabilities)
        bits &= ~(try Self.parse(context.dropCapabilities))
        self.init(all: bits | ambientBits, ambient: ambientBits)
    }

    private init(all bits: UInt64, ambient: UInt64) {
        bounding = bits
        effective = bits
        permitted = bits
        inheritable = ambient
        self.ambient = ambient
    }

    private static func hasAll(_ list: [String]) -> Bool { list.contains { $0.uppercased() == "ALL" } }

    private static func parse(_ list: [String]) throws(DriverFailure) -> UInt64 {
        var bits: UInt64 = 0
        for name in list where name.uppercased() != "ALL" {
            guard let bit = bit(name) else {
                throw DriverFailure(.invalid, reason: "UnknownCapability", "unknown capability \"\(name)\"")
            }
            bits |= bit
        }
        return bits
    }

    /// Whether the bounding set has a capability.
    func has(_ name: String) -> Bool { Self.bit(name).map { bounding & $0 != 0 } ?? false }

    /// The five sets as the specification wants them.
    var encoded: [UInt8] {
        [bounding, effective, permitted, inheritable, ambient].flatMap { set in
            withUnsafeBytes(of: set.littleEndian) { [UInt8]($0) }
        }
    }
}
