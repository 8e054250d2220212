import Glibc
import Testing

@testable import RuntimeNamespaceCore

/// One way to go wrong, and what it is to be refused with.
struct BadLayer: Sendable, CustomTestStringConvertible {
    let name: String
    let reason: String
    let make: @Sendable (inout TarBuilder) -> Void
    var testDescription: String { name }

    init(_ name: String, _ reason: String = "MaliciousLayer", _ make: @escaping @Sendable (inout TarBuilder) -> Void) {
        self.name = name
        self.reason = reason
        self.make = make
    }

    static let all: [BadLayer] = [
        BadLayer("a path with ..") { $0.file("../escape", "x") },
        BadLayer("a path with .. inside") { $0.file("a/../../escape", "x") },
        BadLayer("an absolute path") { $0.file("/tmp/pintle-escape", "x") },
        BadLayer("an absolute path in a pax record") { $0.add("a", pax: [("path", "/tmp/pintle-escape")]) },
        BadLayer("a file through an absolute link") {
            $0.link("a", to: "/tmp")
            $0.file("a/pintle-escape", "x")
        },
        BadLayer("a file through a link upwards") {
            $0.link("a", to: "../../../../../../../tmp")
            $0.file("a/pintle-escape", "x")
        },
        BadLayer("a file through a chain of links") {
            $0.directory("d")
            $0.link("d/up", to: "..")
            $0.link("out", to: "d/up/..")
            $0.file("out/pintle-escape", "x")
        },
        BadLayer("a file through a dangling link") {
            $0.link("a", to: "/nonexistent/place")
            $0.file("a/b/pintle-escape", "x")
        },
        BadLayer("a directory through a link") {
            $0.link("a", to: "/tmp")
            $0.directory("a/pintle-escape")
        },
        BadLayer("a link through a link") {
            $0.link("a", to: "/tmp")
            $0.link("a/pintle-escape", to: "x")
        },
        BadLayer("a whiteout through a link") {
            $0.link("a", to: "/tmp")
            $0.file("a/.wh.pintle-escape", "")
        },
        BadLayer("a hard link with ..") { $0.hardLink("a", to: "../../etc/passwd") },
        BadLayer("an absolute hard link") { $0.hardLink("a", to: "/etc/passwd") },
        BadLayer("a hard link through a link") {
            $0.link("a", to: "/etc")
            $0.hardLink("b", to: "a/passwd")
        },
        BadLayer("a block device") { $0.add("sda", type: "4", device: (8, 0)) },
        BadLayer("a character device") { $0.add("mem", type: "3", device: (1, 1)) },
        BadLayer("a whiteout of ..") { $0.file("a/.wh...", "") },
        BadLayer("a whiteout of nothing") { $0.file(".wh.", "") },
        BadLayer("an attribute of overlayfs") { $0.add("a", pax: [("SCHILY.xattr.trusted.overlay.redirect", "/etc")]) },
        BadLayer("a file in place of the root") { $0.file(".", "x") },
        BadLayer("a very deep path") { tar in
            tar.add("a", pax: [("path", String(repeating: "d/", count: 300) + "x")])
        },
        BadLayer("a hard link to what is missing", "InvalidImage") { $0.hardLink("a", to: "b") },
        BadLayer("a file below a file", "InvalidImage") {
            $0.file("a", "x")
            $0.file("a/b", "x")
        },
        BadLayer("a file in place of a full directory", "InvalidImage") {
            $0.file("a/b", "x")
            $0.file("a", "x")
        },
        BadLayer("an impossible owner", "InvalidImage") { $0.add("a", pax: [("uid", "4294967295")]) },
        BadLayer("a name that is too long", "InvalidImage") { tar in
            tar.add("a", pax: [("path", String(repeating: "n", count: 300))])
        },
        BadLayer("more bytes than allowed", "ImageTooLarge") {
            $0.add("a", data: [UInt8](repeating: 0, count: 5 << 20))
        },
        BadLayer("a hole larger than allowed", "ImageTooLarge") { tar in
            // GNU tar's sparse format 1.0: no data, eight gigabytes of size.
            tar.add(
                "a", data: Array("0\n".utf8) + [UInt8](repeating: 0, count: 510),
                pax: [
                    ("GNU.sparse.major", "1"), ("GNU.sparse.minor", "0"), ("GNU.sparse.name", "a"),
                    ("GNU.sparse.realsize", "8589934592"),
                ])
        },
        BadLayer("more entries than allowed", "ImageTooLarge") { tar in
            for number in 0..<200 { tar.file("f\(number)", "") }
        },
    ]
}

extension ImageTests {
    @Suite("Bad layers and archives")
    struct BadLayers {
        /// Imports an archive that must be refused and checks that nothing of it stays.
        private func refused(_ sandbox: Sandbox, _ archive: [UInt8]) throws -> ImageError? {
            let store = try sandbox.open { $0.limits = Self.limits }
            defer { store.close() }
            try sandbox.write("a.tar", archive)
            let error = failure(of: { _ = try store.importImages(.path(sandbox["a.tar"])) })
            #expect(store.list() == [])
            #expect(sandbox.names("images/ingest") == [])
            #expect(sandbox.names("images/blobs/sha256") == [])
            #expect(access("/tmp/pintle-escape", F_OK) != 0)
            return error
        }

