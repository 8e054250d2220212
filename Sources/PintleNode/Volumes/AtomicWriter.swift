internal import PintleObjects

/// Writes the files of a volume so that a reader sees all of the old ones or all of the new ones.
///
/// The files lie in a directory `..2026_01_02_03_04_05.678901234`; `..data` is a link to it that is replaced by one
/// rename, and what a reader opens, such as `key`, is a link to `..data/key`. A process that is killed in between leaves
/// what the next call repairs. One call at a time for a volume; it blocks briefly.
struct AtomicWriter {
    /// The volume's directory.
    let path: String
    /// The pod's group: it owns all and can read all.
    var group: UInt32?
    /// Called before each step, so that tests can end there.
    var before: (Step) throws(VolumeFault) -> Void = { _ in }

    /// What happens one after the other.
    enum Step: CaseIterable, Sendable {
        case directory, files, draft, swap, links, stale, old
    }

    static let data = "..data"
    static let draft = "..data_tmp"

    /// Makes `files` the contents of the volume.
    ///
    /// - Returns: Whether anything had to be changed.
    /// - Throws: ``VolumeFault``: a path that is none, or what the kernel says. The old files stay then, as long as the
    ///   new ones have not taken their place.
    @discardableResult
    func write(_ files: [ProjectedFile]) throws(VolumeFault) -> Bool {
        for file in files { if let fault = ProjectedFile.fault(file.path) { throw VolumeFault(fault) } }
        let wanted = Self.unique(files).map { file in
            var owned = file
            if group != nil { owned.mode |= 0o440 }
            return owned
        }
        try Self.checkFolders(wanted)
        let root = try OpenDirectory(path)
        if group != nil { try root.own(".", mode: 0o2777, group: group) }
        let current = root.link(Self.data)
        var isSame = false
        if let current { isSame = try holds(wanted, root, current) }
        if !isSame { try replace(wanted, root) }
        try tidy(wanted, root)
        return !isSame
    }

    private func replace(_ files: [ProjectedFile], _ root: borrowing OpenDirectory) throws(VolumeFault) {
        // What an earlier call left when it failed, so that repeating it fills no disk.
        try removeOld(root)
        let name = Self.name(.now)
        try before(.directory)
        try root.makeDirectory(name)
        try before(.files)
        do {
            let directory = try root.child(name)
            for file in files {
                for folder in Self.folders(file.path) { try directory.makeDirectory(folder) }
                try directory.write(file.path, file.bytes, mode: file.mode, user: file.user, group: group)
            }
            let mode: UInt32 = group == nil ? 0o755 : 0o2755
            for folder in Set(files.flatMap { Self.folders($0.path) }) {
                try directory.own(folder, mode: mode, group: group)
            }
            try directory.own(".", mode: mode, group: group)
        }
        try before(.draft)
        try root.remove(Self.draft)
        try root.link(Self.draft, to: name)
        try before(.swap)
        try root.rename(Self.draft, to: Self.data)
    }

    /// Links for what there is, and nothing of what there was.
    private func tidy(_ files: [ProjectedFile], _ root: borrowing OpenDirectory) throws(VolumeFault) {
        let visible = Set(files.map { String($0.path.prefix { $0 != "/" }) })
        try before(.links)
        for name in visible {
            let target = "\(Self.data)/\(name)"
            if root.link(name) == target { continue }
            try root.remove(name)
            try root.link(name, to: target)
        }
        try before(.stale)
        for name in try root.names() where !name.hasPrefix("..") && !visible.contains(name) {
            if root.link(name) == "\(Self.data)/\(name)" { try root.remove(name) }
        }
        try before(.old)
        try removeOld(root)
    }

    /// Removes all directories of contents but the one that is shown.
    private func removeOld(_ root: borrowing OpenDirectory) throws(VolumeFault) {
        let current = root.link(Self.data)
        for name in try root.names() where name.hasPrefix("..") && name != Self.data && name != current {
            try root.remove(name)
        }
    }

    /// Whether the directory holds exactly these files.
    private func holds(
        _ files: [ProjectedFile], _ root: borrowing OpenDirectory, _ name: String
    ) throws(VolumeFault) -> Bool {
        guard let status = root.status(name), status.isDirectory, group == nil || status.group == group else {
            return false
        }
        let directory = try root.child(name)
        for file in files {
            guard let status = directory.status(file.path), !status.isDirectory, status.mode == file.mode,
                status.user == file.user ?? 0, status.group == group ?? 0, directory.read(file.path) == file.bytes
            else { return false }
        }
        return try count(directory, ".") == files.count
    }

    private func count(_ directory: borrowing OpenDirectory, _ below: String) throws(VolumeFault) -> Int {
        var total = 0
        for name in try directory.names(below) {
            let path = below == "." ? name : "\(below)/\(name)"
            total += directory.status(path)?.isDirectory == true ? try count(directory, path) : 1
        }
        return total
    }

    /// Of files with the same path the last one counts.
    private static func unique(_ files: [ProjectedFile]) -> [ProjectedFile] {
        var byPath: [String: ProjectedFile] = [:]
        for file in files { byPath[file.path] = file }
        return byPath.values.sorted { $0.path < $1.path }
    }

    private static func checkFolders(_ files: [ProjectedFile]) throws(VolumeFault) {
        let paths = Set(files.map(\.path))
        for file in files {
            if let folder = folders(file.path).first(where: { paths.contains($0) }) {
                throw VolumeFault("conflicting paths: \(folder) is a file, and \(file.path) needs it as a directory")
            }
        }
    }

    /// `a` and `a/b` for `a/b/c`.
    private static func folders(_ path: String) -> [String] {
        let names = path.split(separator: "/").dropLast()
        return names.indices.map { names[...$0].joined(separator: "/") }
    }

    private static func name(_ time: Timestamp) -> String {
        ".." + time.rfc3339Nano.dropLast().map { "-:T".contains($0) ? "_" : String($0) }.joined()
    }
}
