internal import CPintleStorage
internal import Glibc

/// Puts a path of the node at a volume's place, with all mounts below it.
struct HostPathVolume {
    let request: VolumeRequest
    let resolver: HostPathResolver

    func publish(at place: borrowing TargetPlace) throws(VolumeError) {
        let source = try resolver.resolve()
        guard let status = try FileStatus(in: source.raw, shown: resolver.path) else {
            throw .system(ENOENT, "can't stat", resolver.path)
        }
        if let found = try place.status(), found.isMountRoot {
            return try checkSame(found, place, source, status)
        }
        let isNew = try place.makeMountPoint(directory: status.isDirectory)
        do {
            try place.bind(source, for: request, shown: resolver.path)
        } catch {
            if isNew { place.removeMountPoint() }
            throw error
        }
    }

    /// A mount is there already: it must be of the same file and as writable as asked.
    private func checkSame(
        _ found: FileStatus, _ place: borrowing TargetPlace, _ source: borrowing Descriptor, _ status: FileStatus
    ) throws(VolumeError) {
        guard found.identity == status.identity else {
            throw VolumeError(
                .conflict, reason: "PublishedDifferently", "something else than \(resolver.path) is at \(place.path)")
        }
        let target = try place.open(flags: PINTLE_STORAGE_O_PATH)
        let isReadOnly = try FileSystemSpace(target, shown: place.path).isReadOnly
        let canBeWritten = try !FileSystemSpace(source, shown: resolver.path).isReadOnly
        if canBeWritten, isReadOnly != request.isReadOnly {
            throw VolumeError(
                .conflict, reason: "PublishedDifferently",
                "\(place.path) is \(isReadOnly ? "read-only" : "writable") already; unpublish it first")
        }
    }
}
