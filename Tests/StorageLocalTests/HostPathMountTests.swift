import CPintleStorage
import Glibc
import Testing

@testable import PintleVolumes

@Suite("hostPath mounts", .serialized)
struct HostPathMountTests {
    @Test("mounts below the path come along, and read-only covers them too")
    func recursive() throws {
        try TestNode.run { node in
            try makeDirectory(node.host + "/sub")
            try mountTmpfs(node.host + "/sub")
            try write("deep", to: node.host + "/sub/file")
            let volumes = try node.volumes()
            let writable = VolumeRequest(.hostPath(node.host, .directory), at: node.volume("w"))
            try volumes.publish(writable)
            try write("by the pod", to: node.volume("w") + "/sub/new")
            #expect(try String(contentsOf: node.host + "/sub/new") == "by the pod")
            var readOnly = VolumeRequest(.hostPath(node.host, .directory), at: node.volume("r"))
            readOnly.isReadOnly = true
            try volumes.publish(readOnly)
            #expect(try String(contentsOf: node.volume("r") + "/sub/file") == "deep")
            for path in ["/new", "/sub/new"] {
                #expect(throws: TestFailure.self) { try write("x", to: node.volume("r") + path) }
            }
            try volumes.unpublish(at: node.volume("w"), deletingData: true)
            try volumes.unpublish(at: node.volume("r"), deletingData: true)
            #expect(try node.mounts(below: node.pods).isEmpty)
            #expect(try node.mounts(below: node.host) == [node.host + "/sub"])
            #expect(try String(contentsOf: node.host + "/sub/file") == "deep")
        }
    }

    @Test("publishing again is a success and adds no mount; anything else there is a conflict")
    func repeating() throws {
        try TestNode.run { node in
            try makeDirectory(node.host + "/one")
            try makeDirectory(node.host + "/two")
            let volumes = try node.volumes()
            let request = VolumeRequest(.hostPath(node.host + "/one", .directory), at: node.volume("v"))
            for _ in 0..<3 { try volumes.publish(request) }
            #expect(try node.mounts(below: node.pods) == [node.volume("v")])
            var other = request
            other.source = .hostPath(node.host + "/two", .directory)
            var readOnly = request
            readOnly.isReadOnly = true
            var memory = request
            memory.source = .emptyDirectory(.memory, sizeLimit: nil)
            for wrong in [other, readOnly, memory] {
                let error = failure { () throws(VolumeError) in try volumes.publish(wrong) }
                #expect(error?.code == .conflict, "\(wrong.source) \(wrong.isReadOnly)")
            }
            #expect(try node.mounts(below: node.pods) == [node.volume("v")])
        }
    }

    @Test("the node's later mounts appear in the volume; the volume's appear on the node only when bidirectional")
    func propagation() throws {
        try TestNode.run { node in
            try makeDirectory(node.host + "/later")
            try makeDirectory(node.host + "/inner")
            try bindMount(node.host, node.host)
            try setPropagation(node.host, UInt(MS_SHARED))
            let volumes = try node.volumes()
            for (name, propagation) in [("s", VolumeRequest.Propagation.hostToContainer), ("b", .bidirectional)] {
                let request = VolumeRequest(
                    .hostPath(node.host, .directory), at: node.volume(name), propagation: propagation)
                try volumes.publish(request)
            }
            try mountTmpfs(node.host + "/later")
            try write("seen", to: node.host + "/later/file")
            #expect(try String(contentsOf: node.volume("s") + "/later/file") == "seen")
            #expect(try String(contentsOf: node.volume("b") + "/later/file") == "seen")
            try mountTmpfs(node.volume("s") + "/inner")
            #expect(try node.mounts(below: node.host + "/inner").isEmpty)
            try mountTmpfs(node.volume("b") + "/inner")
            #expect(try node.mounts(below: node.host + "/inner") == [node.host + "/inner"])
            try volumes.unpublish(at: node.volume("s"), deletingData: true)
            try volumes.unpublish(at: node.volume("b"), deletingData: true)
            #expect(try node.mounts(below: node.pods).isEmpty)
            // What the node has mounted itself, or got from the pod, is not this volume's to unmount.
            #expect(try node.mounts(below: node.host) == [node.host, node.host + "/inner", node.host + "/later"])
            #expect(try String(contentsOf: node.host + "/later/file") == "seen")
        }
    }

