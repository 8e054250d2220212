internal import Glibc

/// A node's directory under /run: records of what runs, sockets, and the claim on its pod range.
///
/// All of it is void after a reboot, so it lies in memory: where /run itself is no tmpfs, as in many containers, the
/// directory gets one of its own.
enum RunDirectory {
    /// Makes it; one that is there already stays as it is.
    ///
    /// - Throws: ``Failure`` when it can't be made.
    static func make(_ path: String) throws {
        guard mkdir(path, 0o700) == 0 else {
            if errno == EEXIST { return }
            throw Failure("\(path) can't be made: \(NodeDirectory.reason())")
        }
        guard device("/run") == device("/") else { return }
        // A disk does as well, only slower, so a refusal is none of ours.
        _ = mount("tmpfs", path, "tmpfs", UInt(MS_NOSUID | MS_NODEV | MS_NOEXEC), "mode=0700")
    }

    /// Deletes it with all that is in it.
    ///
    /// - Throws: ``Failure`` that names the first path that is left.
    static func remove(_ path: String) throws {
        if let own = device(path), own != device("/run"), umount2(path, Int32(MNT_DETACH | UMOUNT_NOFOLLOW)) != 0 {
            throw Failure("\(path) can't be unmounted: \(NodeDirectory.reason())")
        }
        try DirectoryRemoval.remove(path)
    }

    /// Deletes it when no pod needs it, as after a command that ran without a node.
    static func removeIfUnused(_ path: String) {
        // rmdir refuses a directory that holds something.
        if rmdir("\(path)/sandboxes") == 0 || errno == ENOENT { try? remove(path) }
    }

    private static func device(_ path: String) -> dev_t? {
        var status = stat()
        return lstat(path, &status) == 0 ? status.st_dev : nil
    }
}
