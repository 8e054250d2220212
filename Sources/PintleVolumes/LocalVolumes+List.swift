internal import Glibc

extension LocalVolumes {
    /// The volumes that exist below the pods directory, also those of an earlier process.
    ///
    /// It looks at names and at the table of mounts only, so a dead file system does not hold it up. Unfinished drafts
    /// are listed as their volume, so that unpublishing removes them.
    ///
    /// - Parameter podUID: One pod only; nil for all.
    /// - Returns: By pod and name. Empty when there is no pods directory.
    /// - Throws: ``VolumeError`` when a directory can't be read.
    public func published(podUID: String? = nil) throws(VolumeError) -> [PublishedVolume] {
        let pods = try Descriptor.openIfPresent(configuration.podsDirectory, flags: O_RDONLY | O_DIRECTORY)
        guard let pods, let real = pods.path() else { return [] }
        let mountPoints = Set(try MountTable.current().below(real).map(\.path))
        var found: [PublishedVolume] = []
        for uid in try Self.directories(in: pods) where podUID == nil || podUID == uid {
            let volumes = try Descriptor.openIfPresent(
                "\(uid)/volumes", in: pods.raw, flags: O_RDONLY | O_DIRECTORY, resolve: .strict)
            guard let volumes else { continue }
            for name in Set(try Self.names(in: volumes).map(Self.volumeName)).sorted() {
                let tail = "/\(uid)/volumes/\(name)"
                let isMounted = mountPoints.contains(real + tail)
                let path = configuration.podsDirectory + tail
                found.append(PublishedVolume(podUID: uid, name: name, path: path, isMounted: isMounted))
            }
        }
        return found
    }

    private static func volumeName(_ name: String) -> String {
        name.hasPrefix(".") && name.hasSuffix(".new") ? String(name.dropFirst().dropLast(4)) : name
    }

    private static func names(in directory: borrowing Descriptor) throws(VolumeError) -> [String] {
        try entries(in: directory).map(\.text)
    }

    private static func directories(in directory: borrowing Descriptor) throws(VolumeError) -> [String] {
        try entries(in: directory).filter(\.mayBeDirectory).map(\.text).sorted()
    }

    private static func entries(in directory: borrowing Descriptor) throws(VolumeError) -> [DirectoryLevel.Entry] {
        let again = try Descriptor.open(".", in: directory.raw, flags: O_RDONLY | O_DIRECTORY)
        let level = try DirectoryLevel(adopting: again, name: [0], path: "the pods directory")
        var entries: [DirectoryLevel.Entry] = []
        while let entry = try level.next() { entries.append(entry) }
        return entries
    }
}
