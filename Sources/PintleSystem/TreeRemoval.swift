import Glibc

/// Removes directories with all that is in them.
package enum TreeRemoval {
    /// Removes a path.
    ///
    /// A missing one is a success. Links are removed, never followed, and mount points are left alone.
    ///
    /// - Throws: ``SystemError`` for the first thing that could not be removed; the rest is removed nevertheless.
    package static func remove(_ path: String) throws(SystemError) {
        if unlink(path) == 0 || errno == ENOENT { return }
        guard errno == EISDIR || errno == EPERM || errno == EBUSY else { throw SystemError("unlink", path) }
        if rmdir(path) == 0 { return }
        var failure: SystemError?
        let fd = open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        if fd >= 0 { failure = empty(fd, path) }
        guard rmdir(path) == 0 || errno == ENOENT else { throw failure ?? SystemError("rmdir", path) }
    }

    /// Empties a directory and closes its descriptor.
    ///
    /// Returns the first failure.
    private static func empty(_ descriptor: Int32, _ path: String) -> SystemError? {
        guard let directory = fdopendir(descriptor) else {
            close(descriptor)
            return SystemError("opendir", path)
        }
        defer { closedir(directory) }
        var failure: SystemError?
        while let entry = readdir(directory) {
            let name = withUnsafePointer(to: &entry.pointee.d_name) { pointer in
                pointer.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
            }
            if name == "." || name == ".." { continue }
            if let failed = remove(name, in: dirfd(directory), path) { failure = failure ?? failed }
        }
        return failure
    }

    private static func remove(_ name: String, in parent: Int32, _ path: String) -> SystemError? {
        if unlinkat(parent, name, 0) == 0 || errno == ENOENT { return nil }
        let child = openat(parent, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW | O_CLOEXEC)
        guard child >= 0 else {
            // Overlay leaves a directory without any permission; only root's capabilities open it.
            return unlinkat(parent, name, AT_REMOVEDIR) == 0 ? nil : SystemError("unlink", "\(path)/\(name)")
        }
        let failure = empty(child, "\(path)/\(name)")
        if unlinkat(parent, name, AT_REMOVEDIR) == 0 || errno == ENOENT { return nil }
        return failure ?? SystemError("rmdir", "\(path)/\(name)")
    }
}
