import Glibc
import Testing

@testable import RuntimeNamespaceCore

extension ImageTests {
    @Suite("Layers")
    struct Layers {
        /// Imports an image of these layers and gives its directories, topmost first.
        private func unpacked(_ sandbox: Sandbox, _ layers: [[UInt8]], _ body: ([String]) throws -> Void) throws {
            let store = try sandbox.open { $0.limits.allowDevices = true }
            defer { store.close() }
            try sandbox.write("a.tar", ImageFixture(layers: layers).dockerArchive(names: ["a"]))
            let image = try #require(try store.importImages(.path(sandbox["a.tar"])).first)
            try body(image.layers)
        }

        @Test("keep owners, modes, times, links, devices and extended attributes")
        func attributes() throws {
            // Version 2 of the kernel's vfs_cap_data: effective, CAP_NET_BIND_SERVICE.
            let capability = "\u{1}\0\0\u{2}\0\u{4}\0\0\0\0\0\0\0\0\0\0\0\0\0\0"
            let layer = TarBuilder.make { tar in
                tar.add("./", type: "5", mode: 0o711, uid: 5, gid: 6)
                tar.directory("bin", mode: 0o1777)
                tar.add("bin/su", mode: 0o4755, uid: 1000, gid: 2000, mtime: 86400, data: [1, 2, 3])
                tar.hardLink("bin/su2", to: "bin/su")
                tar.link("bin/sh", to: "/bin/su")
                tar.add(
                    "bin/ping", mode: 0o755,
                    pax: [
                        ("SCHILY.xattr.security.capability", capability), ("SCHILY.xattr.user.note", "kept"),
                        ("SCHILY.xattr.security.selinux", "dropped"), ("mtime", "1000000000.25"),
                    ])
                tar.add("pipe", type: "6", mode: 0o622)
                tar.add("null", type: "3", mode: 0o666, device: (1, 3))
                tar.add("missing/parent", data: [7])
                tar.add("name", pax: [("path", "Főtanúsítvány/" + String(repeating: "n", count: 150))])
            }
            try sandboxed { sandbox throws in
                try unpacked(sandbox, [layer]) { directories throws in
                    let root = directories[0]
                    let top = try status(root)
                    #expect(top.st_mode & 0o7777 == 0o711 && top.st_uid == 5 && top.st_gid == 6)
                    #expect(try status(root + "/bin").st_mode & 0o7777 == 0o1777)
                    #expect(try status(root + "/bin").st_mtim.tv_sec == 1_000_000_000)
                    let su = try status(root + "/bin/su")
                    #expect(su.st_mode & 0o7777 == 0o4755 && su.st_uid == 1000 && su.st_gid == 2000)
                    #expect(su.st_mtim.tv_sec == 86400 && su.st_nlink == 2)
                    #expect(try contents(root + "/bin/su2") == [1, 2, 3])
                    #expect(link(of: root + "/bin/sh") == "/bin/su")
                    #expect(attribute("security.capability", of: root + "/bin/ping") == Array(capability.utf8))
                    #expect(attribute("user.note", of: root + "/bin/ping") == Array("kept".utf8))
                    #expect(attribute("security.selinux", of: root + "/bin/ping") == nil)
                    #expect(try status(root + "/bin/ping").st_mtim.tv_nsec == 250_000_000)
                    #expect(try status(root + "/pipe").st_mode == S_IFIFO | 0o622)
                    #expect(try status(root + "/null").st_rdev == 0x103)
                    #expect(try contents(root + "/missing/parent") == [7])
                    #expect(namesOf(root + "/Főtanúsítvány") == [String(repeating: "n", count: 150)])
                }
            }
        }

        @Test("hide with overlayfs what their whiteouts remove")
        func whiteouts() throws {
            let lower = TarBuilder.make { tar in
                tar.directory("dir")
                for name in ["file", "dir/a", "dir/b", "opaque/old", "again/old", "kept/old"] {
                    tar.file(name, "lower")
                }
            }
            let upper = TarBuilder.make { tar in
                tar.file(".wh.file", "")
                tar.file("dir/.wh.a", "")
                tar.directory("opaque")
                tar.file("opaque/.wh..wh..opq", "")
                tar.file("opaque/new", "upper")
                // Removed and made again, in either order.
                tar.file(".wh.again", "")
                tar.directory("again")
                tar.file("again/new", "upper")
                tar.file("kept/new", "upper")
                tar.file(".wh.kept", "")
                tar.file(".wh..wh.plnk", "")
            }
            try sandboxed { sandbox throws in
                try unpacked(sandbox, [lower, upper]) { directories throws in
                    let root = sandbox["merged"]
                    try shell(
                        "mkdir \(root) && mount -t overlay none -o lowerdir=\(directories.joined(separator: ":")) \(root)"
                    )
                    defer { umount2(root, Int32(MNT_DETACH)) }
                    #expect(namesOf(root) == ["again", "dir", "kept", "opaque"])
                    #expect(namesOf(root + "/dir") == ["b"])
                    #expect(namesOf(root + "/opaque") == ["new"])
                    #expect(namesOf(root + "/again") == ["new"])
                    #expect(namesOf(root + "/kept") == ["new"])
                }
            }
        }

        @Test("follow links of their own that stay inside, and let later entries replace earlier ones")
        func replacing() throws {
            let layer = TarBuilder.make { tar in
                tar.directory("usr/lib")
                tar.link("lib", to: "usr/lib")
                tar.file("lib/x", "through the link")
                tar.file("twice", "first")
                tar.hardLink("other", to: "twice")
                tar.file("twice", "second")
                tar.directory("empty")
                tar.file("empty", "a file now")
            }
            try sandboxed { sandbox throws in
                try unpacked(sandbox, [layer]) { directories throws in
                    #expect(try text(directories[0] + "/usr/lib/x") == "through the link")
                    #expect(try text(directories[0] + "/twice") == "second")
                    #expect(try text(directories[0] + "/other") == "first")
                    #expect(try text(directories[0] + "/empty") == "a file now")
                }
            }
        }

        @Test("may be empty, and equal ones count once")
        func emptyLayers() throws {
            let empty = TarBuilder().finished
            let file = TarBuilder.make { $0.file("a", "b") }
            try sandboxed { sandbox throws in
                try unpacked(sandbox, [empty, file, empty]) { directories throws in
                    #expect(directories.count == 2)
                    #expect(namesOf(directories[0]) == [] && namesOf(directories[1]) == ["a"])
                }
            }
        }
    }
}
