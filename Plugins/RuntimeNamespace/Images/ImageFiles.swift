import CPintleImages
import Glibc
import Synchronization

/// The store's directory: paths, durable replacement of files, and the lock against a second process.
///
/// Holds no knowledge of what the files mean. Thread-safe.
final class ImageFiles: Sendable {
    let root: String
    var layers: String { root + "/layers" }
    var blobs: String { root + "/blobs/sha256" }
    var ingest: String { root + "/ingest" }
    var trash: String { root + "/trash" }
    private let counter = Atomic<UInt64>(0)
    /// The locked descriptor; -1 once given up.
    private let lock: Mutex<Int32>

    /// Makes what is missing and takes the lock.
    ///
    /// - Throws: `StoreLocked`, `StoreFailed`, `InvalidConfiguration`.
    static func open(_ root: String) throws(ImageError) -> ImageFiles {
        guard root.hasPrefix("/") else { throw .configuration("directory", "\"\(root)\" is not an absolute path") }
        try makeDirectory(root, withParents: true)
        let files = ImageFiles(root: root, lock: try acquireLock(root + "/lock"))
        for path in [files.layers, root + "/blobs", files.blobs, files.ingest, files.trash] {
            try makeDirectory(path)
        }
        try files.discardLeftovers()
        return files
    }

    private init(root: String, lock: Int32) {
        self.root = root
        self.lock = Mutex(lock)
    }

    deinit { unlock() }

    /// Gives up the lock.
    func unlock() {
        lock.withLock { descriptor in
            if descriptor >= 0 { close(descriptor) }
            descriptor = -1
        }
    }

    private static func acquireLock(_ path: String) throws(ImageError) -> Int32 {
        let descriptor = Glibc.open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0o600)
        if descriptor < 0 { throw .system("open \(path)") }
        if flock(descriptor, LOCK_EX | LOCK_NB) != 0 {
            let code = errno
            var buffer = [UInt8](repeating: 0, count: 32)
            let count = pread(descriptor, &buffer, buffer.count, 0)
            close(descriptor)
            guard code == EWOULDBLOCK else { throw .system("flock \(path)", errno: code) }
            let owner = String(decoding: buffer.prefix(max(0, count)).prefix { $0 != 10 }, as: UTF8.self)
            throw ImageError(
                .unavailable, .storeLocked,
                "the image store \(path.dropLast(5)) is open in process \(owner); lock file \(path)", errno: code)
        }
        let text = Array("\(getpid())\n".utf8)
        if ftruncate(descriptor, 0) != 0 || pwrite(descriptor, text, text.count, 0) != text.count {
            let code = errno
            close(descriptor)
            throw .system("write \(path)", errno: code)
        }
        return descriptor
    }

    static func makeDirectory(_ path: String, withParents: Bool = false) throws(ImageError) {
        if mkdir(path, 0o700) == 0 || errno == EEXIST { return }
        let code = errno
        guard withParents, code == ENOENT, let slash = path.lastIndex(of: "/"), slash != path.startIndex else {
            throw .system("make directory \(path)", errno: code)
        }
        try makeDirectory(String(path[..<slash]), withParents: true)
        try makeDirectory(path)
    }
}

// MARK: - Files

extension ImageFiles {
    /// Replaces a file so that after a power cut either the old or the new contents are there, the new ones if this
    /// function returned.
    func replace(_ path: String, with bytes: [UInt8]) throws(ImageError) {
        let temporary = path + ".new"
        do throws(ImageError) {
            let file = try ImageDescriptor(path: temporary, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW)
            try bytes.withUnsafeBytesThrowing { (raw) throws(ImageError) in try file.write(raw, what: temporary) }
            try file.sync(what: temporary)
        } catch {
            unlink(temporary)
            throw error
        }
        if rename(temporary, path) != 0 { throw .system("rename \(temporary)") }
        try syncDirectory(String(path[..<(path.lastIndex(of: "/") ?? path.startIndex)]))
    }

