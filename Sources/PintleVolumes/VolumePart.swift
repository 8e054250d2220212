internal import CPintleStorage
internal import Glibc

/// Puts a file or directory of a published volume at a place of its own, for a mount with a subPath.
///
/// The volume belongs to containers, which may swap links in it at any moment. So every step goes by descriptors from
/// the volume's root, the kernel refuses whatever leaves it, and what was opened is what gets mounted.
struct VolumePart {
    let request: VolumeRequest
    /// Relative to the volume.
    let path: String

    func publish(
        of volume: borrowing TargetPlace, at place: borrowing TargetPlace, isCancelled: () -> Bool
    ) throws(VolumeError) {
        let names = path.split(separator: "/").map(String.init).filter { $0 != "." }
        guard !path.hasPrefix("/"), !names.isEmpty, !names.contains(".."), !path.utf8.contains(0) else {
            throw VolumeError(.invalid, reason: "InvalidSubPath", "subPath \(path) is not a path inside of a volume")
        }
        let root = try volume.open(flags: PINTLE_STORAGE_O_PATH)
        let source = try find(names, root)
        guard let status = try FileStatus(in: source.raw, shown: path) else {
            throw .system(ENOENT, "can't stat", path)
        }
        if let found = try place.status(), found.isMountRoot {
            if found.identity == status.identity { return }
            // A container that is started again: what it means may be another file by now.
            try Unmounting.unmountAll(at: place, isCancelled: isCancelled)
        }
        let isNew = try place.makeMountPoint(directory: status.isDirectory)
        do {
            try place.bind(source, for: request, shown: path)
        } catch {
            if isNew { place.removeMountPoint() }
            throw error
        }
    }

    /// Opens the path; what is missing of it is made as directories.
    private func find(_ names: [String], _ root: borrowing Descriptor) throws(VolumeError) -> Descriptor {
        let whole = names.joined(separator: "/")
        // Whoever creates or removes parts of the path meanwhile gets some turns, not a wrong answer.
        for _ in 0..<100 {
            let found = try Descriptor.openIfPresent(
                whole, in: root.raw, flags: PINTLE_STORAGE_O_PATH, resolve: Self.inside, shown: path)
            if let found { return found }
            try makeDirectories(names, root)
        }
        throw VolumeError(.busy, reason: "SubPathUnstable", "subPath \(path) keeps appearing and vanishing")
    }

    /// Links may be followed as long as they stay in the volume.
    private static let inside: Descriptor.Resolve = [.beneath, .noMagic]

    private func makeDirectories(_ names: [String], _ root: borrowing Descriptor) throws(VolumeError) {
        guard let rootStatus = try FileStatus(in: root.raw, shown: path) else { return }
        var count = names.count - 1
        var start: Descriptor?
        while count > 0, start == nil {
            start = try Descriptor.openIfPresent(
                names[..<count].joined(separator: "/"), in: root.raw, flags: O_RDONLY | O_DIRECTORY,
                resolve: Self.inside, shown: path)
            if start == nil { count -= 1 }
        }
        var directory: Descriptor
        if let start = start.take() {
            directory = start
        } else {
            directory = try Descriptor.open(
                ".", in: root.raw, flags: O_RDONLY | O_DIRECTORY, resolve: .strict, shown: path)
        }
        for name in names[count...] {
            let made = mkdirat(directory.raw, name, 0o700) == 0
            // A link to nowhere counts as there, and the kernel will say what is wrong with it.
            guard made || errno == EEXIST else { throw .system(errno, "can't make", path) }
            let next = pintle_storage_open(
                directory.raw, name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0, Descriptor.Resolve.strict.rawValue)
            if next == -ENOENT { return }
            guard next >= 0 else { throw .system(-next, "can't open", path) }
            directory = Descriptor(adopting: next)
            // As the volume's root, so that whoever may write there may write here.
            if made, fchmod(directory.raw, mode_t(rootStatus.permissions)) != 0 {
                throw .system(errno, "can't set the mode of", path)
            }
        }
    }
}
