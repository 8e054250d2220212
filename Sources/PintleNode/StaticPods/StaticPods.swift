internal import Glibc
internal import PintleClient
internal import PintleObjects

/// The pods of the static pods' folder, and their mirrors in the API.
actor StaticPods {
    /// What the folder's change means for the node.
    struct Change: Sendable {
        var added: [JSON] = []
        var removed: [JSON] = []
    }

    private struct Entry {
        var text: String
        var pods: [JSON] = []
    }

    private let directory: String
    private let node: String
    private let log: @Sendable (String) -> Void
    private var files: [String: Entry] = [:]
    private var complaint = ""

    init(directory: String, node: String, log: @escaping @Sendable (String) -> Void) {
        self.directory = directory
        self.node = node
        self.log = log
    }

    /// All that should run, by `namespace/name`.
    var wanted: [ObjectName: JSON] {
        Dictionary(
            files.sorted { $0.key < $1.key }.flatMap(\.value.pods).map { (ObjectName(of: $0), $0) },
            uniquingKeysWith: { first, _ in first })
    }

    /// Reads the folder anew.
    ///
    /// A file that is wrong is told once, and leaves what ran of it before as it is.
    func scan() async -> Change {
        let before = Dictionary(wanted.values.map { (Self.uid($0), $0) }, uniquingKeysWith: { $1 })
        let directory = self.directory
        let read = await BlockingWork.run { Self.read(directory) }
        guard let texts = read else {
            if complaint.isEmpty { log("static pods: \(directory) can't be read") }
            complaint = directory
            return Change()
        }
        complaint = ""
        files = files.filter { texts[$0.key] != nil }
        for (path, text) in texts where files[path]?.text != text {
            do throws(StaticPodFile.Fault) {
                let found = try StaticPodFile(text, path: path, node: node, now: .now)
                files[path] = Entry(text: text, pods: found.pods)
            } catch {
                log("static pods: \(error)")
                files[path, default: Entry(text: text)].text = text
            }
        }
        let after = Dictionary(wanted.values.map { (Self.uid($0), $0) }, uniquingKeysWith: { $1 })
        return Change(
            added: after.filter { before[$0.key] == nil }.map(\.value),
            removed: before.filter { after[$0.key] == nil }.map(\.value))
    }

    private static func uid(_ pod: JSON) -> String { pod["metadata"]["uid"].string ?? "" }

    /// The texts of the folder's files by path; nil when it can't be read.
    ///
    /// Hidden files and folders are left out.
    private static func read(_ directory: String) -> [String: String]? {
        guard access(directory, R_OK | X_OK) == 0 else { return nil }
        var texts: [String: String] = [:]
        for name in PodLogFolder.names(directory) where !name.hasPrefix(".") {
            let path = "\(directory)/\(name)"
            var status = stat()
            guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFREG, status.st_size <= 10 << 20 else {
                continue
            }
            texts[path] = PodFiles.read(path)
        }
        return texts
    }
}
