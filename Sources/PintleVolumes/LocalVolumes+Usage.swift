internal import CPintleStorage
internal import Glibc

extension LocalVolumes {
    /// What the volume at `path` holds.
    ///
    /// A mounted volume (hostPath, emptyDir in memory) answers with its file system's figures at once; an emptyDir on
    /// disk is walked, each file counted once, which takes its time: ask seldom.
    ///
    /// - Throws: ``VolumeError/Code/notFound`` when nothing is there.
    public func usage(at path: String, isCancelled: () -> Bool = { false }) throws(VolumeError) -> VolumeUsage {
        guard let place = try TargetPlace(path, below: configuration.podsDirectory), let found = try place.status()
        else { throw VolumeError(.notFound, reason: "VolumeNotFound", "no volume is at \(path)") }
        let root = try place.open(flags: PINTLE_STORAGE_O_PATH)
        let space = try FileSystemSpace(root, shown: path)
        var usage = VolumeUsage(
            totalBytes: space.totalBytes, usedBytes: space.usedBytes, availableBytes: space.availableBytes,
            totalInodes: space.totalInodes, usedInodes: space.totalInodes - space.freeInodes,
            freeInodes: space.freeInodes)
        guard !found.isMountRoot, found.isDirectory else { return usage }
        let readable = try place.open(flags: O_RDONLY | O_DIRECTORY)
        var tally = TreeTally(path: path)
        try tally.add([0], in: readable.raw)
        do {
            try TreeWalk.walk(readable, path: path, visitor: &tally, isCancelled: isCancelled)
        } catch  where error.reason == "TreeChanged" {
            // Counted as far as it went: a tree that moves under the walk has no exact size.
        }
        usage.usedBytes = tally.bytes
        usage.usedInodes = tally.inodes
        return usage
    }
}

/// Sums up what files take on disk, as `du` does.
struct TreeTally: TreeVisitor {
    let path: String
    private(set) var bytes: UInt64 = 0
    private(set) var inodes: UInt64 = 0
    private var linked: Set<FileIdentity> = []

    init(path: String) { self.path = path }

    mutating func add(_ name: [CChar], in directory: Int32) throws(VolumeError) {
        guard let status = try FileStatus(name, in: directory, shown: path) else { return }
        if status.links > 1, !status.isDirectory, !linked.insert(status.identity).inserted { return }
        bytes += status.allocatedBytes
        inodes += 1
    }

    mutating func file(_ name: [CChar], in directory: Int32) throws(VolumeError) { try add(name, in: directory) }

    mutating func willEnter(_ name: [CChar], in directory: Int32) throws(VolumeError) { try add(name, in: directory) }

    mutating func mount(_ name: [CChar], in directory: Int32) throws(VolumeError) {}

    mutating func didLeave(_ name: [CChar], in directory: Int32) throws(VolumeError) -> TreeWalk.Next { .goOn }
}
