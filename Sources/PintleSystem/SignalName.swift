import Glibc

/// Names of signals, as images and Kubernetes write them.
package enum SignalName {
    private static let numbers: [String: Int32] = [
        "HUP": SIGHUP, "INT": SIGINT, "QUIT": SIGQUIT, "ILL": SIGILL, "TRAP": SIGTRAP, "ABRT": SIGABRT, "IOT": SIGABRT,
        "BUS": SIGBUS, "FPE": SIGFPE, "KILL": SIGKILL, "USR1": SIGUSR1, "SEGV": SIGSEGV, "USR2": SIGUSR2,
        "PIPE": SIGPIPE, "ALRM": SIGALRM, "TERM": SIGTERM, "STKFLT": 16, "CHLD": SIGCHLD, "CONT": SIGCONT,
        "STOP": SIGSTOP, "TSTP": SIGTSTP, "TTIN": SIGTTIN, "TTOU": SIGTTOU, "URG": SIGURG, "XCPU": SIGXCPU,
        "XFSZ": SIGXFSZ, "VTALRM": SIGVTALRM, "PROF": SIGPROF, "WINCH": SIGWINCH, "IO": SIGIO, "POLL": SIGIO,
        "PWR": 30, "SYS": SIGSYS,
    ]

    /// The name with `SIG` of a number, else the number itself.
    package static func text(_ number: Int32) -> String {
        let name = numbers.filter { $0.value == number }.keys.min()
        return name.map { "SIG\($0)" } ?? "\(number)"
    }

    /// The number of `SIGTERM`, `TERM`, `15`, `RTMIN+3` or `RTMAX-1`; nil for anything else.
    package static func number(_ text: String) -> Int32? {
        if let number = Int32(text) { return (1...64).contains(number) ? number : nil }
        let name = text.hasPrefix("SIG") ? String(text.dropFirst(3)) : text
        if let number = numbers[name] { return number }
        // glibc keeps 32 and 33 for itself.
        for (prefix, base, sign) in [("RTMIN", Int32(34), Int32(1)), ("RTMAX", 64, -1)] where name.hasPrefix(prefix) {
            let rest = name.dropFirst(prefix.count)
            if rest.isEmpty { return base }
            guard rest.first == (sign > 0 ? "+" : "-"), let offset = Int32(rest.dropFirst()), offset >= 0 else {
                return nil
            }
            let number = base + sign * offset
            return (34...64).contains(number) ? number : nil
        }
        return nil
    }
}
