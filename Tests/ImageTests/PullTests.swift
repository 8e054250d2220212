import Glibc
import PintleObjects
import Synchronization
import Testing

@testable import RuntimeNamespaceCore

extension ImageTests {
    @Suite("Pulling")
    struct Pulling {
        typealias Handler = @Sendable (FakeRegistry.Request, FakeRegistry) -> FakeRegistry.Reply

        /// Runs a test with a registry that answers by `handler`.
        private func pulling(
            _ handler: @escaping Handler, change: (inout ImageStoreConfiguration, FakeRegistry) -> Void = { _, _ in },
            _ body: (ImageStore, FakeRegistry, Sandbox) throws -> Void
        ) throws {
            try sandboxed { sandbox throws in
                let registry = FakeRegistry(handler)
                defer { registry.stop() }
                let store = try sandbox.open { change(&$0, registry) }
                defer { store.close() }
                try body(store, registry, sandbox)
            }
        }

        private static let image = ImageFixture(
            layers: (0..<5).map { number in
                TarBuilder.make {
                    $0.add("file\(number)", data: (0..<300_000).map { UInt8(truncatingIfNeeded: $0 &* number) })
                }
            })

        @Test("gets an image, tells its progress, and downloads nothing when it has it already")
        func pull() throws {
            try pulling({ request, _ in FakeRegistry.serve(Self.image, request) }) { store, registry, sandbox throws in
                var progress: [LayerProgress] = []
                let image = try store.pull(
                    "\(registry.host)/a",
                    progress: {
                        progress.append($0); return true
                    })
                #expect(image.id == Self.image.id && image.layers.count == 5)
                #expect(image.repoTags == ["\(registry.host)/a:latest"])
                #expect(image.repoDigests == ["\(registry.host)/a@\(Self.image.manifestDigest)"])
                for layer in Self.image.layers {
                    let digest = ImageDigest(of: layer).description
                    #expect(progress.last { $0.layer == digest }?.phase == .done)
                }
                #expect(sandbox.names("images/ingest") == [])
                let before = registry.requests.count
                #expect(try store.pull("\(registry.host)/a") == image)
                #expect(
                    try store.pull("\(registry.host)/a:1").repoTags == [
                        "\(registry.host)/a:1", "\(registry.host)/a:latest",
                    ])
                #expect(try store.pull("\(registry.host)/a@\(Self.image.manifestDigest)").id == image.id)
                let later = registry.requests.dropFirst(before)
                #expect(later.map(\.method) == ["HEAD", "HEAD"])
                _ = try store.remove(image.id)
                #expect(try store.pull("\(registry.host)/a@\(Self.image.manifestDigest)").repoTags == [])
            }
        }

        @Test("chooses from an index what the platform needs, and names what there is when nothing fits")
        func platforms() throws {
            let arm = ImageFixture(layers: [TarBuilder.make { $0.file("arch", "arm64") }], architecture: "arm64")
            let amd = ImageFixture(layers: [TarBuilder.make { $0.file("arch", "amd64") }])
            let index: JSON = [
                "schemaVersion": 2, "mediaType": "application/vnd.oci.image.index.v1+json",
                "manifests": .array(
                    [(arm, "linux", "arm64"), (amd, "unknown", "unknown"), (amd, "linux", "amd64")].map {
                        image, os, cpu in
                        var entry = ImageFixture.descriptor(
                            image.manifest, "application/vnd.oci.image.manifest.v1+json")
                        entry["platform"] = ["os": .string(os), "architecture": .string(cpu)]
                        return entry
                    }),
            ]
            let bytes = index.serialized()
            let handler: Handler = { request, _ in
                if request.path.hasSuffix("/latest") || request.path.hasSuffix(ImageDigest(of: bytes).hex) {
                    return .answer(200, [("Docker-Content-Digest", "\(ImageDigest(of: bytes))")], bytes)
                }
                let reply = FakeRegistry.serve(arm, request)
                if case .answer(404, _, _) = reply { return FakeRegistry.serve(amd, request) }
                return reply
            }
            try pulling(handler) { store, registry, _ throws in
                let image = try store.pull("\(registry.host)/a")
                #expect(try text(image.layers[0] + "/arch") == "amd64")
                #expect(image.repoDigests == ["\(registry.host)/a@\(ImageDigest(of: bytes))"])
                let other = try store.pull(
                    "\(registry.host)/a", platform: ImagePlatform(os: "linux", architecture: "arm64"))
                #expect(other.id == arm.id)
                let error = failure(of: {
                    _ = try store.pull(
                        "\(registry.host)/a", platform: ImagePlatform(os: "linux", architecture: "s390x"))
                })
                #expect(error?.reason == "ErrImagePull" && error?.code == .notFound)
                #expect(error?.message.contains("linux/arm64, linux/amd64") == true)
            }
        }

