internal import Glibc

/// Deletes a directory with all that is in it, following no link and crossing no mount.
enum DirectoryRemoval {
    /// - Throws: ``Failure`` that names the first path that is left.
    static func remove(_ path: String) throws {
        guard path.split(separator: "/").count >= 2 else {
            throw Failure("\(path) is too close to the root to be deleted; delete it yourself")
        }
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        try remove(path, device: status.st_dev)
    }

    private static func remove(_ path: String, device: dev_t) throws {
        var status = stat()
        guard lstat(path, &status) == 0 else { return }
        guard status.st_mode & S_IFMT == S_IFDIR else {
            guard unlink(path) == 0 else { throw Failure("\(path) can't be deleted: \(NodeDirectory.reason())") }
            return
        }
        guard status.st_dev == device else { throw Failure("\(path) is a mount; unmount it and try again") }
        guard let directory = opendir(path) else { throw Failure("\(path) can't be read: \(NodeDirectory.reason())") }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        closedir(directory)
        for name in names { try remove("\(path)/\(name)", device: device) }
        guard rmdir(path) == 0 else { throw Failure("\(path) can't be deleted: \(NodeDirectory.reason())") }
    }
}
