internal import Glibc
internal import PintleHost
internal import PintleNetlink

/// A data directory: its id, its lock, and the paths that follow from it.
///
/// The lock is held as long as the value lives.
final class NodeDirectory: @unchecked Sendable {
    // Everything is constant after init; the descriptor is closed once.
    let path: String
    /// 8 hexadecimal digits, made once; what the node makes in the kernel carries them.
    let instanceID: String
    private let lock: Int32

    static let defaultPath = "/var/lib/pintle"

    var runDirectory: String { "/run/pintle-\(instanceID)" }
    var podLogs: String { path == Self.defaultPath ? "/var/log/pods" : "\(path)/log/pods" }
    var kubeconfig: String { "\(path)/kubeconfig" }
    var controlSocket: String { "\(path)/control.sock" }

    /// Opens a data directory and takes its lock.
    ///
    /// - Parameters:
    ///   - given: The data directory; a relative path counts from the working directory.
    ///   - create: Whether a missing one is made.
    /// - Throws: ``Failure``, which names a process that has it.
    init(_ given: String, create: Bool) throws {
        let path = given.hasPrefix("/") ? given : Self.absolute(given)
        if create { try Self.make(path) }
        guard access(path, W_OK) == 0 else {
            throw Failure("data directory \(path) can't be written: \(Self.reason())")
        }
        let lockPath = "\(path)/pintle.pid"
        let descriptor = open(lockPath, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o644)
        guard descriptor >= 0 else { throw Failure("data directory \(path) can't be written: \(Self.reason())") }
        guard flock(descriptor, LOCK_EX | LOCK_NB) == 0 else {
            let holder = Self.readPID(path).map { " (process \($0))" } ?? ""
            close(descriptor)
            throw Failure(
                "data directory \(path) is in use by another pintle\(holder); stop it, or give another --data-dir")
        }
        self.path = path
        lock = descriptor
        do {
            instanceID = try Self.loadID(path)
            try Self.writeText(lockPath, "\(getpid())\n", mode: 0o644)
        } catch {
            close(descriptor)
            throw error
        }
    }

    deinit { close(lock) }

    /// The process that has the data directory, or nil when none has.
    static func holder(_ path: String) -> pid_t? {
        let descriptor = open("\(path)/pintle.pid", O_RDWR | O_CLOEXEC)
        guard descriptor >= 0 else { return nil }
        defer { close(descriptor) }
        guard flock(descriptor, LOCK_EX | LOCK_NB) != 0 else { return nil }
        return readPID(path)
    }

    /// The node's pod range: kept once chosen, the first free one otherwise.
    func podRange(_ node: Configuration.Node) throws -> String {
        let file = "\(path)/pod-range"
        if let kept = Self.readText(file), Subnet(kept) != nil {
            try claim(kept)
            return kept
        }
        guard let range = Subnet(node.podRange) else {
            throw Failure("node.podRange: \(node.podRange) is no network in CIDR form")
        }
        // Routes tell of nodes that have pods; those that have none yet are told by their run directories.
        let lock = open("/run/pintle.lock", O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        defer { if lock >= 0 { close(lock) } }
        flock(lock, LOCK_EX)
        let routes = try NetlinkSession().routes().map(\.destination)
        let taken = Self.runDirectories().compactMap { Self.readText("\($0)/pod-range").flatMap { Subnet($0) } }
        guard let free = range.firstFree(prefix: Int(node.podRangeSize), avoiding: routes + taken) else {
            throw Failure(
                "no /\(node.podRangeSize) of \(node.podRange) is free of routes on this machine; set node.podRange")
        }
        try Self.writeText(file, free.description, mode: 0o644)
        try claim(free.description)
        return free.description
    }

    /// Says in the run directory, which every node can see, which range this one has.
    private func claim(_ range: String) throws {
        try RunDirectory.make(runDirectory)
        try Self.writeText("\(runDirectory)/pod-range", range, mode: 0o644)
    }

    private static func runDirectories() -> [String] {
        guard let directory = opendir("/run") else { return [] }
        defer { closedir(directory) }
        var found: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasPrefix("pintle-") { found.append("/run/\(name)") }
        }
        return found
    }

    private static func loadID(_ path: String) throws -> String {
        let file = "\(path)/instance-id"
        if let text = readText(file) {
            guard text.utf8.count == 8, text.utf8.allSatisfy({ (48...57).contains($0) || (97...102).contains($0) })
            else {
                throw Failure("\(file) holds \"\(text)\"; expected 8 hexadecimal digits")
            }
            return text
        }
        let digits = String(UInt32.random(in: 0...UInt32.max), radix: 16)
        let id = String(repeating: "0", count: 8 - digits.count) + digits
        try writeText(file, id, mode: 0o644)
        return id
    }

    private static func readPID(_ path: String) -> pid_t? { readText("\(path)/pintle.pid").flatMap { pid_t($0) } }

    /// A file's text without its line end; nil when it can't be read or is empty.
    static func readText(_ path: String) -> String? {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = read(file, &buffer, buffer.count)
            guard count > 0 else { break }
            bytes += buffer[..<count]
        }
        while bytes.last == 10 { bytes.removeLast() }
        return bytes.isEmpty ? nil : String(decoding: bytes, as: UTF8.self)
    }

    /// Replaces a file atomically; `pintle.pid` is locked and so written in place.
    static func writeText(_ path: String, _ text: String, mode: mode_t) throws {
        let inPlace = path.hasSuffix("pintle.pid")
        let target = inPlace ? path : path + ".new"
        let file = open(target, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, mode)
        guard file >= 0 else { throw Failure("\(target) can't be written: \(reason())") }
        fchmod(file, mode)
        let bytes = Array(text.utf8)
        let written = write(file, bytes, bytes.count)
        if !inPlace { fsync(file) }
        close(file)
        guard written == bytes.count else { throw Failure("\(target) can't be written: \(reason())") }
        if !inPlace, rename(target, path) != 0 { throw Failure("\(path) can't be written: \(reason())") }
    }

    private static func make(_ path: String) throws {
        var made = ""
        for part in path.split(separator: "/") {
            made += "/\(part)"
            guard mkdir(made, made == path ? 0o711 : 0o755) == 0 || errno == EEXIST else {
                throw Failure("data directory \(path) can't be made: \(made): \(reason())")
            }
        }
    }

    static func absolute(_ path: String) -> String {
        guard !path.hasPrefix("/"), let current = getcwd(nil, 0) else { return path }
        defer { free(current) }
        return "\(String(cString: current))/\(path)"
    }

    static func reason() -> String { String(cString: strerror(errno)) }
}
