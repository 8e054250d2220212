internal import Glibc

/// The mounts that the calling thread sees, from /proc/thread-self/mountinfo.
struct MountTable {
    /// One mount.
    struct Mount: Equatable {
        let id: UInt64
        /// Where it is: bytes, which need not be UTF-8.
        let mountPoint: [UInt8]

        /// The mount point for people and for comparing with known paths.
        var path: String { String(decoding: mountPoint, as: UTF8.self) }
        /// Whether it shows its file system from the root on, not a part of it as bind mounts do.
        let isWhole: Bool
        /// Whether it is in a peer group, so that unmounting below it reaches others.
        let isShared: Bool
    }

    let mounts: [Mount]

    /// Reads the table as it is now.
    static func current() throws(VolumeError) -> MountTable {
        let path = "/proc/thread-self/mountinfo"
        let file = try Descriptor.open(path, flags: O_RDONLY)
        var text: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 65_536)
        while true {
            let count = read(file.raw, &buffer, buffer.count)
            if count < 0, errno == EINTR { continue }
            guard count >= 0 else { throw .system(errno, "can't read", path) }
            if count == 0 { break }
            text += buffer[..<count]
        }
        return MountTable(parsing: text)
    }

    /// Parses lines such as `36 35 98:0 /root /mount/point rw,noatime master:1 - ext3 /dev/root rw`.
    init(parsing text: [UInt8]) {
        var mounts: [Mount] = []
        for line in text.split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "))
            guard fields.count > 6, let id = UInt64(String(decoding: fields[0], as: UTF8.self)) else { continue }
            let options = fields[6...].prefix { !$0.elementsEqual([UInt8(ascii: "-")]) }
            let isShared = options.contains { $0.starts(with: "shared:".utf8) }
            let isWhole = fields[3].elementsEqual([UInt8(ascii: "/")])
            mounts.append(
                Mount(id: id, mountPoint: Self.unescape(fields[4]), isWhole: isWhole, isShared: isShared))
        }
        self.mounts = mounts
    }

    /// The mounts at `path` and below, deepest first.
    func below(_ path: String) -> [Mount] {
        mounts.filter { $0.mountPoint.starts(with: path.utf8) && VolumeConfiguration.contains(path, $0.path) }
            .sorted { Self.depth($0) > Self.depth($1) }
    }

    /// The mount that a file is on, by its id.
    func mount(id: UInt64) -> Mount? { mounts.first { $0.id == id } }

    private static func depth(_ mount: Mount) -> Int { mount.mountPoint.count { $0 == UInt8(ascii: "/") } }

    /// Spaces, tabs, newlines and backslashes are written as three octal digits.
    private static func unescape(_ field: ArraySlice<UInt8>) -> [UInt8] {
        guard field.contains(UInt8(ascii: "\\")) else { return Array(field) }
        var bytes: [UInt8] = []
        var rest = field
        while let byte = rest.popFirst() {
            let digits = rest.prefix(3)
            if byte == UInt8(ascii: "\\"), digits.count == 3,
                let value = UInt8(String(decoding: digits, as: UTF8.self), radix: 8)
            {
                bytes.append(value)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return bytes
    }
}
