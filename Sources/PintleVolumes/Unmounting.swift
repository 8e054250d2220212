internal import CPintleStorage
internal import Glibc

/// Takes away every mount at a volume's place and below.
///
/// Each is reached by descriptors from the place's own directory, never through a link, so nothing that a pod swaps
/// meanwhile leads elsewhere. First the tree is made private: unmounting below a shared mount would unmount the
/// node's own.
enum Unmounting {
    /// How often the table is read again while mounts come and go.
    private static let rounds = 64
    /// How often a busy mount is tried again, 10 ms apart, before it is unmounted lazily.
    private static let busyTries = 20

    static func unmountAll(
        at place: borrowing TargetPlace, isCancelled: () -> Bool
    ) throws(VolumeError) {
        let real = try place.realPath()
        for _ in 0..<rounds {
            let mounts = try MountTable.current().below(real)
            if mounts.isEmpty { return }
            if mounts.contains(where: \.isShared) {
                // EINVAL: what is on top is no mount (any more); the table is read again.
                let result = pintle_storage_make_private(place.parent.raw, place.name)
                guard result == 0 || result == -EINVAL || result == -ENOENT else {
                    throw .system(-result, "can't make private", place.path)
                }
                if result == -EINVAL { try makePrivateBelow(place, mounts, real) }
            }
            for mount in mounts {
                if isCancelled() { throw .cancelled }
                try unmount(mount, place, real, isCancelled)
            }
        }
        throw VolumeError(.busy, reason: "MountsRemain", "mounts keep appearing at \(place.path)")
    }

    /// The place itself is a plain directory with mounts in it: each is private on its own.
    private static func makePrivateBelow(
        _ place: borrowing TargetPlace, _ mounts: [MountTable.Mount], _ real: String
    ) throws(VolumeError) {
        for mount in mounts.reversed() where mount.isShared {
            try inParent(of: mount, place, real) { directory, name in
                _ = pintle_storage_make_private(directory, name)
            }
        }
    }

    /// Unmounts what is on top at a mount point; nothing when it is covered, moved or gone.
    private static func unmount(
        _ mount: MountTable.Mount, _ place: borrowing TargetPlace, _ real: String, _ isCancelled: () -> Bool
    ) throws(VolumeError) {
        var failure: Int32 = 0
        for attempt in 0...busyTries {
            if attempt > 0 {
                if isCancelled() { throw .cancelled }
                usleep(10_000)
            }
            failure = 0
            try inParent(of: mount, place, real) { directory, name in
                failure = -pintle_storage_unmount(directory, name, attempt == busyTries ? 1 : 0)
            }
            if failure != EBUSY { break }
        }
        switch failure {
        case 0, EINVAL, ENOENT, ENOTDIR, ELOOP: return
        default: throw .system(failure, "can't unmount", mount.path)
        }
    }

    /// Lends the directory that holds a mount point, and its name; not when the way there is gone.
    private static func inParent(
        of mount: MountTable.Mount, _ place: borrowing TargetPlace, _ real: String, _ body: (Int32, [CChar]) -> Void
    ) throws(VolumeError) {
        let slash = UInt8(ascii: "/")
        var names = mount.mountPoint.dropFirst(real.utf8.count).split(separator: slash)
        guard let name = names.popLast() else { return body(place.parent.raw, Self.terminated(Array(place.name.utf8))) }
        let relative = ([Array(place.name.utf8)[...]] + names).joined(separator: [slash])
        let opened = pintle_storage_open(
            place.parent.raw, Self.terminated(relative), PINTLE_STORAGE_O_PATH | O_DIRECTORY | O_NOFOLLOW, 0,
            Descriptor.Resolve.strict.rawValue)
        guard opened >= 0 else { return }
        let directory = Descriptor(adopting: opened)
        body(directory.raw, Self.terminated(name))
    }

    private static func terminated(_ bytes: some Sequence<UInt8>) -> [CChar] {
        bytes.map { CChar(bitPattern: $0) } + [0]
    }
}
