import Glibc
import Testing

@testable import RuntimeNamespaceCore

extension ImageTests {
    @Suite("Images made of Debian's packages")
    struct Debian {
        @Test(
            "are imported, share their layers and run",
            arguments: [
                ("busybox", "busybox:1.35", "/bin/sh -c 'echo fine'", "fine"),
                ("nginx", "nginx", "nginx -v", "nginx version: nginx/"),
                ("redis", "redis", "redis-server --version", "Redis server v="),
            ])
        func run(_ archive: String, _ name: String, _ command: String, _ expected: String) throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                for other in ["busybox", archive] {
                    _ = try store.importImages(.path("\(DebianImages.directory)/\(other).tar"))
                }
                let image = try store.status(name)
                #expect(image.layers.last == store.resolve("busybox")?.layers.last)
                let root = sandbox["merged"]
                try shell(
                    "mkdir \(root) \(sandbox["empty"]) && mount -t overlay none -o lowerdir=\(([sandbox["empty"]] + image.layers).joined(separator: ":")) \(root)"
                )
                defer { umount2(root, Int32(MNT_DETACH)) }
                let path = "PATH=/usr/sbin:/usr/bin:/sbin:/bin"
                try shell("\(path) chroot \(root) \(command) > \(sandbox["out"]) 2>&1")
                #expect(try text(sandbox["out"]).hasPrefix(expected))
                try shell("chroot \(root) /bin/busybox grep -q ^nobody: /etc/passwd")
            }
        }

        @Test(
            "are imported from the archives that skopeo writes",
            arguments: ["docker-archive:NEW:example.org/nginx:9", "oci-archive:NEW:example.org/nginx:9"])
        func skopeo(_ target: String) throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                let original = try #require(try store.importImages(.path("\(DebianImages.directory)/nginx.tar")).first)
                let file = sandbox["new.tar"]
                try shell(
                    """
                    skopeo copy -q --insecure-policy oci-archive:\(DebianImages.directory)/nginx.tar \
                    \(target.split(separator: "NEW").joined(separator: file))
                    """)
                let image = try #require(try store.importImages(.path(file)).first)
                #expect(image.repoTags.contains("example.org/nginx:9"))
                #expect(image.layers == original.layers && image.config == original.config)
            }
        }
    }
}
