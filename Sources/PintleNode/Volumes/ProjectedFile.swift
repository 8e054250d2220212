/// One file of a volume that the node writes.
struct ProjectedFile: Sendable, Hashable {
    /// Relative to the volume, without `..`.
    var path: String
    var bytes: [UInt8]
    /// Permission bits.
    var mode: UInt32
    /// Who owns it; nil for root.
    var user: UInt32?

    /// What is wrong with the path; nil when it can be written.
    static func fault(_ path: String) -> String? {
        if path.isEmpty { return "invalid path: must not be empty" }
        if path.hasPrefix("/") { return "invalid path: must be relative path: \(path)" }
        if path.utf8.contains(0) { return "invalid path: must not contain a NUL byte" }
        if path.utf8.count > 4000 { return "invalid path: must be less than or equal to 4000 characters" }
        let names = path.split(separator: "/", omittingEmptySubsequences: false)
        for name in names {
            if name.isEmpty || name == "." { return "invalid path: \(path) has an empty part" }
            if name == ".." { return "invalid path: must not contain '..': \(path)" }
            if name.utf8.count > 255 { return "invalid path: filenames must be less than or equal to 255 characters" }
        }
        if names.first?.hasPrefix("..") == true { return "invalid path: must not start with '..': \(path)" }
        return nil
    }
}

/// Why a volume could not be set up: one sentence, in Kubernetes' words where it has some.
struct VolumeFault: Error, Hashable, Sendable {
    let message: String

    init(_ message: String) { self.message = message }
}
