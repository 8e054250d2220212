import CPintleStorage
import Glibc
import Testing

@testable import PintleVolumes

/// Each test runs against a thread that keeps swapping links; the seed decides how it pauses.
@Suite("Links swapped under the driver", .serialized)
struct LinkRaceTests {
    private static func pause(_ random: UInt64, _ turn: Int) {
        if (random &+ UInt64(turn)) % 7 == 0 { usleep(UInt32(random % 50)) }
    }

    @Test("a hostPath whose link is swapped for one to the outside shows the allowed directory or is refused")
    func hostPath() throws {
        var random = SplitMix("hostPath")
        let seed = random.next()
        try TestNode.run { node in
            let allowed = node.host + "/allowed"
            let secret = node.host + "/secret"
            for path in [allowed, allowed + "/data", secret] { try makeDirectory(path) }
            try write("secret", to: secret + "/file")
            try makeLink(to: "data", at: allowed + "/link")
            let attacker = try Attacker { turn in
                unlink(allowed + "/new")
                symlink(turn % 2 == 0 ? "../secret" : "data", allowed + "/new")
                rename(allowed + "/new", allowed + "/link")
                Self.pause(seed, turn)
            }
            let volumes = try node.volumes(allowing: [allowed])
            let good = try status(allowed + "/data")?.identity
            var shown = 0
            var refused = 0
            for _ in 0..<1500 {
                let request = VolumeRequest(.hostPath(allowed + "/link", .directory), at: node.volume("v"))
                let error = failure { () throws(VolumeError) in try volumes.publish(request) }
                if let error {
                    #expect(error.code == .permission)
                    refused += 1
                } else {
                    #expect(try status(node.volume("v"))?.identity == good)
                    shown += 1
                }
                try volumes.unpublish(at: node.volume("v"), deletingData: true)
            }
            #expect(attacker.stop() > 100)
            #expect(shown > 0 && refused > 0)
            #expect(exists(secret + "/file"))
        }
    }

    @Test("what is made for DirectoryOrCreate never lies outside")
    func creation() throws {
        var random = SplitMix("creation")
        let seed = random.next()
        try TestNode.run { node in
            let allowed = node.host + "/allowed"
            let secret = node.host + "/secret"
            for path in [allowed, secret] { try makeDirectory(path) }
            let attacker = try Attacker { turn in
                rmdir(allowed + "/one/two")
                rename(allowed + "/one", allowed + "/aside")
                symlink(secret, allowed + "/one")
                unlink(allowed + "/one")
                if turn % 3 == 0 { rmdir(allowed + "/aside") } else { rename(allowed + "/aside", allowed + "/one") }
                Self.pause(seed, turn)
            }
            let volumes = try node.volumes(allowing: [allowed])
            for _ in 0..<1500 {
                let request = VolumeRequest(
                    .hostPath(allowed + "/one/two/three", .directoryOrCreate), at: node.volume("v"))
                _ = failure { () throws(VolumeError) in try volumes.publish(request) }
                try volumes.unpublish(at: node.volume("v"), deletingData: true)
                rmdir(allowed + "/one/two/three")
            }
            #expect(attacker.stop() > 100)
            #expect(rmdir(secret) == 0, "something was made in the forbidden directory")
        }
    }

    @Test("deleting an emptyDir whose directories are swapped for links deletes nothing elsewhere")
    func deletion() throws {
        var random = SplitMix("deletion")
        let seed = random.next()
        try TestNode.run { node in
            let secret = node.host + "/secret"
            try makeDirectory(secret)
            for index in 0..<50 { try write("precious", to: secret + "/\(index)") }
            let volumes = try node.volumes()
            let root = node.volume("v")
            let attacker = try Attacker { turn in
                let name = root + "/d\(turn % 5)"
                rename(name, root + "/aside")
                symlink(secret, name)
                unlink(name)
                rename(root + "/aside", name)
                Self.pause(seed, turn)
            }
            for _ in 0..<150 {
                try volumes.publish(VolumeRequest(.emptyDirectory(.disk, sizeLimit: nil), at: root))
                for index in 0..<5 {
                    mkdir(root + "/d\(index)", 0o755)
                    for file in 0..<10 { try? write("", to: root + "/d\(index)/\(file)") }
                }
                // The attacker may add links for ever: busy is an answer, deleting outside is not.
                let error = failure { () throws(VolumeError) in
                    try volumes.unpublish(at: root, deletingData: true)
                }
                #expect(error == nil || error?.code == .busy)
            }
            #expect(attacker.stop() > 100)
            try volumes.unpublish(at: root, deletingData: true)
            #expect(!exists(root))
            for index in 0..<50 { #expect(exists(secret + "/\(index)")) }
        }
    }

    @Test("unmounting what lies below swapped directories unmounts nothing of the node")
    func unmounting() throws {
        var random = SplitMix("unmounting")
        let seed = random.next()
        try TestNode.run { node in
            let volumes = try node.volumes()
            let outside = node.root + "/outside"
            for path in [outside, outside + "/in", outside + "/in/mnt"] { try makeDirectory(path) }
            try mountTmpfs(outside + "/in/mnt")
            let root = node.volume("v")
            for _ in 0..<100 {
                try volumes.publish(VolumeRequest(.hostPath(node.host, .directory), at: root))
                for path in ["/dir", "/dir/in", "/dir/in/mnt"] { try makeDirectory(root + path) }
                try mountTmpfs(root + "/dir/in/mnt")
                let attacker = try Attacker { turn in
                    rename(root + "/dir", root + "/moved")
                    symlink(outside, root + "/dir")
                    Self.pause(seed, turn)
                    unlink(root + "/dir")
                    rename(root + "/moved", root + "/dir")
                }
                try volumes.unpublish(at: root, deletingData: true)
                #expect(attacker.stop() >= 0)
                #expect(try node.mounts(below: root).isEmpty)
                #expect(try node.mounts(below: outside) == [outside + "/in/mnt"])
                unlink(node.host + "/dir")
                rename(node.host + "/moved", node.host + "/dir")
                rmdir(node.host + "/dir/in/mnt")
                rmdir(node.host + "/dir/in")
                try check(rmdir(node.host + "/dir"), "rmdir")
            }
        }
    }
}
