internal import CPintleStorage
internal import Glibc

/// The place of a volume: a name in a directory below the pods directory that was reached without following a link.
struct TargetPlace: ~Copyable {
    /// The directory that holds the volume.
    let parent: Descriptor
    /// The volume's name in it.
    let name: String
    /// The whole path, for people.
    let path: String

    /// Finds `path`; nil when its parent does not exist.
    ///
    /// The configured pods directory may contain links (it is the administrator's), what follows may not.
    ///
    /// - Throws: ``VolumeError/Code/invalid`` when the path is not below the pods directory.
    init?(_ path: String, below podsDirectory: String) throws(VolumeError) {
        let trimmed = VolumeConfiguration.trimmed(path)
        guard VolumeConfiguration.isPlainAbsolute(path), trimmed != podsDirectory,
            VolumeConfiguration.contains(podsDirectory, trimmed)
        else {
            throw VolumeError(
                .invalid, reason: "InvalidTargetPath", "\(path) is not below the pods directory \(podsDirectory)")
        }
        var names = trimmed.dropFirst(podsDirectory.count).split(separator: "/").map(String.init)
        guard let last = names.popLast() else {
            throw VolumeError(.invalid, reason: "InvalidTargetPath", "\(path) names no volume")
        }
        guard let pods = try Descriptor.openIfPresent(podsDirectory, flags: O_RDONLY | O_DIRECTORY) else { return nil }
        let relative = names.isEmpty ? "." : names.joined(separator: "/")
        let opened = try Descriptor.openIfPresent(
            relative, in: pods.raw, flags: O_RDONLY | O_DIRECTORY, resolve: .strict, shown: trimmed)
        guard let opened else { return nil }
        parent = opened
        name = last
        self.path = trimmed
    }

    /// What is there, a mount included; nil for nothing.
    borrowing func status() throws(VolumeError) -> FileStatus? {
        try FileStatus(name, in: parent.raw, shown: path)
    }

    /// Opens what is there; a link is refused.
    borrowing func open(flags: Int32) throws(VolumeError) -> Descriptor {
        try Descriptor.open(name, in: parent.raw, flags: flags | O_NOFOLLOW, resolve: .strict, shown: path)
    }

    /// Where it really is, as mountinfo shows it.
    borrowing func realPath() throws(VolumeError) -> String {
        guard let directory = parent.path() else { throw .system(ENOENT, "can't find", path) }
        return directory == "/" ? "/" + name : directory + "/" + name
    }

    /// Makes an empty directory or file there to mount on, replacing an empty one of the other kind.
    ///
    /// - Returns: Whether it was made now.
    borrowing func makeMountPoint(directory: Bool) throws(VolumeError) -> Bool {
        for _ in 0..<10 {
            let made =
                directory
                ? mkdirat(parent.raw, name, 0o755) == 0 ? 0 : -errno
                : pintle_storage_open(parent.raw, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o600, 0)
            if made >= 0 {
                if !directory { close(made) }
                return true
            }
            guard made == -EEXIST else { throw .system(-made, "can't make", path) }
            guard let found = try status() else { continue }
            if found.isDirectory == directory, !found.isLink { return false }
            // Left by an earlier try for another kind; anything with contents is not ours to remove.
            guard unlinkat(parent.raw, name, found.isDirectory ? AT_REMOVEDIR : 0) == 0 || errno == ENOENT else {
                throw .system(errno, "can't replace", path)
            }
        }
        throw VolumeError(.busy, reason: "TargetUnstable", "\(path) keeps changing")
    }

    /// Removes an empty mount point again; what is not empty or gone is left.
    borrowing func removeMountPoint() {
        guard let found = try? status() else { return }
        if found.isDirectory {
            _ = unlinkat(parent.raw, name, AT_REMOVEDIR)
        } else if found.size == 0 {
            _ = unlinkat(parent.raw, name, 0)
        }
    }
}
