import Glibc
import PintleObjects
import Testing

@testable import PintleNode

@Suite("Ranges of user ids")
struct UserNamespacesTests {
    private final class Pods {
        let path: String

        init() {
            var template = Array("/tmp/pintle-users-XXXXXX".utf8CString)
            path = template.withUnsafeMutableBufferPointer { buffer in
                buffer.baseAddress.flatMap { mkdtemp($0) }.map { String(cString: $0) } ?? ""
            }
        }

        func add(_ uid: String) { mkdir("\(path)/\(uid)", 0o700) }

        func remove(_ uid: String) {
            unlink("\(path)/\(uid)/userns")
            rmdir("\(path)/\(uid)")
        }

        func ranges(_ base: Int64 = 65_536, count: Int64 = 3) -> UserNamespaces {
            UserNamespaces(pods: path, base: base, count: count)
        }

        deinit {
            for uid in ["a", "b", "c", "d"] { remove(uid) }
            rmdir(path)
        }
    }

    @Test("every pod has a range of its own, the same after a restart, and free when the pod is gone")
    func ranges() throws {
        let pods = Pods()
        for uid in ["a", "b", "c", "d"] { pods.add(uid) }
        let first = pods.ranges()
        #expect(try first.range(for: "a").first == 65_536)
        #expect(try first.range(for: "b").first == 131_072)
        #expect(try first.range(for: "a").first == 65_536)
        let second = pods.ranges()
        #expect(try second.range(for: "c").first == 196_608)
        #expect(try second.range(for: "b").first == 131_072)
        #expect(throws: PodFault.self) { try second.range(for: "d") }
        pods.remove("a")
        #expect(try second.range(for: "d").first == 65_536)
    }

    @Test("ranges of an earlier configuration are not given away again")
    func otherBase() throws {
        let pods = Pods()
        for uid in ["a", "b"] { pods.add(uid) }
        #expect(try pods.ranges(131_072).range(for: "a").first == 131_072)
        let later = pods.ranges(65_536 + 100)
        #expect(try later.range(for: "b").first == 65_636 + 131_072)
    }

    @Test("a pod that has no directory yet, or a file that is no range, is told of or passed over")
    func broken() throws {
        let pods = Pods()
        #expect(throws: PodFault.self) { try pods.ranges().range(for: "a") }
        pods.add("a")
        let file = open("\(pods.path)/a/userns", O_WRONLY | O_CREAT, 0o600)
        close(file)
        #expect(try pods.ranges().range(for: "a").first == 65_536)
    }
}
