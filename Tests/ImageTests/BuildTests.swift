import Glibc
import Testing

@testable import RuntimeNamespaceCore

extension ImageTests {
    @Suite("Building images")
    struct Building {
        private func recipe() -> ImageRecipe {
            var recipe = ImageRecipe()
            recipe.tags = ["built:1"]
            recipe.created = 1_700_000_000_000_000_000
            recipe.config.entrypoint = ["/bin/app"]
            recipe.config.cmd = ["--serve"]
            recipe.config.env = ["A=b"]
            recipe.config.user = "1000:1000"
            recipe.config.workingDir = "/data"
            recipe.config.exposedPorts = ["80/tcp"]
            recipe.config.stopSignal = "SIGINT"
            recipe.config.labels = ["k": "v"]
            return recipe
        }

        @Test("a directory becomes an image with the same files and the settings asked for")
        func build() throws {
            try sandboxed { sandbox throws in
                let root = sandbox["rootfs"]
                try shell(
                    """
                    mkdir -p \(root)/bin \(root)/data && cd \(root) && echo app > bin/app && chmod 4750 bin/app && \
                    chown 12:34 bin/app && ln bin/app bin/same && ln -s /bin/app bin/link && mkfifo data/pipe && \
                    truncate -s 100000 data/hole && touch -d @1234567890.5 data
                    """)
                try setAttribute("user.note", to: [UInt8(ascii: "x")], of: root + "/bin/app")
                let store = try sandbox.open()
                defer { store.close() }
                let image = try store.build(rootfs: root, recipe: recipe())
                #expect(image.repoTags == ["docker.io/library/built:1"])
                #expect(image.config == recipe().config)
                let layer = try #require(image.layers.first)
                for name in ["bin", "bin/app", "bin/same", "bin/link", "data", "data/pipe", "data/hole"] {
                    let (old, new) = (try status("\(root)/\(name)"), try status("\(layer)/\(name)"))
                    #expect(
                        old.st_mode == new.st_mode && old.st_uid == new.st_uid && old.st_gid == new.st_gid, "\(name)")
                    #expect(old.st_mtim.tv_sec == new.st_mtim.tv_sec && old.st_mtim.tv_nsec == new.st_mtim.tv_nsec)
                }
                #expect(try status(layer + "/bin/app").st_ino == status(layer + "/bin/same").st_ino)
                #expect(try contents(layer + "/data/hole") == [UInt8](repeating: 0, count: 100_000))
                #expect(attribute("user.note", of: layer + "/bin/app") == [UInt8(ascii: "x")])
                // The same files and time give the same image.
                #expect(try store.build(rootfs: root, recipe: recipe()).id == image.id)
                #expect(sandbox.names("images/layers").count == 1)
            }
        }

        @Test("what can't be packed is an error that names it, and leaves nothing")
        func refuse() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                try shell("mkdir \(sandbox["a"]) && mknod \(sandbox["a"])/hidden c 0 0")
                let error = failure(of: { _ = try store.build(rootfs: sandbox["a"], recipe: recipe()) })
                #expect(error?.reason == "MaliciousLayer" && error?.message.contains("\"hidden\"") == true)
                #expect(reason { _ = try store.build(rootfs: sandbox["missing"], recipe: recipe()) } == "StoreFailed")
                var named = recipe()
                named.tags = ["Not A Name"]
                #expect(reason { _ = try store.build(rootfs: sandbox["a"], recipe: named) } == "InvalidImageName")
                #expect(store.list() == [] && sandbox.names("images/ingest") == [])
            }
        }
    }
}
