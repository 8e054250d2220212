import Glibc
import PintleClient
import PintleInterfaces
import PintleObjects
import Synchronization
import Testing

@testable import PintleNode

/// A folder with the log of one container.
final class LogFolder {
    let path: String
    var current: String { path + "/0.log" }

    init() throws {
        var template = Array("/tmp/pintle-logs-XXXXXX".utf8CString)
        let made = try #require(mkdtemp(&template))
        path = String(cString: made)
    }

    deinit { PodLogFolder.remove(path) }

    var names: [String] { PodLogFolder.names(path) }

    /// Entries `line FIRST` to `line LAST` of one second each.
    static func lines(_ range: ClosedRange<Int>) -> String {
        range.map { "\(Timestamp(seconds: 1_800_000_000 + Int64($0)).rfc3339Nano) stdout F line \($0)\n" }.joined()
    }

    func write(_ name: String, _ text: String, append: Bool = false) {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | (append ? O_APPEND : O_TRUNC), 0o640)
        let bytes = Array(text.utf8)
        #expect(Glibc.write(file, bytes, bytes.count) == bytes.count)
        close(file)
    }

    func rotate(_ suffix: String) { #expect(rename(current, "\(current).\(suffix)") == 0) }
}

/// Takes what a reader writes.
final class Shown: Sendable {
    private let bytes = Mutex<[UInt8]>([])
    var text: String { bytes.withLock { String(decoding: $0, as: UTF8.self) } }
    func add(_ more: [UInt8]) { bytes.withLock { $0 += more } }
}

@Suite("Files of a container's log")
struct LogFileTests {
    private func expected(_ range: ClosedRange<Int>) -> String { range.map { "line \($0)\n" }.joined() }

    /// Three files: the oldest compressed, one rotated, the current one.
    private func three() throws -> LogFolder {
        let folder = try LogFolder()
        folder.write("0.log.20260101-000000", LogFolder.lines(1...1000))
        try Gzip.compress(folder: folder.path, name: "0.log.20260101-000000")
        folder.write("0.log.20260101-000000-01", LogFolder.lines(1001...2000))
        folder.write("0.log", LogFolder.lines(2001...3000))
        folder.write("1.log", LogFolder.lines(9000...9001))
        return folder
    }

    private func read(_ folder: LogFolder, _ options: LogOptions) async throws -> String {
        let shown = Shown()
        try await LogReader(folder.current, options).copyExisting { shown.add($0) }
        return shown.text
    }

    @Test("all files are one log, compressed ones too")
    func whole() async throws {
        #expect(try await read(three(), LogOptions()) == expected(1...3000))
    }

    @Test(
        "the last lines are found across files", arguments: [0, 1, 999, 1000, 1001, 1999, 2000, 2001, 2999, 3000, 9999])
    func tail(_ count: Int) async throws {
        let found = try await read(three(), LogOptions(tailLines: count))
        #expect(found == (count == 0 ? "" : expected(max(1, 3001 - count)...3000)))
    }

    @Test("a tail does not read the files that are not in it")
    func tailIsCheap() async throws {
        let folder = try three()
        // Nobody could read it.
        unlink(folder.path + "/0.log.20260101-000000.gz")
        mkdir(folder.path + "/0.log.20260101-000000.gz", 0)
        #expect(try await read(folder, LogOptions(tailLines: 1500)) == expected(1501...3000))
    }

    @Test("lines of several entries are one line of a tail, also across files")
    func partialTail() async throws {
        let folder = try LogFolder()
        let time = "2026-01-01T00:00:00.000000000Z"
        folder.write("0.log.20260101-000000", "\(time) stdout F first\n\(time) stdout P be\n")
        folder.write("0.log", "\(time) stdout P gin\n\(time) stdout F ning\n\(time) stdout P last")
        #expect(try await read(folder, LogOptions(tailLines: 1)) == "beginning\n")
        #expect(try await read(folder, LogOptions(tailLines: 2)) == "first\nbeginning\n")
        folder.write("0.log", "\n", append: true)
        #expect(try await read(folder, LogOptions(tailLines: 1)) == "last")
        #expect(try await read(folder, LogOptions(tailLines: 2)) == "beginning\nlast")
    }

    @Test("since, timestamps and a byte limit hold across files")
    func options() async throws {
        let folder = try three()
        let since = (1_800_000_000 + 2500) * 1_000_000_000
        #expect(try await read(folder, LogOptions(sinceTime: Int64(since))) == expected(2500...3000))
        #expect(try await read(folder, LogOptions(limitBytes: 15)) == "line 1\nline 2\nl")
        let one = try await read(folder, LogOptions(timestamps: true, tailLines: 1))
        #expect(one == "\(Timestamp(seconds: 1_800_003_000).rfc3339Nano) line 3000\n")
    }

