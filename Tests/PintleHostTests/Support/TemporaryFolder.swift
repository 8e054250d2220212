import Glibc

@testable import PintleHost

/// A folder of a test's own under /tmp, deleted with everything in it at the end.
final class TemporaryFolder: Sendable {
    let path: String

    init() throws {
        var template = Array("/tmp/pintle-host-XXXXXX".utf8CString)
        guard let made = template.withUnsafeMutableBufferPointer({ $0.baseAddress.flatMap { mkdtemp($0) } }) else {
            throw TestFailure("mkdtemp: errno \(errno)")
        }
        path = String(cString: made)
        chmod(path, 0o755)
    }

    deinit { _ = try? run("/bin/rm", ["-rf", path]) }

    func write(_ name: String, _ text: String, mode: mode_t = 0o644) throws {
        let file = open("\(path)/\(name)", O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, mode)
        guard file >= 0 else { throw TestFailure("\(name): errno \(errno)") }
        defer { close(file) }
        fchmod(file, mode)
        let bytes = Array(text.utf8)
        guard bytes.withUnsafeBytes({ Glibc.write(file, $0.baseAddress, $0.count) }) == bytes.count else {
            throw TestFailure("\(name): errno \(errno)")
        }
    }

    func read(_ name: String) throws -> [UInt8] {
        let file = open("\(path)/\(name)", O_RDONLY | O_CLOEXEC)
        defer { close(file) }
        guard file >= 0, let bytes = DriverFile.contents(file, limit: 64 << 20) else {
            throw TestFailure("\(name): errno \(errno)")
        }
        return bytes
    }

    func text(_ name: String) throws -> String { String(decoding: try read(name), as: UTF8.self) }
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
    init(_ description: String) { self.description = description }
}

/// Runs a program and answers what it wrote to standard output.
///
/// - Throws: ``TestFailure`` when it does not succeed within a minute.
@discardableResult
func run(_ program: String, _ arguments: [String]) throws -> String {
    let (output, end) = try ThrowAwayProcess(program, arguments, driver: program).finish(within: .seconds(60))
    let text = String(decoding: output, as: UTF8.self)
    guard end == .exited(0) else { throw TestFailure("\(program) \(arguments.joined(separator: " ")): \(end) \(text)") }
    return text
}

/// Waits until `condition` holds, for ten seconds at most.
func eventually(_ what: String, _ condition: () -> Bool) throws {
    for _ in 0..<10_000 {
        if condition() { return }
        usleep(1000)
    }
    throw TestFailure("not within ten seconds: \(what)")
}
