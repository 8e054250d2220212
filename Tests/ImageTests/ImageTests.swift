import Glibc
import Testing

@testable import RuntimeNamespaceCore

/// Everything about images.
///
/// One test at a time, so that each can say what it left behind.
@Suite(.serialized)
enum ImageTests {}

/// A directory for one test.
struct Sandbox {
    let path: String

    /// A path below the directory.
    subscript(name: String) -> String { path + "/" + name }

    func configuration() -> ImageStoreConfiguration {
        ImageStoreConfiguration(directory: path + "/images", unpacker: UnpackProgram.path)
    }

    func open(_ change: (inout ImageStoreConfiguration) -> Void = { _ in }) throws -> ImageStore {
        var configuration = configuration()
        change(&configuration)
        return try ImageStore.open(configuration, inUse: [:])
    }

    func write(_ name: String, _ bytes: [UInt8]) throws {
        let file = try ImageDescriptor(path: path + "/" + name, O_WRONLY | O_CREAT | O_TRUNC)
        try bytes.withUnsafeBytesThrowing { (raw) throws(ImageError) in try file.write(raw, what: name) }
    }

    /// The names in a directory, sorted.
    func names(_ name: String) -> [String] { namesOf(path + "/" + name) }
}

/// Runs a test in a directory of its own and checks that nothing of it remains.
func sandboxed(_ body: (Sandbox) throws -> Void) throws {
    var template = Array("/tmp/pintle-images-XXXXXX".utf8CString)
    try #require(mkdtemp(&template) != nil)
    let path = String(decoding: template.dropLast().map { UInt8(bitPattern: $0) }, as: UTF8.self)
    defer {
        #expect(throws: Never.self) { try ImageFiles.removeTree(path) }
        #expect(access(path, F_OK) != 0)
    }
    try body(Sandbox(path: path))
    #expect(mountsBelow(path) == [], "a mount was left")
    #expect(unpackers(below: path) == [], "a helper process was left")
}

func namesOf(_ path: String) -> [String] {
    guard let stream = opendir(path) else { return [] }
    defer { closedir(stream) }
    var result: [String] = []
    while let entry = readdir(stream) {
        let name = withUnsafePointer(to: &entry.pointee.d_name) {
            $0.withMemoryRebound(to: CChar.self, capacity: 256) { String(cString: $0) }
        }
        if name != ".", name != ".." { result.append(name) }
    }
    return result.sorted()
}

func contents(_ path: String) throws -> [UInt8] {
    try ImageDescriptor(path: path, O_RDONLY).contents(limit: 1 << 30, what: path)
}

func text(_ path: String) throws -> String { String(decoding: try contents(path), as: UTF8.self) }

func status(_ path: String) throws -> stat {
    var result = stat()
    try #require(lstat(path, &result) == 0, "\(path) is missing")
    return result
}

func link(of path: String) -> String {
    var buffer = [UInt8](repeating: 0, count: 4096)
    let count = buffer.withUnsafeMutableBytes { raw in
        raw.withMemoryRebound(to: CChar.self) { $0.baseAddress.map { readlink(path, $0, 4096) } ?? -1 }
    }
    return String(decoding: buffer.prefix(max(0, count)), as: UTF8.self)
}

/// An extended attribute; nil when there is none.
///
/// Swift's Glibc module lacks sys/xattr.h.
func attribute(_ name: String, of path: String) -> [UInt8]? {
    typealias Function =
        @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeMutableRawPointer, Int) -> Int
    guard let symbol = dlsym(nil, "lgetxattr") else { return nil }
    var buffer = [UInt8](repeating: 0, count: 256)
    let count = unsafeBitCast(symbol, to: Function.self)(path, name, &buffer, buffer.count)
    return count < 0 ? nil : Array(buffer.prefix(count))
}

func setAttribute(_ name: String, to value: [UInt8], of path: String) throws {
    typealias Function =
        @convention(c) (UnsafePointer<CChar>, UnsafePointer<CChar>, UnsafeRawPointer, Int, Int32) -> Int32
    let symbol = try #require(dlsym(nil, "lsetxattr"))
    try #require(unsafeBitCast(symbol, to: Function.self)(path, name, value, value.count, 0) == 0)
}

private func mountsBelow(_ path: String) -> [String] {
    guard let table = try? text("/proc/self/mountinfo") else { return ["?"] }
    return table.split(separator: "\n").map(String.init).filter { $0.contains(path) }
}

/// Helper programs that work below `path`: it shows in their mount tables, of which it is the only entry's source.
private func unpackers(below path: String) -> [String] {
    namesOf("/proc").filter { name in
        guard Int(name) != nil, let line = try? text("/proc/\(name)/comm"), line == "pintle-unpack\n" else {
            return false
        }
        return (try? text("/proc/\(name)/mountinfo"))?.contains(path) == true
    }
}

/// The reason of the error that `body` throws; nil if it throws none.
func reason(of body: () throws -> Void) -> String? { failure(of: body)?.reason }

func failure(of body: () throws -> Void) -> ImageError? {
    do { try body() } catch let error as ImageError { return error } catch {
        Issue.record(error)
        return nil
    }
    return nil
}

/// Runs a shell command and requires that it succeeds.
func shell(_ command: String) throws {
    let code = system(command)
    try #require(code == 0, "\(command) ended with \(code)")
}

/// The helper program, built from its sources once per test run.
enum UnpackProgram {
    static let project: String = {
        let resolved = realpath(#filePath, nil)
        defer { free(resolved) }
        let file = resolved.map { String(cString: $0) } ?? #filePath
        return file.split(separator: "/", omittingEmptySubsequences: false).dropLast(3).joined(separator: "/")
    }()

    static let path: String = {
        let output = project + "/.build/native"
        guard system("make -s -C '\(project)/Native/unpack' OUT='\(output)' >&2") == 0 else {
            Issue.record("pintle-unpack could not be built")
            return ""
        }
        return output + "/pintle-unpack"
    }()
}

/// The images of Tests/Images, built once.
enum DebianImages {
    static let directory: String = {
        let output = UnpackProgram.project + "/.build/images"
        if system("'\(UnpackProgram.project)/Tests/Images/build-images' '\(output)' >&2") != 0 {
            Issue.record("the test images could not be built")
        }
        return output
    }()
}
