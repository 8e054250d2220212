internal import CPintleHost
internal import Glibc
internal import PintleInterfaces

/// A folder of drivers, opened once and checked; files are opened from this descriptor only.
///
/// What is checked is what is loaded (`specs/abi/README.md`, "Loading").
struct DriverFolder: ~Copyable {
    let path: String
    private let descriptor: Int32

    /// - Throws: ``DriverError`` with code `refused` when the folder or one of its parents could be changed by others.
    init(_ folder: String) throws(DriverError) { (path, descriptor) = try Self.opened(folder) }

    private static func opened(_ folder: String) throws(DriverError) -> (String, Int32) {
        guard let resolved = realpath(folder, nil) else {
            throw DriverError(
                .refused, driver: folder, "the folder can't be opened: \(String(cString: strerror(errno)))",
                errno: errno)
        }
        let path = String(cString: resolved)
        free(resolved)
        var parent = path
        while true {
            try check(parent)
            guard parent != "/" else { break }
            parent = String(parent[..<(parent.lastIndex(of: "/") ?? parent.startIndex)])
            if parent.isEmpty { parent = "/" }
        }
        let descriptor = Glibc.open(path, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
        guard descriptor >= 0 else {
            throw DriverError(
                .refused, driver: folder, "the folder can't be opened: \(String(cString: strerror(errno)))",
                errno: errno)
        }
        return (path, descriptor)
    }

    deinit { close(descriptor) }

    /// Opens a file of the folder.
    ///
    /// The caller owns the descriptor.
    borrowing func open(_ name: String) throws(DriverError) -> Int32 {
        let file = pintle_host_open_beneath(descriptor, name)
        guard file >= 0 else {
            throw DriverError(
                .refused, driver: "\(path)/\(name)",
                "the file can't be opened without following links: \(String(cString: strerror(-file)))", errno: -file)
        }
        return file
    }

    /// The manifests' names, sorted.
    ///
    /// Other JSON files may lie in the folder: a manifest is one that has a library of its name beside it.
    borrowing func manifestNames() -> [String] {
        let libraries = Set(names(suffix: ".so"))
        return names(suffix: ".json").filter { name in
            let stem = name.dropLast(".json".count)
            return libraries.contains("lib\(stem).so") || libraries.contains("\(stem).so")
        }
    }

    /// The folder's entries that end in `suffix`, sorted.
    borrowing func names(suffix: String) -> [String] {
        guard let directory = opendir(path) else { return [] }
        defer { closedir(directory) }
        var names: [String] = []
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) { raw in
                String(decoding: raw.prefix { $0 != 0 }, as: UTF8.self)
            }
            if name.hasSuffix(suffix) { names.append(name) }
        }
        return names.sorted()
    }

    private static func check(_ folder: String) throws(DriverError) {
        var status = stat()
        guard stat(folder, &status) == 0 else {
            throw DriverError(
                .refused, driver: folder, "the folder can't be examined: \(String(cString: strerror(errno)))",
                errno: errno)
        }
        guard status.st_uid == 0 || status.st_uid == geteuid() else {
            throw DriverError(
                .refused, driver: folder,
                "the folder belongs to user \(status.st_uid); expected root\(geteuid() == 0 ? "" : " or user \(geteuid())")"
            )
        }
        let shared = status.st_mode & 0o022 != 0
        guard !shared || status.st_mode & S_ISVTX != 0 else {
            throw DriverError(
                .refused, driver: folder,
                "mode \(String(status.st_mode & 0o7777, radix: 8)) lets others write to the folder; expected no write bit for group and others"
            )
        }
    }
}
