import Glibc

/// Small files: control files of the kernel and records of our own.
package enum FileAccess {
    /// Reads a whole file, also one of /proc or a cgroup, whose size reads as zero.
    ///
    /// A file of more than `limit` bytes is an `EFBIG`.
    package static func read(_ path: String, limit: Int = 16 << 20) throws(SystemError) -> [UInt8] {
        let file = try OwnedDescriptor(opening: path, O_RDONLY)
        return try file.withRaw { (fd) throws(SystemError) in try read(descriptor: fd, path, limit: limit) }
    }

    private static func read(descriptor: Int32, _ path: String, limit: Int) throws(SystemError) -> [UInt8] {
        var bytes: [UInt8] = []
        var capacity = 4096
        while true {
            var count = 0
            var error: Int32 = 0
            let chunk = [UInt8](unsafeUninitializedCapacity: capacity) { buffer, initialized in
                count = Glibc.read(descriptor, buffer.baseAddress, capacity)
                error = errno
                initialized = max(0, count)
            }
            if count < 0, error == EINTR { continue }
            guard count >= 0 else { throw SystemError("read", path, errno: error) }
            if count == 0 { return bytes }
            if bytes.isEmpty { bytes = chunk } else { bytes.append(contentsOf: chunk) }
            guard bytes.count <= limit else { throw SystemError("read", path, errno: EFBIG) }
            capacity = min(capacity * 2, 1 << 20)
        }
    }

    /// Reads a text without the newline at its end; bytes that are not UTF-8 are replaced.
    package static func text(_ path: String) throws(SystemError) -> String {
        var bytes = try read(path)
        while bytes.last == UInt8(ascii: "\n") { bytes.removeLast() }
        return String(decoding: bytes, as: UTF8.self)
    }

    /// Writes to an existing file with one `write`, as control files want it.
    package static func write(_ path: String, _ text: String) throws(SystemError) {
        let file = try OwnedDescriptor(opening: path, O_WRONLY)
        try file.withRaw { (fd) throws(SystemError) in
            var text = text
            let (count, error) = text.withUTF8 { (Glibc.write(fd, $0.baseAddress, $0.count), errno) }
            guard count == text.utf8.count else {
                throw SystemError("write \(text) to", path, errno: count < 0 ? error : EIO)
            }
        }
    }

    /// Puts a file in place in one step: whoever opens it sees the old or the new content, never a part.
    ///
    /// It is not synced: after a power cut it may be the old one or empty.
    package static func replace(_ path: String, _ bytes: [UInt8], mode: UInt32 = 0o600) throws(SystemError) {
        let temporary = path + ".new"
        do throws(SystemError) {
            try create(temporary, bytes, mode: mode)
            guard rename(temporary, path) == 0 else { throw SystemError("rename", path) }
        } catch {
            _ = unlink(temporary)
            throw error
        }
    }

    private static func create(_ path: String, _ bytes: [UInt8], mode: UInt32) throws(SystemError) {
        let file = try OwnedDescriptor(opening: path, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, mode: mode)
        try file.withRaw { (fd) throws(SystemError) in
            var written = 0
            while written < bytes.count {
                let (count, error) = bytes.withUnsafeBytes { buffer in
                    (Glibc.write(fd, buffer.baseAddress.map { $0 + written }, bytes.count - written), errno)
                }
                if count < 0, error == EINTR { continue }
                guard count > 0 else { throw SystemError("write", path, errno: count < 0 ? error : EIO) }
                written += count
            }
        }
    }

    /// Makes a directory and what is missing above it.
    package static func makeDirectories(_ path: String, mode: UInt32 = 0o755) throws(SystemError) {
        if mkdir(path, mode) == 0 { return }
        let error = errno
        if error == EEXIST { return }
        guard error == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw SystemError("mkdir", path, errno: error)
        }
        try makeDirectories(String(path[..<slash]), mode: mode)
        guard mkdir(path, mode) == 0 || errno == EEXIST else { throw SystemError("mkdir", path) }
    }

    /// The names in a directory, in no order; empty when it can't be read.
    package static func names(in path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names
    }

    /// Whether something is there; links are not followed.
    package static func exists(_ path: String) -> Bool {
        var info = stat()
        return lstat(path, &info) == 0
    }
}
