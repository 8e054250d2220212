internal import Glibc

/// An open directory of the node; names in it are never followed if they are links.
///
/// Everything blocks briefly.
struct OpenDirectory: ~Copyable {
    private let raw: Int32
    /// For people.
    let path: String

    /// Opens `path`.
    ///
    /// - Throws: ``VolumeFault``.
    init(_ path: String) throws(VolumeFault) {
        raw = open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        self.path = path
        guard raw >= 0 else { throw Self.fault("open", path) }
    }

    private init(adopting raw: Int32, path: String) {
        self.raw = raw
        self.path = path
    }

    deinit { if raw >= 0 { close(raw) } }

    /// Opens a directory in this one.
    borrowing func child(_ name: String) throws(VolumeFault) -> OpenDirectory {
        let opened = openat(raw, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard opened >= 0 else { throw Self.fault("open", "\(path)/\(name)") }
        return OpenDirectory(adopting: opened, path: "\(path)/\(name)")
    }

    /// The names in a directory below, without `.` and `..`; none when it is gone.
    borrowing func names(_ below: String = ".") throws(VolumeFault) -> [String] {
        let opened = openat(raw, below, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        if opened < 0, errno == ENOENT { return [] }
        guard opened >= 0 else { throw Self.fault("open", "\(path)/\(below)") }
        guard let stream = fdopendir(opened) else {
            close(opened)
            throw Self.fault("list", "\(path)/\(below)")
        }
        defer { closedir(stream) }
        var names: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Where a link points; nil when there is no link.
    borrowing func link(_ name: String) -> String? {
        var bytes = [CChar](repeating: 0, count: 4097)
        let count = readlinkat(raw, name, &bytes, bytes.count - 1)
        guard count > 0 else { return nil }
        return String(decoding: bytes[..<count].map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    /// Permission bits, owner and group of a name; nil when there is nothing.
    borrowing func status(_ name: String) -> (isDirectory: Bool, mode: UInt32, user: UInt32, group: UInt32)? {
        var facts = stat()
        guard fstatat(raw, name, &facts, AT_SYMLINK_NOFOLLOW) == 0 else { return nil }
        return (facts.st_mode & S_IFMT == S_IFDIR, UInt32(facts.st_mode) & 0o7777, facts.st_uid, facts.st_gid)
    }

    /// What is in a file; nil when it can't be read.
    borrowing func read(_ name: String) -> [UInt8]? {
        let file = openat(raw, name, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 16_384)
        while true {
            let count = Glibc.read(file, &buffer, buffer.count)
            if count < 0 { return nil }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
        }
    }

    /// Makes a directory; one that is there is fine.
    borrowing func makeDirectory(_ name: String) throws(VolumeFault) {
        guard mkdirat(raw, name, 0o755) == 0 || errno == EEXIST else { throw Self.fault("make", "\(path)/\(name)") }
    }

    /// Makes a file that is not there yet, complete with owner and mode.
    borrowing func write(_ name: String, _ bytes: [UInt8], mode: UInt32, user: UInt32?, group: UInt32?)
        throws(VolumeFault)
    {
        let file = openat(raw, name, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard file >= 0 else { throw Self.fault("make", "\(path)/\(name)") }
        defer { close(file) }
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(file, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { throw Self.fault("write", "\(path)/\(name)") }
            rest = rest.dropFirst(count)
        }
        if user != nil || group != nil, fchown(file, user ?? uid_t.max, group ?? gid_t.max) != 0 {
            throw Self.fault("set the owner of", "\(path)/\(name)")
        }
        guard fchmod(file, mode_t(mode)) == 0 else { throw Self.fault("set the mode of", "\(path)/\(name)") }
    }

    /// Sets group and mode of a directory, of this one for `.`.
    borrowing func own(_ name: String, mode: UInt32, group: UInt32?) throws(VolumeFault) {
        let directory = openat(raw, name, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW)
        guard directory >= 0 else { throw Self.fault("open", "\(path)/\(name)") }
        defer { close(directory) }
        if let group, fchown(directory, uid_t.max, group) != 0 {
            throw Self.fault("set the group of", "\(path)/\(name)")
        }
        guard fchmod(directory, mode_t(mode)) == 0 else { throw Self.fault("set the mode of", "\(path)/\(name)") }
    }

    /// Makes a link to `target`.
    borrowing func link(_ name: String, to target: String) throws(VolumeFault) {
        guard symlinkat(target, raw, name) == 0 else { throw Self.fault("make", "\(path)/\(name)") }
    }

    borrowing func rename(_ name: String, to other: String) throws(VolumeFault) {
        guard renameat(raw, name, raw, other) == 0 else { throw Self.fault("rename", "\(path)/\(name)") }
    }

    /// Deletes a name and all below it; what is gone is fine.
    borrowing func remove(_ name: String) throws(VolumeFault) {
        if unlinkat(raw, name, 0) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM else { throw Self.fault("delete", "\(path)/\(name)") }
        for inner in try names(name) { try remove("\(name)/\(inner)") }
        guard unlinkat(raw, name, AT_REMOVEDIR) == 0 || errno == ENOENT else {
            throw Self.fault("delete", "\(path)/\(name)")
        }
    }

    private static func fault(_ what: String, _ path: String) -> VolumeFault {
        let text = String(cString: strerror(errno))
        return VolumeFault("can't \(what) \(path): \(text)")
    }
}
