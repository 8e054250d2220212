internal import Glibc

/// Runs a program, gives it input and takes its output; posix_spawn, so no part of this process runs in the child.
struct Subprogram: Sendable {
    let path: String
    let arguments: [String]
    /// On top of the node's own.
    let environment: [String: String]

    /// Runs it to its end.
    ///
    /// Blocks: call it off the cooperative pool. The program is killed after `timeout` seconds, or when it prints more
    /// than 1 MiB.
    ///
    /// - Throws: ``PodFault`` when it can't be run, takes too long or ends with another code than 0.
    func run(input: [UInt8], timeout: Int) throws(PodFault) -> [UInt8] {
        var given: [Int32] = [-1, -1], taken: [Int32] = [-1, -1]
        // A socket for the input, so that a program that does not read it raises no signal.
        guard socketpair(AF_UNIX, Int32(SOCK_STREAM.rawValue), 0, &given) == 0 else { throw Self.fault("socketpair") }
        guard pipe(&taken) == 0 else {
            for descriptor in given { close(descriptor) }
            throw Self.fault("pipe")
        }
        for descriptor in given + taken { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
        defer { close(taken[0]) }
        var actions = posix_spawn_file_actions_t()
        posix_spawn_file_actions_init(&actions)
        posix_spawn_file_actions_adddup2(&actions, given[0], 0)
        posix_spawn_file_actions_adddup2(&actions, taken[1], 1)
        defer { posix_spawn_file_actions_destroy(&actions) }
        var pid: pid_t = 0
        let failed = Self.withStrings([path] + arguments) { argv in
            Self.withStrings(variables()) { envp in posix_spawn(&pid, path, &actions, nil, argv, envp) }
        }
        close(given[0])
        close(taken[1])
        guard failed == 0 else {
            close(given[1])
            throw PodFault("SpawnFailed", "\(path): \(String(cString: strerror(failed)))")
        }
        // The request fits the socket's buffer, so this does not wait for the program.
        _ = send(given[1], input, min(input.count, 65_536), Int32(MSG_NOSIGNAL) | Int32(MSG_DONTWAIT))
        close(given[1])
        let output = Self.read(taken[0], timeout: timeout)
        if output == nil { kill(pid, SIGKILL) }
        var status: Int32 = 0
        while waitpid(pid, &status, 0) < 0, errno == EINTR {}
        guard let output else {
            throw PodFault("NoAnswer", "\(path) gave no answer within \(timeout) s, or more than 1 MiB")
        }
        guard status == 0 else {
            throw PodFault("ProgramFailed", "\(path) ended with code \((status >> 8) & 0xff)")
        }
        return output
    }

    private static func read(_ descriptor: Int32, timeout: Int) -> [UInt8]? {
        var output: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        let end = time(nil) + timeout
        while true {
            var list = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
            let left = end - time(nil)
            guard left > 0, poll(&list, 1, Int32(left * 1000)) > 0 else { return nil }
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            if count <= 0 { return output }
            output += buffer[..<count]
            if output.count > 1 << 20 { return nil }
        }
    }

    private func variables() -> [String] {
        var all: [String: String] = [:]
        for name in ["PATH", "HOME", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY"] {
            if let value = getenv(name) { all[name] = String(cString: value) }
        }
        return all.merging(environment) { $1 }.sorted { $0.key < $1.key }.map { "\($0.key)=\($0.value)" }
    }

    private static func withStrings<R>(
        _ strings: [String], _ body: (UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>) -> R
    ) -> R {
        let list = UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>.allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() { list[index] = strdup(string) }
        list[strings.count] = nil
        defer {
            for index in strings.indices { free(list[index]) }
            list.deallocate()
        }
        return body(list)
    }

    private static func fault(_ call: String) -> PodFault {
        PodFault("SpawnFailed", "\(call): \(String(cString: strerror(errno)))")
    }
}
