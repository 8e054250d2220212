internal import CPintleHost
internal import Glibc
internal import PintleInterfaces

/// A child process whose standard output is read and which is killed when it takes too long.
struct ThrowAwayProcess: ~Copyable {
    private let process: pid_t
    private let reading: Int32
    private static let mostOutput = 4 << 20

    /// How it ended.
    enum End: Equatable {
        case exited(Int32)
        case signalled(Int32)
        case late
    }

    /// Starts `executable`; standard input is empty, standard error is this process's.
    init(_ executable: String, _ arguments: [String], driver: String) throws(DriverError) {
        (process, reading) = try Self.start(executable, arguments, driver)
    }

    private static func start(
        _ executable: String, _ arguments: [String], _ driver: String
    ) throws(DriverError) -> (pid_t, Int32) {
        func failed(_ what: String, _ error: Int32) -> DriverError {
            DriverError(.unavailable, driver: driver, "\(what): \(String(cString: strerror(error)))", errno: error)
        }
        var pipe: [Int32] = [-1, -1]
        let noPipe = pintle_host_pipe(&pipe)
        guard noPipe == 0 else { throw failed("no pipe for the child", -noPipe) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_addopen(&actions, 0, "/dev/null", O_RDONLY, 0)
        posix_spawn_file_actions_adddup2(&actions, pipe[1], 1)
        var attributes = posix_spawnattr_t()
        posix_spawnattr_init(&attributes)
        defer { posix_spawnattr_destroy(&attributes) }
        var signals = sigset_t()
        sigemptyset(&signals)
        posix_spawnattr_setsigmask(&attributes, &signals)
        posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK))
        let strings = ([executable] + arguments).map { strdup($0) } + [nil]
        let variables = Self.environment.map { strdup($0) } + [nil]
        defer { for string in strings + variables { free(string) } }
        var child = pid_t()
        let result = posix_spawn(&child, executable, &actions, &attributes, strings, variables)
        close(pipe[1])
        guard result == 0 else {
            close(pipe[0])
            throw failed("\(executable) can't be started", result)
        }
        return (child, pipe[0])
    }

    /// This process's environment; a crash of the child is no reason to write a backtrace for seconds.
    private static var environment: [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            let variable = String(cString: entry)
            if !variable.hasPrefix("SWIFT_BACKTRACE=") { variables.append(variable) }
            next += 1
        }
        return variables + ["SWIFT_BACKTRACE=enable=no"]
    }

    /// Reads everything and reaps the child.
    consuming func finish(within limit: Duration) -> (output: [UInt8], end: End) {
        let deadline = monotonicNanoseconds() + limit.wholeNanoseconds
        let (output, inTime) = read(until: deadline)
        close(reading)
        // The output may have been closed by a driver that goes on.
        var status: Int32 = 0
        while inTime, monotonicNanoseconds() < deadline {
            if waitpid(process, &status, WNOHANG) == process { return (output, Self.end(status)) }
            usleep(1000)
        }
        kill(process, SIGKILL)
        while waitpid(process, &status, 0) < 0, errno == EINTR {}
        return (output, .late)
    }

    private borrowing func read(until deadline: UInt64) -> ([UInt8], Bool) {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let now = monotonicNanoseconds()
            guard now < deadline, output.count < Self.mostOutput else { return (output, false) }
            var waiting = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            let ready = poll(&waiting, 1, Int32(clamping: (deadline - now) / 1_000_000 + 1))
            guard ready > 0 else { continue }
            let count = Glibc.read(reading, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return (output, true) }
            output += buffer[..<count]
        }
    }

    private static func end(_ status: Int32) -> End {
        status & 0x7F == 0 ? .exited((status >> 8) & 0xFF) : .signalled(status & 0x7F)
    }

    /// `SIGSEGV (Segmentation fault)`.
    static func name(ofSignal number: Int32) -> String {
        let names: [Int32: String] = [
            SIGILL: "SIGILL", SIGABRT: "SIGABRT", SIGBUS: "SIGBUS", SIGFPE: "SIGFPE", SIGSEGV: "SIGSEGV",
            SIGTRAP: "SIGTRAP",
            SIGKILL: "SIGKILL", SIGSYS: "SIGSYS", SIGALRM: "SIGALRM",
        ]
        let text = strsignal(number).map { String(cString: $0) } ?? "unknown"
        return "\(names[number] ?? "signal \(number)") (\(text))"
    }
}