        @Test("continues a broken download where it ended")
        func resuming() throws {
            let layer = Self.image.layers[3]
            let name = ImageDigest(of: layer).description
            let handler: Handler = { request, registry in
                guard request.path.hasSuffix(name), registry.count("GET", name) < 3,
                    case .answer(let status, let headers, let body) = FakeRegistry.range(of: layer, request)
                else { return FakeRegistry.serve(Self.image, request) }
                return .broken(status, headers, body, after: 100_000)
            }
            try pulling(handler) { store, registry, _ throws in
                #expect(try store.pull("\(registry.host)/a").id == Self.image.id)
                let ranges = registry.requests.filter { $0.path.hasSuffix(name) }.map { $0.headers["range"] }
                #expect(ranges == [nil, "bytes=100000-", "bytes=200000-"])
            }
        }

        @Test("keeps complete layers and parts for the next pull, also of another process")
        func continuing() throws {
            let layer = Self.image.layers[4]
            let name = ImageDigest(of: layer).description
            let isWell = Mutex(false)
            let handler: Handler = { request, _ in
                if request.path.hasSuffix(name), !isWell.withLock({ $0 }) {
                    guard request.headers["range"] == nil else { return .answer(500, [], []) }
                    return .broken(200, [], layer, after: 50_000)
                }
                return FakeRegistry.serve(Self.image, request)
            }
            try pulling(handler) { store, registry, sandbox throws in
                #expect(reason { _ = try store.pull("\(registry.host)/a") } == "RegistryUnavailable")
                #expect(sandbox.names("images/ingest") == ["\(name.dropFirst(7)).part"])
                #expect(store.list() == [])
                store.close()
                let again = try sandbox.open()
                defer { again.close() }
                isWell.withLock { $0 = true }
                let before = registry.requests.count
                #expect(try again.pull("\(registry.host)/a").id == Self.image.id)
                let blob = registry.requests.dropFirst(before).first { $0.path.hasSuffix(name) }
                #expect(blob?.headers["range"] == "bytes=50000-")
            }
        }

        @Test("begins anew when what an earlier pull left is wrong, and when a registry knows no ranges")
        func beginningAnew() throws {
            let layer = Self.image.layers[2]
            let name = ImageDigest(of: layer)
            for knowsRanges in [true, false] {
                let handler: Handler = { request, _ in
                    guard !knowsRanges else { return FakeRegistry.serve(Self.image, request) }
                    var whole = request
                    whole.headers["range"] = nil
                    return FakeRegistry.serve(Self.image, whole)
                }
                try pulling(handler) { store, registry, sandbox throws in
                    try sandbox.write("images/ingest/\(name.hex).part", [UInt8](repeating: 1, count: 1000))
                    #expect(try store.pull("\(registry.host)/a").id == Self.image.id)
                }
            }
        }

