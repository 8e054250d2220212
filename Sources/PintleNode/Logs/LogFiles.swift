internal import Glibc

/// Names of a container's log files: `N.log`, and what it was rotated to, `N.log.20060102-150405` or the same with `.gz`.
enum LogFiles {
    /// The ending of compressed files.
    static let compressed = ".gz"
    /// The ending of files that are being compressed; their names begin with a dot, so that nobody counts them.
    static let temporary = ".gz.tmp"

    /// A path's folder and name.
    static func split(_ path: String) -> (folder: String, name: String) {
        guard let slash = path.lastIndex(of: "/") else { return (".", path) }
        return (String(path[..<slash]), String(path[path.index(after: slash)...]))
    }

    /// A rotated file's name without `.gz`: names without it sort by age.
    static func stem(_ name: String) -> String {
        name.hasSuffix(compressed) ? String(name.dropLast(compressed.count)) : name
    }

    /// The rotated files of `current` by age, oldest first, without `.gz`; one of both kinds is told once.
    static func rotated(_ current: String) -> [String] {
        let (folder, base) = split(current)
        return Set(PodLogFolder.names(folder).filter { $0.hasPrefix(base + ".") }.map(stem)).sorted()
            .map { "\(folder)/\($0)" }
    }

    /// Device and inode of a path or descriptor.
    struct Identity: Hashable, Sendable {
        var device: UInt
        var inode: UInt
        /// Nanoseconds since 1970; a compressed file keeps that of its original.
        var modified: Int64

        init?(path: String) {
            var status = stat()
            guard stat(path, &status) == 0 else { return nil }
            self.init(status)
        }

        init?(descriptor: Int32) {
            var status = stat()
            guard fstat(descriptor, &status) == 0 else { return nil }
            self.init(status)
        }

        private init(_ status: stat) {
            device = UInt(status.st_dev)
            inode = UInt(status.st_ino)
            modified = Int64(status.st_mtim.tv_sec) * 1_000_000_000 + Int64(status.st_mtim.tv_nsec)
        }

        func isSameFile(as other: Identity) -> Bool { device == other.device && inode == other.inode }
    }
}
