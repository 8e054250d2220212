internal import CPintleStorage
internal import Glibc

/// Finds the file that a hostPath volume means, and makes it where its type says so.
///
/// Links are followed, as Kubernetes does, but what counts is where the opened file really is: that path must be
/// allowed. The descriptor is what gets mounted, so nothing that is swapped later matters.
struct HostPathResolver {
    let path: String
    let type: HostPathType
    let allowedRoots: [String]

    /// Opens (O_PATH) what is at the path, checked.
    func resolve() throws(VolumeError) -> Descriptor {
        guard VolumeConfiguration.isPlainAbsolute(path) else {
            throw VolumeError(
                .invalid, reason: "InvalidHostPath", "hostPath \(path) must be absolute and must not contain '..'")
        }
        // Whoever creates or removes the path meanwhile gets another turn each, not a wrong answer.
        for _ in 0..<100 {
            if let found = try Descriptor.openIfPresent(path, flags: PINTLE_STORAGE_O_PATH, resolve: .noMagic) {
                try checkAllowed(found)
                try checkType(found)
                return found
            }
            switch type {
            case .unchecked, .directoryOrCreate: try makeDirectories()
            case .fileOrCreate: try makeFile()
            case .directory, .file, .socket, .characterDevice, .blockDevice: throw mismatch()
            }
        }
        throw VolumeError(.busy, reason: "HostPathUnstable", "hostPath \(path) keeps appearing and vanishing")
    }

    private func checkType(_ file: borrowing Descriptor) throws(VolumeError) {
        guard let status = try FileStatus(in: file.raw, shown: path) else { throw mismatch() }
        let fits =
            switch type {
            case .unchecked: true
            case .directoryOrCreate, .directory: status.isDirectory
            case .fileOrCreate, .file: status.isFile
            case .socket: status.isSocket
            case .characterDevice: status.isCharacterDevice
            case .blockDevice: status.isBlockDevice
            }
        if !fits { throw mismatch() }
    }

    /// Kubernetes' own words, which tests and people look for.
    private func mismatch() -> VolumeError {
        let expected =
            switch type {
            case .unchecked: "there"
            case .directoryOrCreate, .directory: "a directory"
            case .fileOrCreate, .file: "a file"
            case .socket: "a socket file"
            case .characterDevice: "a character device"
            case .blockDevice: "a block device"
            }
        return VolumeError(
            .invalid, reason: "HostPathTypeMismatch",
            "hostPath type check failed: \(VolumeConfiguration.trimmed(path)) is not \(expected)")
    }

    private func checkAllowed(_ file: borrowing Descriptor) throws(VolumeError) {
        if allowedRoots.contains("/") { return }
        guard let real = file.path() else {
            throw VolumeError(.permission, reason: "HostPathNotAllowed", "hostPath \(path) leads out of sight")
        }
        for root in allowedRoots {
            guard let opened = try? Descriptor.openIfPresent(root, flags: PINTLE_STORAGE_O_PATH),
                let realRoot = opened.path(),
                VolumeConfiguration.contains(realRoot, real)
            else { continue }
            return
        }
        let way = VolumeConfiguration.trimmed(path) == real ? path : "\(path), which is \(real),"
        throw VolumeError(
            .permission, reason: "HostPathNotAllowed",
            "hostPath \(way) is not below any of allowedHostPaths (\(allowedRoots.joined(separator: ", ")))")
    }

    /// Makes what is missing of the path, each step from the directory before it, never through a link just made.
    private func makeDirectories() throws(VolumeError) {
        let start = try deepestExisting()
        let missing = start.missing
        var directory = start.takeDirectory()
        for name in missing {
            let result = mkdirat(directory.raw, name, 0o755)
            guard result == 0 || errno == EEXIST else { throw .system(errno, "can't make", path) }
            let next = pintle_storage_open(
                directory.raw, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, Descriptor.Resolve.strict.rawValue)
            if next == -ENOENT || next == -ELOOP || next == -ENOTDIR { return }
            guard next >= 0 else { throw .system(-next, "can't open", path) }
            directory = Descriptor(adopting: next)
            // Not subject to the process' umask, which is not this driver's to change.
            if result == 0, fchmod(directory.raw, 0o755) != 0 { throw .system(errno, "can't set the mode of", path) }
        }
    }

    private func makeFile() throws(VolumeError) {
        let start = try deepestExisting()
        guard start.missing.count == 1, let name = start.missing.first else {
            throw .system(ENOENT, "can't make", path)
        }
        let made = pintle_storage_open(
            start.directory.raw, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0o644,
            Descriptor.Resolve.strict.rawValue)
        if made == -EEXIST {
            // A link to nowhere: Kubernetes would make what it points to; that is not worth the risk.
            if let status = try FileStatus(name, in: start.directory.raw, shown: path), status.isLink {
                throw mismatch()
            }
            return
        }
        guard made >= 0 else { throw .system(-made, "can't make", path) }
        let file = Descriptor(adopting: made)
        if fchmod(file.raw, 0o644) != 0 { throw .system(errno, "can't set the mode of", path) }
    }

    /// Where making what is missing begins.
    private struct Start: ~Copyable {
        let directory: Descriptor
        let missing: [String]

        consuming func takeDirectory() -> Descriptor { directory }
    }

    /// The last directory on the way that exists and is allowed, and the names after it.
    private func deepestExisting() throws(VolumeError) -> Start {
        let names = path.split(separator: "/").map(String.init)
        for count in stride(from: max(names.count - 1, 0), through: 0, by: -1) {
            let prefix = "/" + names[..<count].joined(separator: "/")
            let opened = try Descriptor.openIfPresent(prefix, flags: O_RDONLY | O_DIRECTORY, resolve: .noMagic)
            guard let opened else { continue }
            // Nothing is made outside of the allowed roots, so a root itself must exist.
            try checkAllowed(opened)
            return Start(directory: opened, missing: Array(names[count...]))
        }
        throw .system(ENOENT, "can't open", "/")
    }
}
