internal import CPintleStorage
internal import Glibc

extension LocalVolumes {
    /// Takes a volume away: unmounts all that is at `targetPath` and removes the mount point.
    ///
    /// With `deletingData` the contents of an emptyDir go too; without it a directory that is not empty stays. What is
    /// behind a hostPath is never touched: deleting follows no link and crosses no mount. What is gone is a success.
    ///
    /// - Throws: ``VolumeError``: `invalid` when the path is not below the pods directory; `busy` when mounts or files
    ///   keep appearing; `permission` for what can't be deleted (immutable files). Some may be gone then; repeat it.
    public func unpublish(
        at targetPath: String, deletingData: Bool, isCancelled: () -> Bool = { false }
    ) throws(VolumeError) {
        guard let place = try TargetPlace(targetPath, below: configuration.podsDirectory) else { return }
        try removeDraft(of: place)
        guard let found = try place.status() else { return }
        if found.isMountRoot { try Unmounting.unmountAll(at: place, isCancelled: isCancelled) }
        if deletingData {
            try delete(place, isCancelled)
        } else {
            place.removeMountPoint()
        }
    }

    private func removeDraft(of place: borrowing TargetPlace) throws(VolumeError) {
        guard unlinkat(place.parent.raw, EmptyDirectory.draftName(of: place.name), AT_REMOVEDIR) != 0 else { return }
        guard errno == ENOENT else { throw .system(errno, "can't delete the draft of", place.path) }
    }

    /// Deletes whatever is at the place.
    ///
    /// Others may add files or mounts meanwhile, so it takes several looks.
    private func delete(_ place: borrowing TargetPlace, _ isCancelled: () -> Bool) throws(VolumeError) {
        for _ in 0..<100 {
            if isCancelled() { throw .cancelled }
            guard let found = try place.status() else { return }
            guard found.isDirectory else {
                if unlinkat(place.parent.raw, place.name, 0) == 0 { return }
                if errno == EBUSY {
                    try Unmounting.unmountAll(at: place, isCancelled: isCancelled)
                } else if errno != ENOENT, errno != EISDIR {
                    throw .system(errno, "can't delete", place.path)
                }
                continue
            }
            if unlinkat(place.parent.raw, place.name, AT_REMOVEDIR) == 0 { return }
            switch errno {
            case ENOENT: return
            case EBUSY: try Unmounting.unmountAll(at: place, isCancelled: isCancelled)
            case ENOTEMPTY, EEXIST: try deleteContents(of: place, isCancelled)
            case ENOTDIR: continue
            default: throw .system(errno, "can't delete", place.path)
            }
        }
        throw VolumeError(.busy, reason: "FilesRemain", "files keep appearing in \(place.path)")
    }

    private func deleteContents(
        of place: borrowing TargetPlace, _ isCancelled: () -> Bool
    ) throws(VolumeError) {
        let opened = pintle_storage_open(
            place.parent.raw, place.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
            Descriptor.Resolve.strict.union(.noMounts).rawValue)
        if opened == -EXDEV || opened == -ENOENT || opened == -ENOTDIR || opened == -ELOOP { return }
        guard opened >= 0 else { throw .system(-opened, "can't open", place.path) }
        let root = Descriptor(adopting: opened)
        var deletion = TreeDeletion(path: place.path)
        do {
            try TreeWalk.walk(root, path: place.path, visitor: &deletion, isCancelled: isCancelled)
        } catch  where error.reason == "TreeChanged" {
            return
        }
        if deletion.metMount { try Unmounting.unmountAll(at: place, isCancelled: isCancelled) }
    }
}

/// A name for people.
private func shown(_ name: [CChar]) -> String {
    name.withUnsafeBytes { String(decoding: $0.dropLast(), as: UTF8.self) }
}

/// Deletes everything below a directory.
struct TreeDeletion: TreeVisitor {
    let path: String
    /// Whether something was left because a mount is on it.
    private(set) var metMount = false

    init(path: String) { self.path = path }

    mutating func file(_ name: [CChar], in directory: Int32) throws(VolumeError) {
        if unlinkat(directory, name, 0) == 0 { return }
        switch errno {
        case ENOENT: return
        case EBUSY: metMount = true
        case EISDIR: return  // It was replaced by a directory; the next look finds that.
        default: throw .system(errno, "can't delete \(shown(name)) in", path)
        }
    }

    mutating func willEnter(_ name: [CChar], in directory: Int32) throws(VolumeError) {}

    mutating func mount(_ name: [CChar], in directory: Int32) throws(VolumeError) { metMount = true }

    mutating func didLeave(_ name: [CChar], in directory: Int32) throws(VolumeError) -> TreeWalk.Next {
        if unlinkat(directory, name, AT_REMOVEDIR) == 0 { return .goOn }
        switch errno {
        case ENOENT, ENOTDIR, ENOTEMPTY, EEXIST: return .goOn  // Changed meanwhile; the next look finds what is left.
        case EBUSY:
            metMount = true
            return .goOn
        default: throw .system(errno, "can't delete \(shown(name)) in", path)
        }
    }
}
