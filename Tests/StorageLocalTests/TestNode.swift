import CPintleStorage
import Glibc
import Testing

@testable import PintleVolumes

/// A directory with a tmpfs of its own in a mount namespace of its own: what a test mounts and makes there ends with it.
///
/// Needs root. Everything runs on one thread made for it, because entering a namespace concerns one thread only;
/// threads started from there share the namespace.
final class TestNode: Sendable {
    /// The tmpfs.
    let root: String
    /// Where volumes go; pod `a` has its directory.
    var pods: String { root + "/pods" }
    /// Stands for the rest of the node.
    var host: String { root + "/host" }

    private init(root: String) { self.root = root }

    /// Runs `body` in a new node and checks that nothing of it is left afterwards.
    static func run(_ body: @escaping @Sendable (TestNode) throws -> Void) throws {
        try #require(getuid() == 0, "these tests mount and need root")
        var template = Array("/tmp/pintle-volumes-XXXXXX".utf8CString)
        let made = template.withUnsafeMutableBufferPointer { buffer in buffer.baseAddress.flatMap { mkdtemp($0) } }
        let root = String(cString: try #require(made))
        defer {
            #expect(rmdir(root) == 0, "something is left in \(root)")
            #expect((try? String(contentsOf: "/proc/self/mountinfo"))?.contains(root) == false)
        }
        let descriptors = openDescriptors()
        let outcome = Outcome()
        try onThread {
            do {
                let node = TestNode(root: root)
                try node.prepare()
                try body(node)
            } catch { outcome.error = error }
        }.join()
        if let error = outcome.error { throw error }
        // Other tests run beside this one and open files too, but not hundreds.
        #expect(openDescriptors() < descriptors + 100, "descriptors were leaked")
    }

    private func prepare() throws {
        try check(newMountNamespace(), "unshare")
        try check(mount("none", "/", nil, UInt(MS_REC) | UInt(MS_PRIVATE), nil), "make private")
        try mountTmpfs(root)
        for path in [pods, pods + "/a", pods + "/a/volumes", host] { try makeDirectory(path) }
    }

    /// The path of pod a's volume.
    func volume(_ name: String) -> String { pods + "/a/volumes/" + name }

    /// The volumes of this node.
    func volumes(allowing paths: [String] = ["/"]) throws -> LocalVolumes {
        LocalVolumes(try VolumeConfiguration(podsDirectory: pods, allowedHostPaths: paths))
    }

    /// The mount points below `path` as this thread sees them, sorted.
    func mounts(below path: String) throws -> [String] {
        try String(contentsOf: "/proc/thread-self/mountinfo").split(separator: "\n").compactMap { line in
            let point = String(line.split(separator: " ")[4])
            return point == path || point.hasPrefix(path + "/") ? point : nil
        }.sorted()
    }
}

/// Carries an error from one thread to the one that joins it.
final class Outcome: @unchecked Sendable {
    // @unchecked: written by one thread, read after that thread was joined.
    var error: (any Error)?
}

struct TestFailure: Error, CustomStringConvertible {
    let description: String
}

func check(_ result: Int32, _ what: String) throws {
    if result != 0 { throw TestFailure(description: "\(what): \(String(cString: strerror(errno)))") }
}

private func newMountNamespace() -> Int32 {
    // Swift's Glibc module lacks unshare.
    guard let symbol = dlsym(nil, "unshare") else { return -1 }
    let unshare = unsafeBitCast(symbol, to: (@convention(c) (Int32) -> Int32).self)
    return unshare(0x0002_0000)  // CLONE_NEWNS
}

private func openDescriptors() -> Int {
    (0..<4096).count { fcntl($0, F_GETFD) >= 0 }
}
