internal import CPintleStorage
internal import Glibc

/// One directory on a walk's way down: its descriptor while open, and where reading goes on.
final class DirectoryLevel {
    /// A name in the directory.
    struct Entry {
        /// Bytes as they are, NUL-terminated.
        let name: [CChar]
        /// False only when the file system said that it is something else.
        let mayBeDirectory: Bool
        /// Where reading goes on after it.
        let offset: Int64

        /// The name for people.
        var text: String { name.withUnsafeBytes { String(decoding: $0.dropLast(), as: UTF8.self) } }
    }

    /// The directory's name in the one before it.
    let name: [CChar]
    /// Borrowed; -1 while released.
    private(set) var descriptor: Int32
    private let path: String
    private let identity: FileIdentity
    private var entries: ArraySlice<Entry> = []
    private var offset: Int64 = 0
    private var isAtEnd = false

    init(adopting owned: consuming Descriptor, name: [CChar], path: String) throws(VolumeError) {
        guard let status = try FileStatus(in: owned.raw, shown: path) else {
            throw .system(ENOENT, "can't stat", path)
        }
        identity = status.identity
        self.name = name
        self.path = path
        descriptor = fcntl(owned.raw, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .system(errno, "can't open", path) }
    }

    deinit { release() }

    /// Closes the descriptor; ``reopen(from:)`` brings it back.
    func release() {
        if descriptor >= 0 { close(descriptor) }
        descriptor = -1
        entries = []
    }

    /// Opens the directory again as the parent of `child`.
    func reopen(from child: Int32) throws(VolumeError) {
        guard descriptor < 0 else { return }
        let opened = try Descriptor.open("..", in: child, flags: O_RDONLY | O_DIRECTORY, shown: path)
        guard try FileStatus(in: opened.raw, shown: path)?.identity == identity else {
            throw VolumeError(.busy, reason: "TreeChanged", "a directory below \(path) was moved meanwhile")
        }
        descriptor = fcntl(opened.raw, F_DUPFD_CLOEXEC, 0)
        guard descriptor >= 0 else { throw .system(errno, "can't open", path) }
        isAtEnd = false
        _ = lseek(descriptor, Int(offset), SEEK_SET)
    }

    /// Reads from the beginning again.
    func rewind() {
        entries = []
        offset = 0
        isAtEnd = false
        _ = lseek(descriptor, 0, SEEK_SET)
    }

    /// The next name, without `.` and `..`; nil at the end.
    func next() throws(VolumeError) -> Entry? {
        while entries.isEmpty, !isAtEnd { try fill() }
        guard let entry = entries.popFirst() else { return nil }
        offset = entry.offset
        return entry
    }

    private func fill() throws(VolumeError) {
        let capacity = 32_768
        var read: [Entry] = []
        let count = withUnsafeTemporaryAllocation(byteCount: capacity, alignment: 8) { buffer in
            let count = pintle_storage_entries(descriptor, buffer.baseAddress, UInt64(capacity))
            if count > 0 { Self.parse(UnsafeRawBufferPointer(rebasing: buffer[..<Int(count)]), into: &read) }
            return count
        }
        guard count >= 0 else { throw .system(Int32(-count), "can't list", path) }
        isAtEnd = count == 0
        entries = read[...]
    }

    /// struct linux_dirent64: d_ino (8 B), d_off (8 B), d_reclen (2 B), d_type (1 B), d_name, NUL-terminated.
    private static func parse(_ bytes: UnsafeRawBufferPointer, into entries: inout [Entry]) {
        var start = 0
        while start + 19 < bytes.count {
            let length = Int(bytes.loadUnaligned(fromByteOffset: start + 16, as: UInt16.self))
            guard length > 19, start + length <= bytes.count else { return }
            let next = bytes.loadUnaligned(fromByteOffset: start + 8, as: Int64.self)
            let type = bytes[start + 18]
            let raw = bytes[(start + 19)..<(start + length)].prefix { $0 != 0 }
            start += length
            if raw.elementsEqual([0x2E]) || raw.elementsEqual([0x2E, 0x2E]) { continue }
            let mayBeDirectory = type == UInt8(DT_DIR) || type == UInt8(DT_UNKNOWN)
            let name = raw.map { CChar(bitPattern: $0) } + [0]
            entries.append(Entry(name: name, mayBeDirectory: mayBeDirectory, offset: next))
        }
    }
}