    @Test("teardown takes away nested, stacked and hidden mounts with any name, even ones in use")
    func teardown() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            try volumes.publish(VolumeRequest(.hostPath(node.host, .directory), at: node.volume("v")))
            let root = node.volume("v")
            var busy: Int32 = -1
            defer { close(busy) }
            for name in ["with space", "back\\slash", "new\nline", "ä", "a", "a/b", "a/b/c", "a/b/c/d"] {
                try makeDirectory(root + "/" + name)
                try mountTmpfs(root + "/" + name)
                if name == "a/b/c" { busy = open(root + "/" + name, O_RDONLY | O_DIRECTORY) }
            }
            let bytes: [CChar] = Array((root + "/raw").utf8CString.dropLast()) + [-1, -2, 0]
            try check(mkdir(bytes, 0o755), "mkdir")
            try check(mount("tmpfs", bytes, "tmpfs", 0, nil), "mount")
            for _ in 0..<3 { try mountTmpfs(root + "/a") }
            try mountTmpfs(root)
            #expect(try node.mounts(below: root).count == 14)
            try volumes.unpublish(at: root, deletingData: true)
            #expect(try node.mounts(below: node.pods).isEmpty)
            #expect(!exists(root))
            #expect(exists(node.host + "/with space"))
            try volumes.unpublish(at: root, deletingData: true)
        }
    }

    @Test("a mount inside an emptyDir is taken away before its files are deleted, and its files stay")
    func mountInDirectory() throws {
        try TestNode.run { node in
            try write("precious", to: node.host + "/file")
            let volumes = try node.volumes()
            try volumes.publish(VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: node.volume("v")))
            try makeDirectory(node.volume("v") + "/deep")
            try makeDirectory(node.volume("v") + "/deep/in")
            try bindMount(node.host, node.volume("v") + "/deep/in")
            try write("", to: node.volume("v") + "/file")
            try bindMount(node.host + "/file", node.volume("v") + "/file")
            try volumes.unpublish(at: node.volume("v"), deletingData: true)
            #expect(!exists(node.volume("v")))
            #expect(try node.mounts(below: node.pods).isEmpty)
            #expect(try String(contentsOf: node.host + "/file") == "precious")
        }
    }

    @Test("targets outside of the pods directory or through a link are refused")
    func targets() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            try makeLink(to: node.host, at: node.volume("link"))
            try makeLink(to: node.host, at: node.pods + "/b")
            try makeDirectory(node.host + "/volumes")
            let rows: [(String, VolumeError.Code)] = [
                (node.host + "/v", .invalid), (node.pods, .invalid), (node.pods + "/../host/v", .invalid),
                (node.pods + "x/v", .invalid), (node.volume("link") + "/v", .permission),
                (node.pods + "/b/volumes/v", .permission), (node.pods + "/none/volumes/v", .notFound),
            ]
            for (path, code) in rows {
                let request = VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: path)
                let error = failure { () throws(VolumeError) in try volumes.publish(request) }
                #expect(error?.code == code, "\(path)")
            }
            let error = failure { () throws(VolumeError) in
                try volumes.unpublish(at: node.pods + "/b/volumes", deletingData: true)
            }
            #expect(error?.code == .permission)
            try volumes.unpublish(at: node.volume("link"), deletingData: true)
            #expect(!exists(node.volume("link")))
            #expect(exists(node.host + "/volumes"))
        }
    }

    @Test("a dead file system holds up its own call only")
    func stuck() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            let dead = node.host + "/dead"
            try makeDirectory(dead)
            // A FUSE file system whose server never answers.
            let server = open("/dev/fuse", O_RDWR | O_CLOEXEC)
            try #require(server >= 0)
            let options = "fd=\(server),rootmode=40000,user_id=0,group_id=0"
            try check(options.withCString { mount("dead", dead, "fuse", 0, $0) }, "mount fuse")
            let outcome = Outcome()
            let waiting = try onThread {
                do {
                    try volumes.publish(VolumeRequest(.hostPath(dead + "/x", .directory), at: node.volume("dead")))
                } catch { outcome.error = error }
            }
            usleep(50_000)
            for index in 0..<20 {
                let request = VolumeRequest(.hostPath(node.host, .directory), at: node.volume("v\(index)"))
                try volumes.publish(request)
                #expect(try volumes.published().contains { $0.name == "v\(index)" && $0.isMounted })
                try volumes.unpublish(at: node.volume("v\(index)"), deletingData: true)
            }
            close(server)  // Aborts what waits for the server.
            waiting.join()
            #expect((outcome.error as? VolumeError)?.code == .failed)
            #expect(try node.mounts(below: node.pods).isEmpty)
        }
    }
}
