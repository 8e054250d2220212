internal import CPintleStorage
internal import Glibc

/// Owns an open file descriptor.
struct Descriptor: ~Copyable {
    /// Lent; close it by letting the owner go.
    let raw: Int32

    /// Takes ownership of `raw`, which is open.
    init(adopting raw: Int32) { self.raw = raw }

    deinit { _ = Glibc.close(raw) }

    /// How lookups are held back; see `pintle_storage.h`.
    struct Resolve: OptionSet {
        let rawValue: UInt32
        static let beneath = Resolve(rawValue: PINTLE_STORAGE_BENEATH)
        static let noSymlinks = Resolve(rawValue: PINTLE_STORAGE_NO_SYMLINKS)
        static let noMounts = Resolve(rawValue: PINTLE_STORAGE_NO_XDEV)
        static let noMagic = Resolve(rawValue: PINTLE_STORAGE_NO_MAGIC)
        /// Stays below the start and follows nothing.
        static let strict: Resolve = [.beneath, .noSymlinks, .noMagic]
    }

    /// Opens `path`, relative to `directory` or absolute with AT_FDCWD.
    ///
    /// - Throws: ``VolumeError``, naming `shown` (or `path`) and the errno.
    static func open(
        _ path: String, in directory: Int32 = AT_FDCWD, flags: Int32, mode: UInt32 = 0, resolve: Resolve = [],
        shown: String? = nil
    ) throws(VolumeError) -> Descriptor {
        let result = pintle_storage_open(directory, path, flags, mode, resolve.rawValue)
        guard result >= 0 else { throw .system(-result, "can't open", shown ?? path) }
        return Descriptor(adopting: result)
    }

    /// Like ``open(_:in:flags:mode:resolve:shown:)``, but nil when there is nothing.
    static func openIfPresent(
        _ path: String, in directory: Int32 = AT_FDCWD, flags: Int32, resolve: Resolve = [], shown: String? = nil
    ) throws(VolumeError) -> Descriptor? {
        let result = pintle_storage_open(directory, path, flags, 0, resolve.rawValue)
        if result == -ENOENT { return nil }
        guard result >= 0 else { throw .system(-result, "can't open", shown ?? path) }
        return Descriptor(adopting: result)
    }

    /// Where the file is now, as the kernel names it; nil when it is deleted or out of sight.
    borrowing func path() -> String? {
        var bytes = [UInt8](repeating: 0, count: 4097)
        let count = bytes.withUnsafeMutableBytes { buffer in
            buffer.withMemoryRebound(to: CChar.self) { text in
                text.baseAddress.map { readlink("/proc/thread-self/fd/\(raw)", $0, text.count) } ?? 0
            }
        }
        guard count > 0, count <= 4096, bytes[0] == UInt8(ascii: "/") else { return nil }
        let path = String(decoding: bytes[..<count], as: UTF8.self)
        return path.hasSuffix(" (deleted)") ? nil : path
    }
}

/// The facts of a file, links not followed.
struct FileStatus {
    private let facts: pintle_storage_status

    /// The status of `name` in `directory`, or of `directory` itself for an empty name; nil when there is nothing.
    init?(_ name: String = "", in directory: Int32, shown: String) throws(VolumeError) {
        var facts = pintle_storage_status()
        let result = pintle_storage_stat(directory, name, &facts)
        if result == -ENOENT { return nil }
        guard result == 0 else { throw .system(-result, "can't stat", shown) }
        self.facts = facts
    }

    /// The same for a name that need not be UTF-8, NUL-terminated.
    init?(_ name: [CChar], in directory: Int32, shown: String) throws(VolumeError) {
        var facts = pintle_storage_status()
        let result = pintle_storage_stat(directory, name, &facts)
        if result == -ENOENT { return nil }
        guard result == 0 else { throw .system(-result, "can't stat a file in", shown) }
        self.facts = facts
    }

    private var kind: mode_t { mode_t(facts.mode) & S_IFMT }
    var isDirectory: Bool { kind == S_IFDIR }
    var isFile: Bool { kind == S_IFREG }
    var isLink: Bool { kind == S_IFLNK }
    var isSocket: Bool { kind == S_IFSOCK }
    var isCharacterDevice: Bool { kind == S_IFCHR }
    var isBlockDevice: Bool { kind == S_IFBLK }
    var isMountRoot: Bool { facts.is_mount_root != 0 }
    var permissions: UInt32 { facts.mode & 0o7777 }
    var mountID: UInt64 { facts.mount_id }
    var group: UInt32 { facts.gid }
    var links: UInt32 { facts.links }
    var size: UInt64 { facts.size }
    var allocatedBytes: UInt64 { facts.blocks * 512 }
    var identity: FileIdentity { FileIdentity(device: facts.device, inode: facts.inode) }
}

/// Which file it is, whatever its name.
struct FileIdentity: Hashable {
    let device: UInt64
    let inode: UInt64
}

/// What a file system holds.
struct FileSystemSpace {
    private let facts: pintle_storage_space

    init(_ descriptor: borrowing Descriptor, shown: String) throws(VolumeError) {
        var facts = pintle_storage_space()
        let result = pintle_storage_statfs(descriptor.raw, &facts)
        guard result == 0 else { throw .system(-result, "can't read the space of", shown) }
        self.facts = facts
    }

    var totalBytes: UInt64 { facts.total_bytes }
    var usedBytes: UInt64 { facts.total_bytes - facts.free_bytes }
    var availableBytes: UInt64 { facts.available_bytes }
    var totalInodes: UInt64 { facts.total_inodes }
    var freeInodes: UInt64 { facts.free_inodes }
    var isReadOnly: Bool { facts.readonly != 0 }
    var isTmpfs: Bool { facts.type == pintle_storage_tmpfs_magic() }
}
