internal import CPintleHost
internal import Crypto
internal import Glibc
internal import PintleInterfaces

/// A folder of drivers, opened once and checked; files are opened from this descriptor only.
///
/// What is checked is what is loaded (`specs/abi/README.md`, "Loading").
struct DriverFolder: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// - Throws: ``DriverError`` with code `refused` when the folder or one of its parents could be changed by others.
    init(_ folder: String) throws(DriverError) { (path, descriptor) = try Self.opened(folder) }

    private static func opened(_ folder: String) throws(DriverError) -> (String, Int32) {
        guard let resolved = realpath(folder, nil) else {
            throw DriverError(.refused, driver: folder, "the folder can't be opened: \(String(cString: strerror(errno)))", errno: errno)
        }
        let path = String(cString: resolved)
        free(resolved)
        var parent = path
        while true {
            try check(parent)
            guard parent != "/" else { break }
            parent = String(parent[..<(parent.lastIndex(of: "/") ?? parent.startIndex)])
            if parent.isEmpty { parent = "/" }
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw DriverError(.refused, driver: folder, "the folder can't be opened: \(String(cString: strerror(errno)))", errno: errno)
        }
        return (path, descriptor)
    }

    deinit { close(descriptor) }

    /// Opens a file of the folder. The caller owns the descriptor.
    borrowing func open(_ name: String) throws(DriverError) -> Int32 {
        let file = pintle_host_open_beneath(descriptor, name)
        guard file >= 0 else {
            throw DriverError(.refused, driver: "\(path)/\(name)", "the file can't be opened without following links: \(String(cString: strerror(-file)))", errno: -file)
        }
        return file
    }

    /// The folder's entries that end in `suffix`, sorted.
    borrowing func names(suffix: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted()
    }

    private static func check(_ folder: String) throws(DriverError) {
        var status = stat()
        guard stat(folder, &status) == 0 else {
            throw DriverError(.refused, driver: folder, "the folder can't be examined: \(String(cString: strerror(errno)))", errno: errno)
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw DriverError(.refused, driver: folder, "the folder belongs to user \(status.st_uid); expected root or user \(geteuid())")
        }
        let shared = status.st_mode & 0o022 != 0
        guard !shared || status.st_mode & S_ISVTX != 0 else {
            throw DriverError(
                .refused, driver: folder,
                "mode \(String(status.st_mode & 0o7777, radix: 8)) lets others write to the folder; expected no write bit for group and others")
        }
    }
}

/// The bytes of one driver's library: read, hashed and loaded through one descriptor.
struct DriverFile: ~Copyable {
    private let descriptor: Int32
    /// SHA-256, lower-case hexadecimal.
    let sha256: String

    /// Takes ownership of `file`. A file of another user is copied first, so that its owner can't change it afterwards.
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
        let shared = status.st_mode & 0o022 != 0
        guard !shared else {
            close(file)
            throw DriverError(
                .refused, driver: name,
                "mode \(String(status.st_mode & 0o7777, radix: 8)) lets others write to the file; expected no write bit for group and others")
        }
        if status.st_uid != 0 {
            let copy = pintle_host_sealed_copy(file, name)
            close(file)
            guard copy >= 0 else {
                throw DriverError(.refused, driver: name, "the file can't be copied: \(String(cString: strerror(-copy)))", errno: -copy)
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
    var loadPath: String { "/proc/self/fd/\(descriptor)" }

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
                throw DriverError(.refused, driver: name, "the file can't be read: \(String(cString: strerror(errno)))", errno: errno)
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