        private static var limits: ImageLimits {
            var limits = ImageLimits()
            limits.layerBytes = 4 << 20
            limits.layerEntries = 100
            return limits
        }

        @Test("a layer is refused with", arguments: BadLayer.all)
        func refuse(_ bad: BadLayer) throws {
            try sandboxed { sandbox throws in
                let layer = TarBuilder.make(bad.make)
                // The outer archive is within the limits: the layer is what is looked at.
                let fixture = ImageFixture(layers: [layer])
                let error = try refused(sandbox, fixture.dockerArchive(names: ["a"]))
                #expect(error?.reason == bad.reason, "\(error?.message ?? "accepted")")
                #expect(sandbox.names("images/layers") == [])
            }
        }

        @Test("a layer that unpacks to gigabytes is refused when the limit is reached")
        func bomb() throws {
            try sandboxed { sandbox throws in
                try shell("head -c 300000000 /dev/zero | gzip -1 > \(sandbox["zeros.gz"])")
                let error = try refused(
                    sandbox,
                    TarBuilder.make { $0.add("manifest.json", data: (try? contents(sandbox["zeros.gz"])) ?? []) })
                // The archive itself is small; what is in it is no manifest.
                #expect(error?.reason == "InvalidImage")
                let layer = try contents(sandbox["zeros.gz"])
                let fixture = ImageFixture(layers: [layer], diffIDs: ["sha256:" + String(repeating: "0", count: 64)])
                #expect(try refused(sandbox, fixture.dockerArchive(names: ["a"]))?.reason == "ImageTooLarge")
            }
        }

        @Test("an archive's link can't lead to a file of the node")
        func archiveLinks() throws {
            try sandboxed { sandbox throws in
                try sandbox.write("secret", Array("{}".utf8))
                for target in ["/etc/hostname", "../../../secret", sandbox["secret"]] {
                    let archive = TarBuilder.make { tar in
                        tar.link("config.json", to: target)
                        tar.file("manifest.json", "[{\"Config\":\"config.json\",\"Layers\":[],\"RepoTags\":[\"a\"]}]")
                    }
                    let error = try refused(sandbox, archive)
                    #expect(error?.reason == "InvalidImage")
                    #expect(error?.message.contains("config.json can't be read") == true)
                }
            }
        }

        @Test("a layer that differs from its digests is refused")
        func digests() throws {
            try sandboxed { sandbox throws in
                let layer = TarBuilder.make { $0.file("a", "b") }
                let other = ImageFixture(layers: [layer], diffIDs: [ImageDigest(of: []).description])
                let error = try refused(sandbox, other.dockerArchive(names: ["a"]))
                #expect(error?.reason == "InvalidImage" && error?.message.contains("has the digest") == true)
                let good = ImageFixture(layers: [layer])
                for blob in [good.config, good.manifest, layer] {
                    let digest = ImageDigest(of: blob).description
                    let archive = good.layout(name: "a:1") { $0 == digest ? $1 + [32] : $1 }
                    let error = try refused(sandbox, archive)
                    #expect(
                        error?.reason == "InvalidImage" && error?.message.contains("not what its digest says") == true)
                }
                #expect(sandbox.names("images/layers") == [])
            }
        }

        @Test("a truncated or damaged archive is refused, wherever it ends", arguments: ["", "gzip", "zstd -q"])
        func truncated(_ compressor: String) throws {
            try sandboxed { sandbox throws in
                var noise = [UInt8](repeating: 0, count: 200_000)
                for index in noise.indices { noise[index] = UInt8.random(in: 0...255) }
                let fixture = ImageFixture(layers: [TarBuilder.make { $0.add("noise", data: noise) }])
                try sandbox.write("whole", fixture.dockerArchive(names: ["a"]))
                if !compressor.isEmpty { try shell("\(compressor) < \(sandbox["whole"]) > \(sandbox["packed"])") }
                let bytes = try contents(sandbox[compressor.isEmpty ? "whole" : "packed"])
                for length in [1, 100, 700, bytes.count / 3, bytes.count / 2, bytes.count - 3000] {
                    let error = try refused(sandbox, Array(bytes.prefix(length)))
                    #expect(error?.reason == "InvalidImage", "\(length) of \(bytes.count) bytes")
                }
                #expect(try refused(sandbox, noise)?.reason == "InvalidImage")
                #expect(try refused(sandbox, [])?.reason == "InvalidImage")
            }
        }

        @Test(
            "documents that make no sense are refused",
            arguments: [
                "[]", "{}", "[{}]", "nonsense", "[{\"Config\":\"c\",\"Layers\":[1]}]",
                "[{\"Config\":\"c\",\"Layers\":[]}]",
                "[{\"Config\":\"manifest.json\",\"Layers\":[]}]", "[{\"Config\":\"../../etc/passwd\",\"Layers\":[]}]",
            ])
        func documents(_ manifest: String) throws {
            try sandboxed { sandbox throws in
                let error = try refused(sandbox, TarBuilder.make { $0.file("manifest.json", manifest) })
                #expect(error?.reason == "InvalidImage")
            }
        }
    }
}
