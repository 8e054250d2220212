import Glibc

/// Starts this test binary again to write to a ledger, and kills it.
struct LedgerChild {
    static let threads = 3
    private static let channel: Int32 = 9
    private let process: pid_t
    private let reading: Int32

    /// The last step that the child reported for each object.
    struct Acknowledged {
        var steps: [String: String] = [:]
    }

    init(directory: String, point: String? = nil) throws {
        var pipe: [Int32] = [-1, -1]
        guard Glibc.pipe(&pipe) == 0 else { throw TestFailure("pipe: errno \(errno)") }
        for end in pipe { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        defer { posix_spawn_file_actions_destroy(&actions) }
        posix_spawn_file_actions_adddup2(&actions, pipe[1], Self.channel)
        posix_spawn_file_actions_addopen(&actions, 1, "/dev/null", O_WRONLY, 0)
        posix_spawn_file_actions_addopen(&actions, 2, "/dev/null", O_WRONLY, 0)
        var arguments: [UnsafeMutablePointer<CChar>?] = [
            "child", "--testing-library", "swift-testing", "--filter", "CrashTests/randomKills",
        ]
        .map { (text: String) in strdup(text) }
        arguments.append(nil)
        var variables = ["PINTLE_LEDGER_CHILD=\(directory)"]
        if let point { variables.append("PINTLE_LEDGER_POINT=\(point)") }
        for name in ["PATH", "LD_LIBRARY_PATH", "HOME"] {
            if let value = getenv(name) { variables.append("\(name)=\(String(cString: value))") }
        }
        var environment: [UnsafeMutablePointer<CChar>?] = variables.map { strdup($0) }
        environment.append(nil)
        defer { for string in arguments + environment { free(string) } }
        var child = pid_t()
        let result = posix_spawn(&child, "/proc/self/exe", &actions, nil, arguments, environment)
        close(pipe[1])
        guard result == 0 else {
            close(pipe[0])
            throw TestFailure("posix_spawn: \(result)")
        }
        process = child
        reading = pipe[0]
    }

    /// Reads what the child reports; kills it `microseconds` after the `killAfter`th report; returns all reports.
    func run(killAfter count: Int, _ microseconds: UInt64) throws -> Acknowledged {
        var text: [UInt8] = []
        var reports = 0
        var isKilled = false
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            var waiting = pollfd(fd: reading, events: Int16(POLLIN), revents: 0)
            guard poll(&waiting, 1, 60_000) > 0 else {
                kill(process, SIGKILL)
                waitpid(process, nil, 0)
                close(reading)
                throw TestFailure("the child reported nothing for a minute")
            }
            let got = read(reading, &buffer, buffer.count)
            if got <= 0 { break }
            text += buffer[..<got]
            reports += buffer[..<got].count { $0 == 0x0A }
            if !isKilled, reports >= count {
                usleep(UInt32(microseconds))
                kill(process, SIGKILL)
                isKilled = true
            }
        }
        close(reading)
        var status: Int32 = 0
        waitpid(process, &status, 0)
        guard status & 0x7F == SIGKILL else { throw TestFailure("the child ended by itself: status \(status)") }
        var acknowledged = Acknowledged()
        for line in String(decoding: text, as: UTF8.self).split(separator: "\n") {
            let words = line.split(separator: " ")
            guard words.count == 2 else { throw TestFailure("the child reported \(line)") }
            acknowledged.steps[String(words[1])] = String(words[0])
        }
        return acknowledged
    }

    /// In the child: reports one line, in one write.
    static func acknowledge(_ line: String) {
        let bytes = Array(line.utf8)
        _ = write(channel, bytes, bytes.count)
    }
}

/// A small generator whose numbers follow from its seed.
struct SplitMix: RandomNumberGenerator {
    var state: UInt64

    mutating func next() -> UInt64 {
        state &+= 0x9E37_79B9_7F4A_7C15
        var value = state
        value = (value ^ (value >> 30)) &* 0xBF58_476D_1CE4_E5B9
        value = (value ^ (value >> 27)) &* 0x94D0_49BB_1331_11EB
        return value ^ (value >> 31)
    }
}
