internal import CPintleStorage
internal import Glibc

/// Makes an emptyDir: a directory of the pods directory's file system, or a tmpfs.
///
/// It appears with its final mode and group, so whatever is found there on a repeated call is complete.
struct EmptyDirectory {
    let request: VolumeRequest
    let medium: VolumeRequest.Medium
    let sizeLimit: UInt64?

    /// kubelet's: anyone may write, with an fsGroup its group owns what is made.
    private var mode: UInt32 { request.fsGroup == nil ? 0o777 : 0o2777 }

    func publish(at place: borrowing TargetPlace, isCancelled: () -> Bool) throws(VolumeError) {
        guard let found = try place.status() else {
            return medium == .memory ? try mountMemory(place) : try makeDirectory(place)
        }
        guard found.isDirectory else { throw conflict(place, "a file") }
        switch (medium, found.isMountRoot) {
        case (.memory, false):
            try mountMemory(place)
        case (.memory, true):
            let root = try place.open(flags: PINTLE_STORAGE_O_PATH)
            guard try FileSystemSpace(root, shown: place.path).isTmpfs,
                try MountTable.current().mount(id: found.mountID)?.isWhole == true
            else { throw conflict(place, "another mount") }
            try giveToGroup(place, found, isCancelled)
        case (.disk, true):
            throw conflict(place, "a mount")
        case (.disk, false):
            try giveToGroup(place, found, isCancelled)
        }
    }

    private func conflict(_ place: borrowing TargetPlace, _ what: String) -> VolumeError {
        VolumeError(.conflict, reason: "PublishedDifferently", "\(what) is at \(place.path) already")
    }

    /// Made under another name and renamed, so that a crash leaves no half-made volume.
    private func makeDirectory(_ place: borrowing TargetPlace) throws(VolumeError) {
        let draft = Self.draftName(of: place.name)
        guard mkdirat(place.parent.raw, draft, 0o700) == 0 || errno == EEXIST else {
            throw .system(errno, "can't make", place.path)
        }
        let directory = try Descriptor.open(
            draft, in: place.parent.raw, flags: O_RDONLY | O_DIRECTORY | O_NOFOLLOW, resolve: .strict,
            shown: place.path)
        if let group = request.fsGroup, fchown(directory.raw, uid_t.max, group) != 0 {
            throw .system(errno, "can't give to group \(group):", place.path)
        }
        guard fchmod(directory.raw, mode_t(mode)) == 0 else {
            throw .system(errno, "can't set the mode of", place.path)
        }
        guard renameat(place.parent.raw, draft, place.parent.raw, place.name) == 0 else {
            throw .system(errno, "can't make", place.path)
        }
    }

    /// What ``makeDirectory(_:)`` may leave behind when the process is killed.
    ///
    /// Volume names have no dots.
    static func draftName(of name: String) -> String { ".\(name).new" }

    private func mountMemory(_ place: borrowing TargetPlace) throws(VolumeError) {
        // size=0 means no limit to the kernel, and an empty text its default of half the memory.
        let size = sizeLimit.map { $0 == 0 ? "" : String($0) } ?? ""
        let made = pintle_storage_tmpfs(size, mode, request.fsGroup ?? 0)
        guard made >= 0 else { throw .system(-made, "can't make a tmpfs for", place.path) }
        let tree = Descriptor(adopting: made)
        let isNew = try place.makeMountPoint(directory: true)
        let target = try place.open(flags: PINTLE_STORAGE_O_PATH | O_DIRECTORY)
        let attached = pintle_storage_attach(tree.raw, target.raw)
        guard attached == 0 else {
            if isNew { place.removeMountPoint() }
            throw .system(-attached, "can't mount a tmpfs at", place.path)
        }
    }

    /// Sets the group of what exists, as the policy says.
    private func giveToGroup(
        _ place: borrowing TargetPlace, _ found: FileStatus, _ isCancelled: () -> Bool
    ) throws(VolumeError) {
        guard let group = request.fsGroup else { return }
        let fits = found.group == group && found.permissions & 0o2770 == 0o2770
        if fits, request.changesGroupOnRootMismatchOnly { return }
        let root = try place.open(flags: O_RDONLY | O_DIRECTORY)
        var visitor = GroupChange(group: group, path: place.path)
        try TreeWalk.walk(root, path: place.path, visitor: &visitor, isCancelled: isCancelled)
        // The root comes last, so that an interrupted walk is seen as one.
        let result = pintle_storage_set_owner(
            place.parent.raw, place.name, Int64(group), found.permissions | GroupChange.directoryBits)
        guard result == 0 else { throw .system(-result, "can't give to group \(group):", place.path) }
    }
}

/// Gives all below a directory to a group, as kubelet's SetVolumeOwnership does.
struct GroupChange: TreeVisitor {
    static let fileBits: UInt32 = 0o660
    static let directoryBits: UInt32 = 0o2770
    let group: UInt32
    let path: String

    mutating func file(_ name: [CChar], in directory: Int32) throws(VolumeError) {
        try change(name, directory, Self.fileBits)
    }

    mutating func willEnter(_ name: [CChar], in directory: Int32) throws(VolumeError) {
        try change(name, directory, Self.directoryBits)
    }

    mutating func mount(_ name: [CChar], in directory: Int32) throws(VolumeError) {}

    mutating func didLeave(_ name: [CChar], in directory: Int32) throws(VolumeError) -> TreeWalk.Next { .goOn }

    private func change(_ name: [CChar], _ directory: Int32, _ bits: UInt32) throws(VolumeError) {
        guard let status = try FileStatus(name, in: directory, shown: path) else { return }
        let result = pintle_storage_set_owner(directory, name, Int64(group), status.permissions | bits)
        guard result == 0 || result == -ENOENT else {
            throw .system(-result, "can't give a file to group \(group) in", path)
        }
    }
}
