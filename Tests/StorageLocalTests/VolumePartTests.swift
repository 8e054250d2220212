import CPintleStorage
import Glibc
import Testing

@testable import PintleVolumes

@Suite("Parts of volumes", .serialized)
struct VolumePartTests {
    private static func publish(_ node: TestNode, _ path: String, as name: String = "main.0") throws -> VolumeError? {
        let volumes = try node.volumes()
        return failure { () throws(VolumeError) in
            try volumes.publish(VolumeRequest(.part(of: node.volume("v"), at: path), at: node.volume(name)))
        }
    }

    @Test("what is missing is made as directories with the mode of the volume")
    func made() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            try volumes.publish(
                VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: node.volume("v"), fsGroup: 2000))
            try makeDirectory(node.volume("v") + "/a")
            #expect(try Self.publish(node, "a/b/c") == nil)
            #expect(try mode(node.volume("v") + "/a") == 0o2755, "what was there is left alone")
            #expect(try mode(node.volume("v") + "/a/b/c") == 0o2777)
            try write("x", to: node.volume("main.0") + "/file")
            #expect(exists(node.volume("v") + "/a/b/c/file"))
            try volumes.unpublish(at: node.volume("main.0"), deletingData: true)
            #expect(exists(node.volume("v") + "/a/b/c/file"), "the volume keeps its files")
            #expect(!exists(node.volume("main.0")))
            try volumes.unpublish(at: node.volume("v"), deletingData: true)
        }
    }

    @Test("a file is shown as a file, also through a link inside; a changed link is followed the next time")
    func files() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            try volumes.publish(VolumeRequest(.emptyDirectory(.memory, sizeLimit: nil), at: node.volume("v")))
            for name in ["one", "two"] { try write(name, to: node.volume("v") + "/" + name) }
            try makeLink(to: "one", at: node.volume("v") + "/link")
            #expect(try Self.publish(node, "link") == nil)
            #expect(try Self.publish(node, "link") == nil)
            #expect(try String(contentsOf: node.volume("main.0")) == "one")
            #expect(try node.mounts(below: node.volume("main.0")).count == 1, "repeating it mounts nothing more")
            unlink(node.volume("v") + "/link")
            try makeLink(to: "two", at: node.volume("v") + "/link")
            #expect(try Self.publish(node, "link") == nil)
            #expect(try String(contentsOf: node.volume("main.0")) == "two")
            unlink(node.volume("v") + "/link")
            try makeDirectory(node.volume("v") + "/link")
            #expect(try Self.publish(node, "link") == nil)
            #expect(try status(node.volume("main.0"))?.isDirectory == true)
            #expect(try volumes.published().map(\.name) == ["main.0", "v"])
            for volume in try volumes.published() { try volumes.unpublish(at: volume.path, deletingData: true) }
            #expect(try node.mounts(below: node.pods).isEmpty)
        }
    }

    @Test(
        "what leads out of the volume is refused",
        arguments: ["up", "up/file", "root/etc", "../v", "/etc", "", ".", "one/below"])
    func refused(_ path: String) throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            try volumes.publish(VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: node.volume("v")))
            try write("one", to: node.volume("v") + "/one")
            try makeLink(to: "../../..", at: node.volume("v") + "/up")
            try makeLink(to: "/", at: node.volume("v") + "/root")
            #expect(try Self.publish(node, path) != nil)
            #expect(!exists(node.volume("main.0")))
            try volumes.unpublish(at: node.volume("v"), deletingData: true)
        }
    }

    @Test("a volume outside of the pods directory has no parts")
    func outside() throws {
        try TestNode.run { node in
            let volumes = try node.volumes()
            let error = failure { () throws(VolumeError) in
                try volumes.publish(VolumeRequest(.part(of: node.host, at: "x"), at: node.volume("main.0")))
            }
            #expect(error?.code == .invalid)
            #expect(!exists(node.host + "/x"))
        }
    }

    @Test("links swapped under it never show or make anything outside of the volume")
    func races() throws {
        var random = SplitMix("parts")
        let seed = random.next()
        try TestNode.run { node in
            let volumes = try node.volumes()
            try volumes.publish(VolumeRequest(.emptyDirectory(.memory, sizeLimit: nil), at: node.volume("v")))
            let inside = node.volume("v")
            let secret = node.host + "/secret"
            for path in [inside + "/data", secret] { try makeDirectory(path) }
            try write("secret", to: secret + "/file")
            let good = try status(inside + "/data")?.identity
            // `way` is by turns a link inside, a link outside, a directory and nothing.
            let attacker = try Attacker { turn in
                let new = inside + "/new", way = inside + "/way"
                unlink(new)
                if unlink(way) != 0 {
                    rmdir(way + "/deep")
                    rmdir(way)
                }
                switch (seed &+ UInt64(turn)) % 4 {
                case 0: symlink("data", new)
                case 1: symlink("../../../../host/secret", new)
                case 2: mkdir(new, 0o755)
                default: return
                }
                rename(new, way)
            }
            var shown = 0, refused = 0
            for _ in 0..<1500 {
                if try Self.publish(node, "way/deep") != nil {
                    refused += 1
                } else {
                    shown += 1
                }
                if try Self.publish(node, "way", as: "main.1") == nil {
                    #expect(!exists(node.volume("main.1") + "/file"))
                    shown += 1
                }
                for name in ["main.0", "main.1"] { try volumes.unpublish(at: node.volume(name), deletingData: true) }
            }
            #expect(attacker.stop() > 100)
            #expect(shown > 0 && refused > 0)
            #expect(try status(inside + "/data")?.identity == good)
            #expect(!exists(secret + "/deep"), "nothing was made outside")
            #expect(exists(secret + "/file"))
            try volumes.unpublish(at: inside, deletingData: true)
        }
    }
}