    func read(_ path: String, limit: Int) throws(ImageError) -> [UInt8] {
        let file = try ImageDescriptor(path: path, O_RDONLY | O_NOFOLLOW)
        return try file.contents(limit: limit, what: path)
    }

    func syncDirectory(_ path: String) throws(ImageError) {
        let directory = try ImageDescriptor(path: path, O_RDONLY | O_DIRECTORY)
        try directory.sync(what: path)
    }

    /// Forces everything written below the store so far to disk, file contents included.
    func syncAll() throws(ImageError) {
        let directory = try ImageDescriptor(path: root, O_RDONLY | O_DIRECTORY)
        let code = pintle_images_sync_filesystem(directory.raw)
        if code != 0 { throw .system("syncfs \(root)", errno: code) }
    }

    /// The names in a directory, without `.` and `..`; empty if it can't be read.
    func names(in path: String) -> [String] {
        guard let stream = opendir(path) else { return [] }
        defer { closedir(stream) }
        var result: [String] = []
        while let entry = readdir(stream) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) {
                $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name != ".", name != ".." { result.append(name) }
        }
        return result
    }

    /// Deletes a file or directory with everything in it; what is missing is deleted already.
    ///
    /// Links are not followed.
    static func removeTree(_ path: String) throws(ImageError) {
        let code = pintle_images_remove_tree(path)
        if code != 0 { throw .system("delete \(path)", errno: code) }
    }

    /// A path below `ingest` that no other operation uses.
    ///
    /// Nothing is there yet.
    func temporaryPath(_ kind: String) -> String {
        let number = counter.add(1, ordering: .relaxed).newValue
        return "\(ingest)/\(kind)-\(number)"
    }

    /// Moves something out of sight so that it can be deleted at leisure; returns where to.
    func moveToTrash(_ path: String) throws(ImageError) -> String {
        let number = counter.add(1, ordering: .relaxed).newValue
        let target = "\(trash)/\(getpid())-\(number)"
        if rename(path, target) != 0 { throw .system("rename \(path)") }
        return target
    }

    /// Numbers of the file system the store is on.
    func filesystemInfo(usedBytes: UInt64, usedInodes: UInt64) throws(ImageError) -> ImageFilesystemInfo {
        var info = statvfs()
        if statvfs(root, &info) != 0 { throw .system("statvfs \(root)") }
        return ImageFilesystemInfo(
            directory: root, usedBytes: usedBytes, usedInodes: usedInodes,
            capacityBytes: UInt64(info.f_blocks) * UInt64(info.f_frsize),
            availableBytes: UInt64(info.f_bavail) * UInt64(info.f_frsize), capacityInodes: UInt64(info.f_files),
            availableInodes: UInt64(info.f_favail), timestamp: ImageTime.now)
    }

    /// How long a partly downloaded layer is kept for the next try: a day.
    private static let partialLifetime: time_t = 86_400

    /// Deletes what an earlier process left half-done, except recent parts of downloads.
    private func discardLeftovers() throws(ImageError) {
        for name in names(in: trash) { try Self.removeTree(trash + "/" + name) }
        for name in names(in: ingest) {
            let path = ingest + "/" + name
            var status = stat()
            let isRecent = lstat(path, &status) == 0 && status.st_mtim.tv_sec > time(nil) - Self.partialLifetime
            if name.hasSuffix(".part"), isRecent { continue }
            try Self.removeTree(path)
        }
        for directory in [root, blobs] {
            for name in names(in: directory) where name.hasSuffix(".new") { unlink(directory + "/" + name) }
        }
    }
}

extension Array where Element == UInt8 {
    /// `withUnsafeBytes` with a typed error.
    func withUnsafeBytesThrowing(
        _ body: (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) {
        let result: Result<Void, ImageError> = withUnsafeBytes { raw in
            do throws(ImageError) { return .success(try body(raw)) } catch { return .failure(error) }
        }
        try result.get()
    }
}
