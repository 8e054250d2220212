internal import Glibc

/// The files of one PKI directory: read whole, written atomically with mode 0600.
struct PKIFiles {
    let directory: String

    /// Makes the directory with mode 0700 if it is missing.
    func prepare() throws(PKIError) {
        guard mkdir(self.directory, 0o700) != 0, errno != EEXIST else { return }
        throw self.error("cannot create the directory", self.directory)
    }

    func path(_ name: String) -> String { "\(self.directory)/\(name)" }

    /// The whole of a file; nil when there is none.
    func read(_ name: String) throws(PKIError) -> String? {
        let path = self.path(name)
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else {
            if errno == ENOENT { return nil }
            throw self.error("cannot read", path)
        }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw self.error("cannot read", path) }
            if count == 0 { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
            guard bytes.count <= 1 << 20 else {
                throw PKIError(path: path, message: "\(path) is larger than 1 MiB: it is no PEM file.", errno: nil)
            }
        }
    }

    /// Replaces a file: written beside it, synced, renamed over it.
    ///
    /// After an error the old file is still there.
    func write(_ name: String, _ text: String) throws(PKIError) {
        let path = self.path(name), temporary = path + ".new"
        let descriptor = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        guard descriptor >= 0 else { throw self.error("cannot write", temporary) }
        var failed = fchmod(descriptor, 0o600) != 0
        var rest = Array(text.utf8)[...]
        while !failed, !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.write(descriptor, $0.baseAddress, $0.count) }
            if count < 0, errno == EINTR { continue }
            if count < 0 { failed = true } else { rest = rest.dropFirst(count) }
        }
        failed = failed || fsync(descriptor) != 0
        let reason = errno
        close(descriptor)
        if !failed, rename(temporary, path) == 0 { return }
        errno = failed ? reason : errno
        let error = self.error("cannot write", path)
        unlink(temporary)
        throw error
    }

    /// Makes the renames durable.
    func sync() throws(PKIError) {
        let descriptor = open(self.directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else { throw self.error("cannot open", self.directory) }
        defer { close(descriptor) }
        if fsync(descriptor) != 0 { throw self.error("cannot sync", self.directory) }
    }

    private func error(_ what: String, _ path: String) -> PKIError {
        let number = errno
        return PKIError(path: path, message: "\(what) \(path): \(String(cString: strerror(number)))", errno: number)
    }
}
