internal import CPintleStorage
internal import Glibc

/// What is done with each thing in a directory tree.
///
/// Names are relative to `directory`, a borrowed descriptor; they are bytes, NUL-terminated, and need not be UTF-8.
protocol TreeVisitor {
    /// Anything that is no directory, links included.
    mutating func file(_ name: [CChar], in directory: Int32) throws(VolumeError)
    /// A directory, before what is in it.
    mutating func willEnter(_ name: [CChar], in directory: Int32) throws(VolumeError)
    /// A directory on which something is mounted; it is not entered.
    mutating func mount(_ name: [CChar], in directory: Int32) throws(VolumeError)
    /// A directory, after what is in it.
    mutating func didLeave(_ name: [CChar], in directory: Int32) throws(VolumeError) -> TreeWalk.Next
}

/// Walks a tree by descriptors: no link is followed, no mount crossed, whatever is renamed meanwhile.
///
/// Depth is bounded by the tree only: of a deep path just the last directories are held open, and the way up goes by
/// `..`, compared with what was there on the way down.
enum TreeWalk {
    /// What to do after a directory.
    enum Next { case goOn, again }

    /// How many directories are held open at once.
    static let openLimit = 32

    /// Walks everything below `root`, not `root` itself.
    ///
    /// - Throws: ``VolumeError``: what the visitor throws; `cancelled`; `busy` (reason `TreeChanged`) when a directory
    ///   on the way back up was moved away.
    static func walk(
        _ root: borrowing Descriptor, path: String, visitor: inout some TreeVisitor, isCancelled: () -> Bool
    ) throws(VolumeError) {
        let again = try Descriptor.open(
            ".", in: root.raw, flags: O_RDONLY | O_DIRECTORY, resolve: .strict, shown: path)
        var levels = [try DirectoryLevel(adopting: again, name: [0], path: path)]
        var steps = 0
        while let level = levels.last {
            steps &+= 1
            if steps & 0xFF == 0, isCancelled() { throw .cancelled }
            guard let entry = try level.next() else {
                try leave(&levels, &visitor)
                continue
            }
            guard entry.mayBeDirectory else {
                try visitor.file(entry.name, in: level.descriptor)
                continue
            }
            try enter(entry, &levels, &visitor, path)
        }
    }

    private static func enter(
        _ entry: DirectoryLevel.Entry, _ levels: inout [DirectoryLevel], _ visitor: inout some TreeVisitor,
        _ path: String
    ) throws(VolumeError) {
        guard let level = levels.last else { return }
        let opened = pintle_storage_open(
            level.descriptor, entry.name, O_RDONLY | O_DIRECTORY | O_NOFOLLOW, 0,
            Descriptor.Resolve.strict.union(.noMounts).rawValue)
        switch opened {
        case -ENOENT: return
        case -ENOTDIR, -ELOOP: return try visitor.file(entry.name, in: level.descriptor)
        case -EXDEV: return try visitor.mount(entry.name, in: level.descriptor)
        case ..<0: throw .system(-opened, "can't open \(entry.text) in", path)
        default: break
        }
        let directory = Descriptor(adopting: opened)
        try visitor.willEnter(entry.name, in: level.descriptor)
        levels.append(try DirectoryLevel(adopting: directory, name: entry.name, path: path))
        if levels.count > openLimit { levels[levels.count - openLimit - 1].release() }
    }

    private static func leave(
        _ levels: inout [DirectoryLevel], _ visitor: inout some TreeVisitor
    ) throws(VolumeError) {
        guard let level = levels.popLast(), let parent = levels.last else { return }
        try parent.reopen(from: level.descriptor)
        let name = level.name
        level.release()
        // Names made since the first look are met by a second one; a rewind keeps the walk's own state small.
        if try visitor.didLeave(name, in: parent.descriptor) == .again { parent.rewind() }
    }
}
