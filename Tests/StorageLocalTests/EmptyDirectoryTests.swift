import Glibc
import Testing

@testable import PintleVolumes

@Suite("emptyDir", .serialized)
struct EmptyDirectoryTests {
    @Test(
        "anyone may write to it, and publishing again keeps what is there",
        arguments: [VolumeRequest.Medium.disk, .memory])
    func plain(_ medium: VolumeRequest.Medium) throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            let request = VolumeRequest(.emptyDirectory(medium, sizeLimit: nil), at: node.volume("v"))
            try volumes.publish(request)
            #expect(try mode(node.volume("v")) == 0o777)
            try write("kept", to: node.volume("v") + "/file")
            try check(chmod(node.volume("v"), 0o700), "chmod")
            try volumes.publish(request)
            #expect(try String(contentsOf: node.volume("v") + "/file") == "kept")
            #expect(try mode(node.volume("v")) == 0o700)
            let listed = try volumes.published()
            #expect(listed.map(\.name) == ["v"])
            #expect(listed.map(\.isMounted) == [medium == .memory])
            try volumes.unpublish(at: node.volume("v"), deletingData: true)
            #expect(try volumes.published().isEmpty)
            #expect(try node.mounts(below: node.pods).isEmpty)
        }
    }

    @Test("an fsGroup owns the root, and files too unless only a root that differs is changed")
    func group() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            for medium in [VolumeRequest.Medium.disk, .memory] {
                let root = node.volume("\(medium)")
                var request = VolumeRequest(.emptyDirectory(medium, sizeLimit: nil), at: root, fsGroup: 1234)
                try volumes.publish(request)
                #expect(try mode(root) == 0o2777)
                #expect(try status(root)?.group == 1234)
                try makeDirectory(root + "/dir")
                try write("", to: root + "/dir/file")
                try makeLink(to: "/etc/passwd", at: root + "/dir/link")
                request.fsGroup = 77
                try volumes.publish(request)
                #expect(try status(root)?.group == 77)
                #expect(try status(root + "/dir/file")?.group == 77)
                #expect(try mode(root + "/dir/file") == 0o664)
                #expect(try mode(root + "/dir") == 0o2775)
                try check(chown(root + "/dir/file", 0, 5), "chown")
                request.changesGroupOnRootMismatchOnly = true
                try volumes.publish(request)
                #expect(try status(root + "/dir/file")?.group == 5)
                request.changesGroupOnRootMismatchOnly = false
                try volumes.publish(request)
                #expect(try status(root + "/dir/file")?.group == 77)
                #expect(try status("/etc/passwd")?.group == 0)
            }
        }
    }

    @Test("in memory the size limit is the kernel's, on disk it is for others to enforce by the usage")
    func sizes() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            let limit: UInt64 = 1 << 20
            let big = String(repeating: "x", count: 2 << 20)
            try volumes.publish(VolumeRequest(.emptyDirectory(.memory, sizeLimit: limit), at: node.volume("m")))
            #expect(try volumes.usage(at: node.volume("m")).totalBytes == limit)
            #expect(throws: TestFailure.self) { try write(big, to: node.volume("m") + "/big") }
            #expect(try volumes.usage(at: node.volume("m")).availableBytes == 0)
            try volumes.publish(VolumeRequest(.emptyDirectory(.disk, sizeLimit: limit), at: node.volume("d")))
            try write(big, to: node.volume("d") + "/big")
            #expect(try volumes.usage(at: node.volume("d")).usedBytes >= limit * 2)
        }
    }

    @Test("the usage of a directory counts each file once, with all directories, and nothing mounted in it")
    func usage() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            let root = node.volume("v")
            try volumes.publish(VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: root))
            let before = try volumes.usage(at: root)
            #expect(before.usedInodes == 1)
            try makeDirectory(root + "/dir")
            try makeDirectory(root + "/mnt")
            try write(String(repeating: "x", count: 8192), to: root + "/dir/file")
            try check(link(root + "/dir/file", root + "/again"), "link")
            try makeLink(to: "/", at: root + "/link")
            try mountTmpfs(root + "/mnt")
            try write(String(repeating: "x", count: 1 << 20), to: root + "/mnt/other")
            let usage = try volumes.usage(at: root)
            #expect(usage.usedBytes == before.usedBytes + 8192)
            #expect(usage.usedInodes == 4)
            #expect(usage.availableBytes > 0 && usage.totalBytes >= usage.availableBytes)
            let error = failure { () throws(VolumeError) in _ = try volumes.usage(at: node.volume("none")) }
            #expect(error?.code == .notFound)
        }
    }

    @Test("deleting manages deep trees, many files and names that are no UTF-8, and leaves what links point to")
    func deletion() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            let root = node.volume("v")
            try write("precious", to: node.host + "/file")
            try volumes.publish(VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: root))
            for index in 0..<3000 { try write("", to: root + "/file-with-a-rather-long-name-\(index)") }
            try makeLink(to: node.host, at: root + "/link")
            try check(link(node.host + "/file", root + "/hard"), "link")
            try makeDevice(root + "/device", S_IFCHR, 1, 3)
            try makeSocket(root + "/socket")
            try check(mkdir(Array((root + "/raw").utf8CString.dropLast()) + [-1, 0], 0o755), "mkdir")
            // Deeper than a path can be long.
            var here = open(root, O_RDONLY | O_DIRECTORY)
            for _ in 0..<2000 {
                try check(mkdirat(here, "level", 0o755), "mkdirat")
                let next = openat(here, "level", O_RDONLY | O_DIRECTORY)
                close(here)
                here = next
            }
            close(here)
            #expect(try volumes.usage(at: root).usedInodes >= 5000)
            let keeping = failure { () throws(VolumeError) in try volumes.unpublish(at: root, deletingData: false) }
            #expect(keeping == nil && exists(root + "/device"))
            try volumes.unpublish(at: root, deletingData: true)
            #expect(!exists(root))
            #expect(try String(contentsOf: node.host + "/file") == "precious")
        }
    }

    @Test("what a killed process left half made is listed, finished or removed")
    func halfMade() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            try makeDirectory(node.pods + "/a/volumes/.v.new")
            try makeDirectory(node.pods + "/a/volumes/.w.new")
            #expect(try volumes.published(podUID: "a").map(\.name) == ["v", "w"])
            #expect(try volumes.published(podUID: "b").isEmpty)
            try volumes.publish(VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: node.volume("v")))
            #expect(try mode(node.volume("v")) == 0o777)
            for name in ["v", "w"] { try volumes.unpublish(at: node.volume(name), deletingData: true) }
            #expect(try volumes.published().isEmpty)
            // A mount point without its mount, of the wrong kind for what comes.
            try write("", to: node.volume("x"))
            try volumes.publish(VolumeRequest(.hostPath(node.host, .directory), at: node.volume("x")))
            #expect(try volumes.published().map(\.isMounted) == [true])
        }
    }

    @Test("a cancelled call stops")
    func cancellation() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            let request = VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: node.volume("v"))
            let refused = failure { () throws(VolumeError) in try volumes.publish(request, isCancelled: { true }) }
            #expect(refused?.code == .cancelled)
            #expect(!exists(node.volume("v")))
            try volumes.publish(request)
            for index in 0..<1000 { try write("", to: node.volume("v") + "/\(index)") }
            let stopped = failure { () throws(VolumeError) in
                try volumes.unpublish(at: node.volume("v"), deletingData: true, isCancelled: { true })
            }
            #expect(stopped?.code == .cancelled)
            #expect(exists(node.volume("v")))
        }
    }
}
