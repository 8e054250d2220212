import Glibc

extension SeccompProfile {
    /// The profile of containers that ask for none: what programs need is allowed, what reaches beyond the container
    /// is refused with EPERM, and calls that this list has never heard of answer ENOSYS, so that C libraries fall back.
    ///
    /// A capability that a container was given opens the calls that it is for.
    static func standard(_ capabilities: Capabilities) -> SeccompProfile {
        var rules = [Rule(names: allowed, action: .allow)]
        for (capability, names) in gated {
            rules.append(Rule(names: names, action: capabilities.has(capability) ? .allow : .errno(EPERM)))
        }
        rules.append(Rule(names: refused, action: .errno(EPERM)))
        rules += personality
        rules += capabilities.has("SYS_ADMIN") ? [Rule(names: ["clone", "clone3"], action: .allow)] : confinedClone
        rules += sockets
        return SeccompProfile(standard: .errno(ENOSYS), rules: rules)
    }

    /// Only the execution domains of Linux and 32-bit Linux, address randomisation on or off, and asking.
    private static let personality: [Rule] = [0x0, 0x0008, 0x20000, 0x20008, 0xffff_ffff].map { domain in
        Rule(
            names: ["personality"], action: .allow, conditions: [Condition(index: 0, comparison: .equal, value: domain)]
        )
    }

    /// Allows clone without new namespaces; clone3, whose flags no filter can see, answers ENOSYS so that callers use clone.
    private static let confinedClone = [
        Rule(
            names: ["clone"], action: .allow,
            conditions: [Condition(index: 0, comparison: .maskedEqual, value: 0x7e02_0000, second: 0)]),
        Rule(names: ["clone3"], action: .errno(ENOSYS)),
    ]

    /// Every address family but AF_VSOCK (40), which leads to the machine's hypervisor.
    private static let sockets = [
        Rule(names: ["socket"], action: .allow, conditions: [Condition(index: 0, comparison: .notEqual, value: 40)]),
        Rule(
            names: ["socket"], action: .errno(EAFNOSUPPORT),
            conditions: [Condition(index: 0, comparison: .equal, value: 40)]),
    ]

    private static let gated: [(capability: String, names: [String])] = [
        (
            "SYS_ADMIN",
            [
                "fanotify_init", "fsconfig", "fsmount", "fsopen", "fspick", "lookup_dcookie", "mount", "mount_setattr",
                "move_mount", "open_tree", "pivot_root", "quotactl", "quotactl_fd", "setdomainname", "sethostname",
                "setns", "swapon", "swapoff", "umount", "umount2", "unshare",
            ]
        ),
        ("DAC_READ_SEARCH", ["open_by_handle_at"]),
        ("SYS_BOOT", ["reboot"]),
        ("SYS_CHROOT", ["chroot"]),
        ("SYS_MODULE", ["delete_module", "finit_module", "init_module"]),
        ("SYS_PACCT", ["acct"]),
        ("SYS_PTRACE", ["kcmp", "process_madvise", "process_vm_readv", "process_vm_writev", "ptrace"]),
        ("SYS_RAWIO", ["ioperm", "iopl"]),
        ("SYS_TIME", ["clock_adjtime", "clock_settime", "clock_settime64", "settimeofday", "stime"]),
        ("SYS_TTY_CONFIG", ["vhangup"]),
        (
            "SYS_NICE",
            ["get_mempolicy", "mbind", "migrate_pages", "move_pages", "set_mempolicy", "set_mempolicy_home_node"]
        ),
        ("SYSLOG", ["syslog"]),
        ("BPF", ["bpf"]),
        ("PERFMON", ["perf_event_open"]),
    ]

    /// Known calls that no container needs and that act on the whole machine or on old, rarely tested parts of it.
    private static let refused = [
        "add_key", "create_module", "get_kernel_syms", "kexec_file_load", "kexec_load", "keyctl", "modify_ldt",
        "nfsservctl", "query_module", "request_key", "sysfs", "_sysctl", "uselib", "userfaultfd", "ustat", "vm86",
        "vm86old", "io_uring_enter", "io_uring_register", "io_uring_setup",
    ]
}
