import Glibc
import Synchronization
import Testing

@testable import PintleNode

@Suite("The atomic writer")
struct AtomicWriterTests {
    @Test("files, folders and modes are as asked, whatever the umask")
    func writes() throws {
        try Folder.run { path in
            let mask = umask(0o077)
            defer { umask(mask) }
            try AtomicWriter(path: path).write([Self.file("a", "one", 0o444), Self.file("x/y/z", "two", 0o640)])
            #expect(try Folder.names(path).filter { !$0.hasPrefix("..") } == ["a", "x"])
            #expect(Folder.text("\(path)/a") == "one")
            #expect(Folder.text("\(path)/x/y/z") == "two")
            #expect(Folder.mode("\(path)/a") == 0o444)
            #expect(Folder.mode("\(path)/x/y/z") == 0o640)
            #expect(Folder.mode("\(path)/x/y") == 0o755)
        }
    }

    @Test("what did not change is not written again; what did takes everything old along")
    func changes() throws {
        try Folder.run { path in
            let writer = AtomicWriter(path: path)
            let began = try writer.write([Self.file("a", "1"), Self.file("b", "2")])
            #expect(began)
            let first = Folder.link("\(path)/..data")
            let repeated = try writer.write([Self.file("b", "2"), Self.file("a", "1")])
            #expect(!repeated)
            #expect(Folder.link("\(path)/..data") == first)
            let remoded = try writer.write([Self.file("a", "1", 0o600), Self.file("b", "2")])
            #expect(remoded, "a mode changed")
            let replaced = try writer.write([Self.file("a", "3"), Self.file("c/d", "4")])
            #expect(replaced)
            #expect(try Folder.names(path).filter { !$0.hasPrefix("..") } == ["a", "c"])
            #expect(try Folder.names(path).count { $0.hasPrefix("..2") } == 1)
            let emptied = try writer.write([])
            #expect(emptied)
            #expect(try Folder.names(path).filter { !$0.hasPrefix("..") } == [])
        }
    }

    @Test("a group owns the files and can read them")
    func group() throws {
        try #require(getuid() == 0)
        try Folder.run { path in
            try AtomicWriter(path: path, group: 4711).write([Self.file("d/a", "1", 0o400)])
            var facts = stat()
            #expect(stat("\(path)/d/a", &facts) == 0 && facts.st_gid == 4711)
            #expect(Folder.mode("\(path)/d/a") == 0o440)
            #expect(Folder.mode("\(path)/d") == 0o2755)
            #expect(Folder.mode(path) == 0o2777)
            let rewritten = try AtomicWriter(path: path, group: 4711).write([Self.file("d/a", "1", 0o400)])
            #expect(!rewritten)
        }
    }

