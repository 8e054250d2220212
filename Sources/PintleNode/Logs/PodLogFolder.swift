internal import Glibc

/// Removes logs.
///
/// Names come from ids that were checked; links are not followed.
enum PodLogFolder {
    /// Removes a pod's whole log folder.
    ///
    /// Blocks.
    static func remove(_ path: String) {
        for container in names(path) {
            for file in names("\(path)/\(container)") { unlink("\(path)/\(container)/\(file)") }
            if rmdir("\(path)/\(container)") != 0 { unlink("\(path)/\(container)") }
        }
        rmdir(path)
    }

    /// Removes one attempt's log with its rotated files.
    ///
    /// Blocks.
    static func removeLog(_ path: String) {
        guard let slash = path.lastIndex(of: "/") else { return }
        let folder = String(path[..<slash])
        let base = String(path[path.index(after: slash)...])
        for name in names(folder)
        where name == base || name.hasPrefix(base + ".") || name.hasPrefix(".\(base).") { unlink("\(folder)/\(name)") }
    }

    static func names(_ path: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name != ".", name != ".." { names.append(name) }
        }
        return names.sorted()
    }
}
