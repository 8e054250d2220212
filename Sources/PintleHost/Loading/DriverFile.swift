internal import CPintleHost
internal import Crypto
internal import Glibc
internal import PintleInterfaces

/// The bytes of one driver's library: read, hashed and loaded through one descriptor.
struct DriverFile: ~Copyable {
    private let descriptor: Int32
    /// SHA-256, lower-case hexadecimal.
    let sha256: String

    /// Takes ownership of `file`.
    ///
    /// A file of another user is copied first, so that its owner can't change it afterwards.
    init(adopting file: Int32, name: String) throws(DriverError) {
        (descriptor, sha256) = try Self.checked(file, name)
    }

    private static func checked(_ file: Int32, _ name: String) throws(DriverError) -> (Int32, String) {
        var file = file
        var status = stat()
        guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            close(file)
            throw DriverError(.refused, driver: name, "expected a regular file")
        }
        do { try OwnedFile.check(status, name) } catch {
            close(file)
            throw error
        }
        if status.st_uid != 0 {
            let copy = pintle_host_sealed_copy(file, name)
            close(file)
            guard copy >= 0 else {
                throw DriverError(
                    .refused, driver: name, "the file can't be copied: \(String(cString: strerror(-copy)))",
                    errno: -copy)
            }
            file = copy
        }
        do { return (file, try hash(file, name)) } catch {
            close(file)
            throw error
        }
    }

    deinit { close(descriptor) }

    /// What `dlopen` is given.
    ///
    /// The descriptor stays open for the life of the process: glibc takes a library with the same path for the one
    /// that it has, and the path must not come to name another file.
    borrowing func keepOpen() -> String {
        let kept = fcntl(descriptor, F_DUPFD_CLOEXEC, 3)
        return "/proc/self/fd/\(kept)"
    }

    /// Lends the file's bytes, mapped.
    borrowing func withBytes<R, E>(_ body: (UnsafeRawBufferPointer) throws(E) -> R) throws(E) -> R {
        var status = stat()
        fstat(descriptor, &status)
        let size = Int(status.st_size)
        guard size > 0, let memory = mmap(nil, size, PROT_READ, MAP_PRIVATE, descriptor, 0), memory != MAP_FAILED else {
            return try body(UnsafeRawBufferPointer(start: nil, count: 0))
        }
        defer { munmap(memory, size) }
        return try body(UnsafeRawBufferPointer(start: memory, count: size))
    }

    static func contents(_ file: Int32, limit: Int) -> [UInt8]? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = pread(file, &buffer, buffer.count, bytes.count)
            if count < 0 { return nil }
            if count == 0 { return bytes }
            bytes += buffer[..<count]
            if bytes.count > limit { return nil }
        }
    }

    private static func hash(_ file: Int32, _ name: String) throws(DriverError) -> String {
        var hasher = SHA256()
        var offset = 0
        var buffer = [UInt8](repeating: 0, count: 65536)
        while true {
            let count = pread(file, &buffer, buffer.count, offset)
            if count == 0 { break }
            guard count > 0 else {
                throw DriverError(
                    .refused, driver: name, "the file can't be read: \(String(cString: strerror(errno)))", errno: errno)
            }
            buffer.withUnsafeBytes { hasher.update(bufferPointer: UnsafeRawBufferPointer(rebasing: $0[..<count])) }
            offset += count
        }
        return hasher.finalize().map { byte in
            let text = String(byte, radix: 16)
            return text.count == 1 ? "0" + text : text
        }.joined()
    }
}

/// Whom a driver's files may belong to.
enum OwnedFile {
    /// - Throws: ``DriverError`` with code `refused` when somebody else could change the file.
    static func check(_ status: stat, _ name: String) throws(DriverError) {
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw DriverError(
                .refused, driver: name,
                "the file belongs to user \(status.st_uid); expected root\(geteuid() == 0 ? "" : " or user \(geteuid())")"
            )
        }
        guard status.st_mode & 0o022 == 0 else {
            throw DriverError(
                .refused, driver: name,
                "mode \(String(status.st_mode & 0o7777, radix: 8)) lets others write to the file; expected no write bit for group and others"
            )
        }
    }

    /// The same for an open file.
    static func check(descriptor: Int32, _ name: String) throws(DriverError) {
        var status = stat()
        guard fstat(descriptor, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
            throw DriverError(.refused, driver: name, "expected a regular file")
        }
        try check(status, name)
    }
}