    @Test("a process that ends before any step leaves the old or the new files, and the next one repairs the rest")
    func crashes() throws {
        let old = [Self.file("a", "old"), Self.file("b", "old"), Self.file("gone", "old")]
        let new = [Self.file("a", "new"), Self.file("b", "new"), Self.file("come", "new")]
        for step in AtomicWriter.Step.allCases {
            try Folder.run { path in
                try AtomicWriter(path: path).write(old)
                var writer = AtomicWriter(path: path)
                writer.before = { reached throws(VolumeFault) in
                    if reached == step { throw VolumeFault("killed") }
                }
                #expect(throws: VolumeFault("killed")) { try writer.write(new) }
                let found = Folder.text("\(path)/a")
                #expect(found == "old" || found == "new")
                #expect(Folder.text("\(path)/b") == found, "one of both after \(step)")
                try AtomicWriter(path: path).write(new)
                #expect(
                    try Folder.names(path).filter { !$0.hasPrefix("..") } == ["a", "b", "come"],
                    "repaired after \(step)")
                #expect(try Folder.names(path).count { $0.hasPrefix("..") } == 2, "nothing left over after \(step)")
                #expect(Folder.text("\(path)/come") == "new")
            }
        }
    }

    @Test("writes that fail again and again leave the old files and nothing else")
    func failures() throws {
        try Folder.run { path in
            try AtomicWriter(path: path).write([Self.file("a", "old")])
            let clash = [Self.file("a", "new"), Self.file("a/b", "new")]
            for _ in 0..<3 {
                #expect(throws: VolumeFault.self) { try AtomicWriter(path: path).write(clash) }
                var writer = AtomicWriter(path: path)
                writer.before = { reached throws(VolumeFault) in
                    if reached == .draft { throw VolumeFault("disk full") }
                }
                #expect(throws: VolumeFault("disk full")) { try writer.write([Self.file("a", "new")]) }
            }
            #expect(Folder.text("\(path)/a") == "old")
            #expect(try Folder.names(path).count { $0.hasPrefix("..2") } == 2, "what is shown and what failed last")
        }
    }

    @Test("a reader that keeps the directory open sees files of one time, however often they change")
    func readers() throws {
        try Folder.run { path in
            try AtomicWriter(path: path).write([Self.file("a", "0"), Self.file("b", "0")])
            let writer = WriterThread { number in
                _ = try? AtomicWriter(path: path).write([Self.file("a", "\(number)"), Self.file("b", "\(number)")])
            }
            let thread = try writer.start()
            var seen = 0
            while !writer.isDone {
                let directory = open("\(path)/..data", O_RDONLY | O_DIRECTORY)
                // The link may be read just before its directory is removed; then it is read again.
                guard directory >= 0 else {
                    #expect(errno == ENOENT)
                    continue
                }
                let a = Folder.text("a", in: directory), b = Folder.text("b", in: directory)
                close(directory)
                // A directory that is being removed has lost one or both; it never has files of two times.
                if let a, let b {
                    #expect(a == b)
                    seen += 1
                }
            }
            pthread_join(thread, nil)
            #expect(seen > 0)
        }
    }

    private static func file(_ path: String, _ text: String, _ mode: UInt32 = 0o644) -> ProjectedFile {
        ProjectedFile(path: path, bytes: Array(text.utf8), mode: mode)
    }
}

/// Writes 300 times on a thread of its own.
private final class WriterThread: Sendable {
    private let done = Atomic<Bool>(false)
    private let body: @Sendable (Int) -> Void

    init(_ body: @escaping @Sendable (Int) -> Void) { self.body = body }

    var isDone: Bool { done.load(ordering: .acquiring) }

    func start() throws -> pthread_t {
        var thread = pthread_t()
        let result = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                let writer = Unmanaged<WriterThread>.fromOpaque(context).takeRetainedValue()
                for number in 1...300 { writer.body(number) }
                writer.done.store(true, ordering: .releasing)
                return nil
            }, Unmanaged.passRetained(self).toOpaque())
        try #require(result == 0)
        return thread
    }
}

/// A directory for one test.
enum Folder {
    static func run(_ body: (String) throws -> Void) throws {
        var template = Array("/tmp/pintle-node-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) } }
        let path = String(cString: try #require(made))
        defer { remove(path) }
        try body(path)
    }

    private static func remove(_ path: String) {
        if unlink(path) == 0 { return }
        for name in (try? names(path)) ?? [] { remove("\(path)/\(name)") }
        rmdir(path)
    }

    static func names(_ path: String) throws -> [String] { try OpenDirectory(path).names().sorted() }

    static func link(_ path: String) -> String {
        var bytes = [CChar](repeating: 0, count: 4096)
        let count = readlink(path, &bytes, 4095)
        return String(decoding: bytes.prefix(max(0, count)).map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }

    static func mode(_ path: String) -> UInt32 {
        var facts = stat()
        return stat(path, &facts) == 0 ? UInt32(facts.st_mode) & 0o7777 : .max
    }

    static func text(_ path: String, in directory: Int32 = AT_FDCWD) -> String? {
        let file = openat(directory, path, O_RDONLY)
        guard file >= 0 else { return nil }
        defer { close(file) }
        var buffer = [UInt8](repeating: 0, count: 4096)
        let count = read(file, &buffer, buffer.count)
        return count < 0 ? nil : String(decoding: buffer[..<count], as: UTF8.self)
    }
}
