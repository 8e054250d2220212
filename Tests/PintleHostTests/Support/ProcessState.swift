import Glibc

@testable import PintleHost

/// What a driver must leave alone (PD-14), as it is now.
///
/// Conformance takes one before and one after each call. Signal mask and credentials are the calling thread's.
struct ProcessState: Equatable {
    var facts: [String: String] = [:]

    /// Looks at the process.
    static func now() throws -> ProcessState {
        var state = ProcessState()
        var directory = [CChar](repeating: 0, count: 4096)
        state.facts["working directory"] = getcwd(&directory, 4096).map { String(cString: $0) }
        let wanted = ["Umask", "SigBlk", "SigIgn", "SigCgt", "Uid", "Gid", "Groups", "CapEff", "NoNewPrivs", "Seccomp"]
        for line in try text("/proc/thread-self/status").split(separator: "\n") {
            let parts = line.split(separator: ":", maxSplits: 1)
            if parts.count == 2, wanted.contains(String(parts[0])) { state.facts[String(parts[0])] = String(parts[1]) }
        }
        state.facts["environment"] = environment().joined(separator: "\n")
        state.facts["locale"] = setlocale(LC_ALL, nil).map { String(cString: $0) }
        state.facts["children"] = try text("/proc/thread-self/children")
        for name in try names("/proc/self/fd") {
            let target = try? link("/proc/self/fd/\(name)")
            // The host's own, for `cancel_fd`: they come and go with its threads.
            if target != "anon_inode:[eventfd]" { state.facts["descriptor \(name)"] = target }
        }
        for name in ["net", "mnt", "ipc", "uts", "pid", "user", "cgroup"] {
            state.facts["namespace \(name)"] = try? link("/proc/thread-self/ns/\(name)")
        }
        return state
    }

    /// What differs, by name, sorted.
    func changes(to other: ProcessState) -> [String] {
        Set(facts.keys).union(other.facts.keys).filter { facts[$0] != other.facts[$0] }.sorted()
    }

    private static func text(_ path: String) throws -> String {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        guard file >= 0, let bytes = DriverFile.contents(file, limit: 1 << 20) else {
            throw TestFailure("\(path): \(errno)")
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private static func link(_ path: String) throws -> String {
        var buffer = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &buffer, buffer.count)
        guard count >= 0 else { throw TestFailure("\(path): \(errno)") }
        return String(decoding: buffer[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    private static func names(_ path: String) throws -> [String] {
        guard let directory = opendir(path) else { throw TestFailure("\(path): \(errno)") }
        defer { closedir(directory) }
        let own = "\(dirfd(directory))"
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != "..", name != own { names.append(name) }
        }
        return names
    }

    private static func environment() -> [String] {
        var variables: [String] = []
        var next = environ
        while let entry = next.pointee {
            variables.append(String(cString: entry))
            next += 1
        }
        return variables.sorted()
    }
}
