internal import Glibc
internal import PintleObjects
internal import Synchronization

/// Gives each pod with users of its own (`hostUsers: false`) a range of the node's ids.
///
/// A pod's range is kept in the file `userns` of its directory, so it outlives the node agent, and is free again when
/// that file is gone: nobody has to say so.
final class UserNamespaces: Sendable {
    private let pods: String
    private let base: Int64
    private let count: Int64
    /// The range of each pod that has one; nil until the directories of pods have been read.
    private let known = Mutex<[String: UserRange]?>(nil)

    /// - Parameters:
    ///   - pods: The directory that holds the pods' directories.
    ///   - base: The first id that may be given away.
    ///   - count: How many pods can have a range at a time.
    init(pods: String, base: Int64, count: Int64) {
        self.pods = pods
        self.base = base
        self.count = max(0, min(count, (Int64(UInt32.max) - base) / UserRange.length))
    }

    private func file(_ uid: String) -> String { "\(pods)/\(uid)/userns" }

    /// The pod's range; the same one however often it is asked for.
    ///
    /// The pod's directory must exist. Blocks briefly.
    ///
    /// - Throws: ``PodFault`` with reason `FailedCreatePodSandBox` when every range is taken or none can be kept.
    func range(for uid: String) throws(PodFault) -> UserRange {
        let result = known.withLock { known -> Result<UserRange, PodFault> in
            Result { () throws(PodFault) in
                var ranges = known ?? load()
                defer { known = ranges }
                if let range = ranges[uid], isKept(uid) { return range }
                ranges = ranges.filter { isKept($0.key) }
                let range = try firstFree(ranges)
                try keep(range, uid)
                ranges[uid] = range
                return range
            }
        }
        return try result.get()
    }

    private func firstFree(_ ranges: [String: UserRange]) throws(PodFault) -> UserRange {
        // Ranges of an earlier configuration may lie across two of this one's.
        for index in 0..<count {
            let range = UserRange(first: base + index * UserRange.length)
            if !ranges.values.contains(where: range.overlaps) { return range }
        }
        throw PodFault(
            "FailedCreatePodSandBox",
            "Failed to create pod sandbox: all \(count) ranges of user ids from \(base) on are in use by other pods")
    }

    private func isKept(_ uid: String) -> Bool { access(file(uid), F_OK) == 0 }

    private func load() -> [String: UserRange] {
        var found: [String: UserRange] = [:]
        guard let directory = opendir(pods) else { return found }
        defer { closedir(directory) }
        while let entry = readdir(directory) {
            let name = withUnsafeBytes(of: entry.pointee.d_name) {
                String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self)
            }
            guard !name.hasPrefix("."), isKept(name) else { continue }
            let text = Array(PodFiles.read(file(name)).utf8)
            if let json = try? JSON(parsing: text), let range = UserRange(json: json) { found[name] = range }
        }
        return found
    }

    /// Written beside and renamed: a crash leaves a whole file or none.
    private func keep(_ range: UserRange, _ uid: String) throws(PodFault) {
        let new = file(uid) + ".new"
        let bytes = range.json.serialized()
        let descriptor = open(new, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o600)
        var failed = descriptor < 0
        if !failed {
            failed = write(descriptor, bytes, bytes.count) != bytes.count
            close(descriptor)
        }
        guard !failed, rename(new, file(uid)) == 0 else {
            let text = String(cString: strerror(errno))
            unlink(new)
            throw PodFault("FailedCreatePodSandBox", "Failed to create pod sandbox: \(file(uid)): \(text)")
        }
    }
}
