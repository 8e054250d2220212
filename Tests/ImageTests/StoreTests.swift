import Glibc
import Testing

@testable import RuntimeNamespaceCore

extension ImageTests {
    @Suite("The store")
    struct Store {
        private func importing(_ store: ImageStore, _ sandbox: Sandbox, _ fixture: ImageFixture, _ names: [String])
            throws
            -> StoredImage
        {
            try sandbox.write("import.tar", fixture.dockerArchive(names: names))
            return try #require(try store.importImages(.path(sandbox["import.tar"])).first)
        }

        @Test("finds images by name, digest reference, id and unique short id")
        func finding() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                let fixture = ImageFixture.small()
                try sandbox.write("a.tar", fixture.layout(name: "example.org/a:1"))
                let image = try #require(try store.importImages(.path(sandbox["a.tar"])).first)
                #expect(image.id == fixture.id)
                #expect(image.repoTags == ["example.org/a:1"])
                #expect(image.repoDigests == ["example.org/a@\(fixture.manifestDigest)"])
                #expect(image.config.cmd == ["sh"] && image.size == 5 && image.created == 1_714_557_600_000_000_000)
                #expect(image.annotations == ["org.example.note": "kept"])
                let ids = [fixture.id, String(fixture.id.dropFirst(7)), String(fixture.id.dropFirst(7).prefix(6))]
                for name in ids + image.repoTags + image.repoDigests {
                    #expect(store.resolve(name) == image, "\(name)")
                }
                #expect(store.resolve("example.org/a") == nil)
                #expect(store.resolve("") == nil)
                #expect(reason { _ = try store.status("example.org/a") } == "ImageNotFound")
                #expect(reason { _ = try store.status("A B") } == "InvalidImageName")
                #expect(try text(image.layers[0] + "/greeting") == "hello")
            }
        }

        @Test("moves a name to the image imported last")
        func movingNames() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                let old = try importing(store, sandbox, .small("old"), ["a", "a:old"])
                let new = try importing(store, sandbox, .small("new"), ["a"])
                #expect(store.resolve("a") == new)
                #expect(store.resolve(old.id)?.repoTags == ["docker.io/library/a:old"])
                #expect(store.list().count == 2)
            }
        }

        @Test("keeps what it acknowledged when it is opened again")
        func reopening() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                let image = try importing(store, sandbox, .small(), ["a"])
                store.close()
                let again = try sandbox.open()
                defer { again.close() }
                #expect(again.list() == [image])
                #expect(again.problems == [])
                #expect(try text(image.layers[0] + "/greeting") == "hello")
            }
        }

        @Test("deletes a removed image's layers, but none that another image or a container needs")
        func removing() throws {
            try sandboxed { sandbox throws in
                let shared = TarBuilder.make { $0.file("shared", "1") }
                let own = TarBuilder.make { $0.file("own", "2") }
                let store = try sandbox.open()
                let big = try importing(store, sandbox, ImageFixture(layers: [shared, own]), ["big"])
                let small = try importing(store, sandbox, ImageFixture(layers: [shared]), ["small"])
                #expect(big.layers[1] == small.layers[0])
                #expect(store.hold(big, for: "container"))
                #expect(try store.remove("big") == big)
                #expect(try store.remove("big") == nil)
                store.sweeper.finish()
                #expect(namesOf(big.layers[0]) == ["own"])
                // A second store over the same directory, as after a restart.
                store.close()
                let again = try ImageStore.open(sandbox.configuration(), inUse: ["container": big.layers])
                defer { again.close() }
                #expect(namesOf(big.layers[0]) == ["own"])
                again.release("container")
                again.sweeper.finish()
                #expect(access(big.layers[0], F_OK) != 0)
                #expect(namesOf(small.layers[0]) == ["shared"])
                #expect(again.hold(big, for: "late") == false)
                #expect(again.hold(small, for: "late"))
                _ = try again.remove(small.id)
                again.release("late")
                again.sweeper.finish()
                #expect(sandbox.names("images/layers") == [] && sandbox.names("images/blobs/sha256") == [])
                #expect(sandbox.names("images/trash") == [])
            }
        }

        @Test("imports the same archive again without doing anything twice")
        func repeating() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                let first = try importing(store, sandbox, .small(), ["a"])
                let inode = try status(first.layers[0]).st_ino
                #expect(try importing(store, sandbox, .small(), ["a"]) == first)
                #expect(try status(first.layers[0]).st_ino == inode)
                #expect(try store.fsInfo().usedBytes == 5)
            }
        }

        @Test("refuses a second opening, naming the process that has it")
        func locking() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                let error = failure(of: { _ = try sandbox.open() })
                #expect(error?.reason == "StoreLocked")
                #expect(error?.message.contains("process \(getpid())") == true)
                store.close()
                try sandbox.open().close()
            }
        }

        @Test("removes half-done work and unreferenced files when it is opened")
        func leftovers() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                let image = try importing(store, sandbox, .small(), ["a"])
                store.close()
                let images = sandbox["images"]
                try shell(
                    """
                    cd \(images) && mkdir -p ingest/unpack-1/x layers/0123 trash/9/y && touch ingest/unpack-1/x/f \
                    blobs/sha256/dead blobs/sha256/dead.new index.json.new ingest/old.part ingest/young.part && \
                    touch -d '3 days ago' ingest/old.part
                    """)
                let again = try sandbox.open()
                again.close()
                #expect(again.list() == [image])
                #expect(sandbox.names("images/ingest") == ["young.part"])
                #expect(sandbox.names("images/layers").count == 1 && sandbox.names("images/blobs/sha256").count == 1)
                #expect(sandbox.names("images/trash") == [])
                #expect(sandbox.names("images") == ["blobs", "index.json", "ingest", "layers", "lock", "trash"])
            }
        }

        @Test("drops a damaged image and says so, and refuses an unreadable index")
        func damage() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                let image = try importing(store, sandbox, .small(), ["a"])
                let other = try importing(store, sandbox, .small("other"), ["b"])
                store.close()
                try sandbox.write("images/blobs/sha256/\(image.id.dropFirst(7))", Array("{}".utf8))
                let again = try sandbox.open()
                #expect(again.list() == [other])
                #expect(again.problems.count == 1 && again.problems[0].contains("docker.io/library/a:latest"))
                again.close()
                try sandbox.open().close()
                try sandbox.write("images/index.json", Array("{\"version\":1,".utf8))
                #expect(reason { _ = try sandbox.open() } == "StoreFailed")
                #expect(sandbox.names("images/layers").count == 1)
            }
        }

        @Test("reads an archive from a pipe, compressed or not", arguments: ["cat", "gzip", "zstd -q"])
        func pipes(_ compressor: String) throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                try sandbox.write("a.tar", ImageFixture.small().dockerArchive(names: []))
                let stream = try #require(popen("\(compressor) < \(sandbox["a.tar"])", "r"))
                defer { pclose(stream) }
                let images = try store.importImages(.descriptor(fileno(stream)), name: "given:1")
                #expect(images.map(\.repoTags) == [["docker.io/library/given:1"]])
            }
        }

        @Test("imports an OCI layout directory in place")
        func layoutDirectory() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                try sandbox.write("a.tar", ImageFixture.small().layout(name: "a:1"))
                try shell("mkdir \(sandbox["layout"]) && tar -xf \(sandbox["a.tar"]) -C \(sandbox["layout"])")
                #expect(try store.importImages(.path(sandbox["layout"])).first?.repoTags == ["docker.io/library/a:1"])
            }
        }

        @Test("survives many threads that import, remove and look at once")
        func threads() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                let running = ImageMonitor(4)
                let failures = ImageMonitor([String]())
                for thread in 0..<4 {
                    try sandbox.write(
                        "\(thread).tar", ImageFixture.small("\(thread % 2)").dockerArchive(names: ["t\(thread)"]))
                    let started = ImageThread.start {
                        for _ in 0..<6 {
                            do throws(ImageError) {
                                _ = try store.importImages(.path(sandbox["\(thread).tar"]))
                                _ = store.resolve("t\(thread)")
                                if thread < 2 { _ = try store.remove("t\(thread)") }
                            } catch { failures.withLock { $0.append(error.description) } }
                        }
                        running.withLock { $0 -= 1 }
                    }
                    #expect(started)
                }
                running.wait { $0 == 0 ? () : nil }
                #expect(failures.withLock { $0 } == [])
                store.close()
                let again = try sandbox.open()
                for image in again.list() { #expect(namesOf(image.layers[0]) == ["greeting"]) }
                again.close()
                #expect(sandbox.names("images/ingest") == [] && sandbox.names("images/trash") == [])
            }
        }

        @Test("stops an import when its caller cancels or its deadline passes")
        func stopping() throws {
            try sandboxed { sandbox throws in
                let store = try sandbox.open()
                defer { store.close() }
                var ends: [Int32] = [-1, -1]
                try #require(pipe(&ends) == 0)
                defer { for end in ends { close(end) } }
                let begin = ImageTime.monotonic
                let soon = ImageOperation(deadline: begin + 200_000_000)
                #expect(
                    reason { _ = try store.importImages(.descriptor(ends[0]), operation: soon) } == "DeadlineExceeded")
                let never = ImageOperation(isCancelled: { true })
                #expect(reason { _ = try store.importImages(.descriptor(ends[0]), operation: never) } == "Cancelled")
                #expect(ImageTime.monotonic - begin < 2_000_000_000)
                #expect(sandbox.names("images/ingest") == [])
            }
        }
    }
}
