internal import CPintleSystem
internal import CSeccomp
import Glibc
import PintleSDK
import PintleSystem
import Synchronization

/// Compiles profiles into the kernel's filter programs with libseccomp, each once.
final class SeccompFilter: Sendable {
    private let compiled = Mutex<[SeccompProfile: [UInt8]]>([:])

    /// The program of a profile: an array of `struct sock_filter`.
    ///
    /// - Throws: `INTERNAL` when libseccomp refuses the profile.
    func program(_ profile: SeccompProfile) throws(DriverFailure) -> [UInt8] {
        if let known = compiled.withLock({ $0[profile] }) { return known }
        let program = try Self.compile(profile)
        compiled.withLock { cache in
            // Profiles of containers' own come and go; the few that are common find their way back.
            if cache.count >= 64 { cache.removeAll() }
            cache[profile] = program
        }
        return program
    }

    private static func compile(_ profile: SeccompProfile) throws(DriverFailure) -> [UInt8] {
        guard let context = seccomp_init(number(profile.standard)) else { throw failure("seccomp_init", ENOMEM) }
        defer { seccomp_release(context) }
        // no_new_privs is the infra process' business; a binary tree makes a call's check short.
        _ = seccomp_attr_set(context, SCMP_FLTATR_CTL_NNP, 0)
        _ = seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2)
        #if arch(x86_64)
            _ = seccomp_arch_add(context, UInt32(SCMP_ARCH_X86))
        #endif
        for rule in profile.rules where number(rule.action) != number(profile.standard) {
            try add(rule, to: context)
        }
        return try export(context)
    }

    private static func add(_ rule: SeccompProfile.Rule, to context: scmp_filter_ctx) throws(DriverFailure) {
        let conditions = rule.conditions.map { condition in
            scmp_arg_cmp(
                arg: condition.index, op: comparison(condition.comparison), datum_a: condition.value,
                datum_b: condition.second)
        }
        for name in rule.names {
            let call = seccomp_syscall_resolve_name(name)
            // A call that this libseccomp does not know falls under the standard action.
            if call == -1 { continue }
            let result = seccomp_rule_add_array(
                context, number(rule.action), call, UInt32(conditions.count), conditions)
            // Unknown to one architecture, or named twice with one action.
            guard result == 0 || result == -EDOM || result == -EEXIST else {
                throw failure("rule for \(name)", -result)
            }
        }
    }

    private static func export(_ context: scmp_filter_ctx) throws(DriverFailure) -> [UInt8] {
        let descriptor = pintle_memory_file("seccomp")
        guard descriptor >= 0 else { throw failure("memfd_create", errno) }
        let file = OwnedDescriptor(adopting: descriptor)
        let result = file.withRaw { seccomp_export_bpf(context, $0) }
        guard result == 0 else { throw failure("seccomp_export_bpf", -result) }
        return file.withRaw { fd in
            let size = Int(lseek(fd, 0, SEEK_END))
            var bytes = [UInt8](repeating: 0, count: max(0, size))
            let count = pread(fd, &bytes, bytes.count, 0)
            return count == size ? bytes : []
        }
    }

    private static func failure(_ what: String, _ errno: Int32) -> DriverFailure {
        DriverFailure(
            .internal, reason: "SeccompFailed", "the seccomp filter can't be made: \(what): \(SystemError.text(errno))",
            errno: errno)
    }

    /// libseccomp's numbers; its macros with arguments are out of Swift's reach.
    private static func number(_ action: SeccompProfile.Action) -> UInt32 {
        switch action {
        case .allow: 0x7fff_0000
        case .errno(let errno): 0x0005_0000 | UInt32(errno & 0xffff)
        case .killThread: 0x0000_0000
        case .killProcess: 0x8000_0000
        case .trap: 0x0003_0000
        case .log: 0x7ffc_0000
        case .trace(let message): 0x7ff0_0000 | UInt32(message & 0xffff)
        }
    }

    private static func comparison(_ comparison: SeccompProfile.Condition.Comparison) -> scmp_compare {
        switch comparison {
        case .notEqual: SCMP_CMP_NE
        case .less: SCMP_CMP_LT
        case .lessOrEqual: SCMP_CMP_LE
        case .equal: SCMP_CMP_EQ
        case .greaterOrEqual: SCMP_CMP_GE
        case .greater: SCMP_CMP_GT
        case .maskedEqual: SCMP_CMP_MASKED_EQ
        }
    }
}