    @Test("damaged files, folders and links among the rotated ones do no harm")
    func damaged() async throws {
        let folder = try three()
        folder.write("0.log.20250101-000000.gz", "this is not gzip")
        folder.write("0.log.20250101-000001", "no entry\n\n\nand no end")
        mkdir(folder.path + "/0.log.20250101-000002", 0o755)
        symlink("/etc/passwd", folder.path + "/0.log.20250101-000003")
        #expect(try await read(folder, LogOptions()) == expected(1...3000))
        #expect(try await read(folder, LogOptions(tailLines: 5000)) == expected(1...3000))
        rmdir(folder.path + "/0.log.20250101-000002")
    }

    @Test("a follower goes through rotation and compression without losing or repeating a line")
    func follow() async throws {
        let folder = try three()
        let shown = Shown()
        let reader = LogReader(folder.current, LogOptions(follow: true, tailLines: 1))
        try await reader.copyExisting { shown.add($0) }
        folder.write("0.log", LogFolder.lines(3001...3001), append: true)
        try await reader.copyNew { shown.add($0) }
        #expect(shown.text == expected(3000...3001))
        // Half an entry, then its end just before the rotation, another rotation, and the first one compressed.
        let entry = Array(LogFolder.lines(3002...3002).utf8)
        folder.write("0.log", String(decoding: entry[..<20], as: UTF8.self), append: true)
        try await reader.copyNew { shown.add($0) }
        folder.write("0.log", String(decoding: entry[20...], as: UTF8.self), append: true)
        folder.rotate("20260101-000001")
        folder.write("0.log", LogFolder.lines(3003...3004))
        folder.rotate("20260101-000002")
        try Gzip.compress(folder: folder.path, name: "0.log.20260101-000001")
        folder.write("0.log", LogFolder.lines(3005...3005))
        try await reader.copyNew { shown.add($0) }
        folder.write("0.log", LogFolder.lines(3006...3006), append: true)
        try await reader.copyNew { shown.add($0) }
        #expect(shown.text == expected(3000...3006))
    }

    @Test("all rotated files but the newest are compressed, and remains of an earlier run go")
    func compress() throws {
        var removed: [String] = []
        let pending = LogCompressor.pending(
            [
                "0.log", "0.log.20260101-000000.gz", "0.log.20260101-000001", "0.log.20260101-000001-01",
                "0.log.20260101-000002", ".0.log.20260101-000001.gz.tmp", "1.log", "1.log.20260101-000000", "other",
            ], removing: { removed.append($0) })
        #expect(pending == ["0.log.20260101-000001", "0.log.20260101-000001-01"])
        #expect(removed == [".0.log.20260101-000001.gz.tmp"])
    }

    @Test("a compressed file has the time of its original, which is gone, and is made again when both are there")
    func gzip() throws {
        let folder = try LogFolder()
        let text = LogFolder.lines(1...20_000)
        for _ in 0..<2 {
            folder.write("0.log.20260101-000000", text)
            let before = LogFiles.Identity(path: folder.path + "/0.log.20260101-000000")
            try Gzip.compress(folder: folder.path, name: "0.log.20260101-000000")
            #expect(folder.names == ["0.log.20260101-000000.gz"])
            #expect(LogFiles.Identity(path: folder.path + "/0.log.20260101-000000.gz")?.modified == before?.modified)
        }
        let source = try #require(LogSource(folder.path + "/0.log.20260101-000000"))
        var bytes: [UInt8] = []
        while source.read({ bytes += $0 }) {}
        #expect(bytes == Array(text.utf8))
        try Gzip.compress(folder: folder.path, name: "not there")
        #expect(folder.names.count == 1)
    }

    @Test("links are named as kubelet names them, replaced when they are wrong, and removed when nobody has them")
    func links() throws {
        let folder = try LogFolder()
        mkdir(folder.path + "/pods", 0o755)
        let links = LogLinks(logDirectory: folder.path + "/pods")
        var container = RuntimeContainerStatus()
        container.id = "abc"
        container.name = "web"
        container.labels = ["io.kubernetes.pod.name": "p", "io.kubernetes.pod.namespace": "n"]
        container.logPath = folder.path + "/pods/n_p_u/web/0.log"
        #expect(LogLinks.name(container) == "p_n_web-abc.log")
        mkdir(links.directory, 0o755)
        symlink(folder.path + "/pods/gone", links.directory + "/old.log")
        symlink("/elsewhere", links.directory + "/foreign.log")
        symlink("/wrong", links.directory + "/p_n_web-abc.log")
        links.replaceAll([container])
        #expect(PodLogFolder.names(links.directory) == ["foreign.log", "p_n_web-abc.log"])
        var buffer = [CChar](repeating: 0, count: 1000)
        let count = readlink(links.directory + "/p_n_web-abc.log", &buffer, 999)
        #expect(
            String(decoding: buffer[..<max(0, count)].map { UInt8(bitPattern: $0) }, as: UTF8.self) == container.logPath
        )
        links.remove(container)
        #expect(PodLogFolder.names(links.directory) == ["foreign.log"])
        container.name = String(repeating: "n", count: 300)
        #expect(LogLinks.name(container).utf8.count == 255)
        unlink(links.directory + "/foreign.log")
        rmdir(links.directory)
        rmdir(folder.path + "/pods")
    }
}