        @Test("refuses what its digest or size does not fit", arguments: ["layer", "config", "manifest", "long layer"])
        func digests(_ what: String) throws {
            let wrong =
                what.hasSuffix("layer")
                ? Self.image.layers[1] : what == "config" ? Self.image.config : Self.image.manifest
            let name = ImageDigest(of: wrong).description
            let handler: Handler = { request, _ in
                guard request.path.hasSuffix(name), request.method == "GET" else {
                    return FakeRegistry.serve(Self.image, request)
                }
                return .answer(200, [], what == "long layer" ? wrong + wrong : [32] + wrong.dropFirst())
            }
            try pulling(handler) { store, registry, sandbox throws in
                let error = failure(of: { _ = try store.pull("\(registry.host)/a") })
                #expect(
                    error?.reason == "ErrImagePull" && error?.code == .invalid, "\(error?.description ?? "accepted")")
                #expect(store.list() == [])
                #expect(sandbox.names("images/ingest").contains("\(name.dropFirst(7)).part") == false)
            }
        }

        @Test("refuses a malicious layer and an image for another machine")
        func contents() throws {
            let bad = ImageFixture(layers: [TarBuilder.make { $0.file("../escape", "x") }])
            let foreign = ImageFixture(layers: [], architecture: "mips")
            for (image, expected) in [(bad, "MaliciousLayer"), (foreign, "the image is made for linux/mips")] {
                try pulling({ request, _ in FakeRegistry.serve(image, request) }) { store, registry, sandbox throws in
                    let error = failure(of: { _ = try store.pull("\(registry.host)/a") })
                    #expect(error?.reason == "ErrImagePull" && error?.code == .invalid)
                    #expect(error?.message.contains(expected) == true)
                    #expect(sandbox.names("images/ingest") == [] && sandbox.names("images/layers") == [])
                }
            }
        }

        @Test(
            "tells what a registry's answer means",
            arguments: [
                (401, "ErrImagePull", ImageError.Code.permission, 2), (403, "ErrImagePull", .permission, 2),
                (404, "ErrImagePull", .notFound, 2), (418, "ErrImagePull", .internal, 2),
                (500, "RegistryUnavailable", .unavailable, 4), (503, "RegistryUnavailable", .unavailable, 4),
            ])
        func statuses(_ status: Int, _ reason: String, _ code: ImageError.Code, _ requests: Int) throws {
            let handler: Handler = { _, _ in
                .answer(status, [], Array("{\"errors\":[{\"code\":\"CODE\",\"message\":\"because\"}]}".utf8))
            }
            try pulling(handler) { store, registry, _ throws in
                let error = failure(of: { _ = try store.pull("\(registry.host)/a") })
                #expect(error?.reason == reason && error?.code == code)
                #expect(error?.message.hasPrefix("failed to pull image \"\(registry.host)/a:latest\": ") == true)
                // HEAD has no body, so only answers to GET can tell more.
                #expect(error?.message.contains("\(status)") == true)
                #expect(registry.requests.count == requests)
            }
        }

        @Test("waits as long as a busy registry asks, if that is short, else says how long")
        func busy() throws {
            let handler: Handler = { request, registry in
                registry.requests.count == 1
                    ? .answer(429, [("Retry-After", "1")], []) : FakeRegistry.serve(Self.image, request)
            }
            try pulling(handler) { store, registry, _ throws in
                let begin = ImageTime.monotonic
                #expect(try store.pull("\(registry.host)/a").id == Self.image.id)
                #expect(ImageTime.monotonic - begin > 900_000_000)
            }
            try pulling({ _, _ in .answer(429, [("Retry-After", "600")], []) }) { store, registry, _ throws in
                let error = failure(of: { _ = try store.pull("\(registry.host)/a") })
                #expect(error?.reason == "RegistryUnavailable" && error?.retryAfter == 600_000_000_000)
                #expect(registry.requests.count == 1)
            }
        }

        @Test("ends within a second of being cancelled, and at its deadline")
        func stopping() throws {
            let handler: Handler = { request, _ in
                request.path.contains("/blobs/") ? .silence : FakeRegistry.serve(Self.image, request)
            }
            try pulling(handler) { store, registry, sandbox throws in
                var begin = ImageTime.monotonic
                let end = begin + 300_000_000
                let cancelling = ImageOperation(isCancelled: { ImageTime.monotonic > end })
                #expect(reason { _ = try store.pull("\(registry.host)/a", operation: cancelling) } == "Cancelled")
                #expect(ImageTime.monotonic - end < 1_000_000_000)
                begin = ImageTime.monotonic
                let late = ImageOperation(deadline: begin + 300_000_000)
                #expect(reason { _ = try store.pull("\(registry.host)/a", operation: late) } == "DeadlineExceeded")
                #expect(ImageTime.monotonic - begin < 1_300_000_000)
                #expect(store.list() == [])
            }
        }

        @Test("says that a registry can't be reached")
        func unreachable() throws {
            try pulling({ _, _ in .silence }) { store, registry, _ throws in
                registry.stop()
                let begin = ImageTime.monotonic
                for name in ["127.0.0.1:1/a", "no-such-host.invalid/a"] {
                    let error = failure(of: { _ = try store.pull(name) })
                    #expect(error?.reason == "RegistryUnavailable" && error?.code == .unavailable)
                }
                #expect(ImageTime.monotonic - begin < 20_000_000_000)
            }
        }

        @Test("downloads each layer once when several threads want the image")
        func sharing() throws {
            try pulling({ request, _ in FakeRegistry.serve(Self.image, request) }) { store, registry, _ throws in
                let running = ImageMonitor(4)
                let ids = ImageMonitor(Set<String>())
                for _ in 0..<4 {
                    #expect(
                        ImageThread.start {
                            let id = (try? store.pull("\(registry.host)/a").id) ?? "failed"
                            ids.withLock { _ = $0.insert(id) }
                            running.withLock { $0 -= 1 }
                        })
                }
                running.wait { $0 == 0 ? () : nil }
                #expect(ids.withLock { $0 } == [Self.image.id])
                for layer in Self.image.layers { #expect(registry.count("GET", ImageDigest(of: layer).hex) == 1) }
            }
        }

        @Test("asks mirrors first, without the registry's credentials, and goes on when they fail")
        func mirrors() throws {
            let mirror = FakeRegistry { _, _ in FakeRegistry.missing("MANIFEST_UNKNOWN") }
            defer { mirror.stop() }
            let dead = "http://127.0.0.1:1"
            try pulling(
                { request, _ in
                    request.headers["authorization"] == nil
                        ? .answer(401, [("WWW-Authenticate", "Basic realm=\"r\"")], [])
                        : FakeRegistry.serve(Self.image, request)
                },
                change: { configuration, registry in
                    configuration.registries = [
                        RegistryConfiguration(host: registry.host, mirrors: [dead, "http://\(mirror.host)"])
                    ]
                }
            ) { store, registry, _ throws in
                let auth = RegistryAuth(username: "u", password: "p")
                let image = try store.pull("\(registry.host)/a", auth: auth)
                #expect(image.repoTags == ["\(registry.host)/a:latest"])
                #expect(mirror.requests.isEmpty == false)
                #expect(mirror.requests.allSatisfy { $0.headers["authorization"] == nil })
                #expect(registry.requests.contains { $0.headers["authorization"] == "Basic dTpw" })
            }
        }

        @Test("ignores the environment's proxy for loopback")
        func proxy() throws {
            try pulling({ request, _ in FakeRegistry.serve(Self.image, request) }) { store, registry, _ throws in
                setenv("http_proxy", "http://127.0.0.1:1", 1)
                defer { unsetenv("http_proxy") }
                #expect(try store.pull("\(registry.host)/a").id == Self.image.id)
            }
        }
    }
}
