import Testing

@testable import RuntimeNamespaceCore

extension ImageTests {
    @Suite("Image names")
    struct References {
        static let digest = "sha256:" + String(repeating: "0123456789abcdef", count: 4)

        @Test(
            "are completed as Docker and Kubernetes do",
            arguments: [
                ("busybox", "docker.io/library/busybox:latest"),
                ("busybox:1.35", "docker.io/library/busybox:1.35"),
                ("library/busybox", "docker.io/library/busybox:latest"),
                ("index.docker.io/busybox", "docker.io/library/busybox:latest"),
                ("grafana/grafana", "docker.io/grafana/grafana:latest"),
                ("localhost/a", "localhost/a:latest"),
                ("localhost:5000/a/b_c__d-e.f:T_1.2-x", "localhost:5000/a/b_c__d-e.f:T_1.2-x"),
                ("registry.k8s.io/pause:3.9", "registry.k8s.io/pause:3.9"),
                ("[::1]:5000/a", "[::1]:5000/a:latest"),
                ("Host/a", "Host/a:latest"),
                ("busybox@\(digest)", "docker.io/library/busybox@\(digest)"),
                ("busybox:1.35@\(digest)", "docker.io/library/busybox@\(digest)"),
            ])
        func complete(_ text: String, _ expected: String) throws {
            #expect(try ImageReference(parsing: text).description == expected)
        }

        @Test(
            "that are none are refused with Kubernetes' reason",
            arguments: [
                "", " ", "Busybox", "busybox:", "busybox:-a", "a//b", "/a", "a/", "a..b", "a-", "_a", "a___b", "a:b:c",
                "busybox@sha256:123", "busybox@md5:" + String(repeating: "0", count: 32), "a b",
                "a:" + String(repeating: "t", count: 129),
                String(repeating: "a", count: 256), String(repeating: "0123456789abcdef", count: 4), "a@",
                "host:port/a",
                "busybox@sha512:" + String(repeating: "0", count: 128),
            ])
        func refuse(_ text: String) {
            let error = failure(of: { _ = try ImageReference(parsing: text) })
            #expect(error?.reason == "InvalidImageName")
            #expect(error?.message.hasPrefix("couldn't parse image name \"\(text.prefix(300))\": ") == true)
        }

    }

    @Suite("Digests and times")
    struct Values {
        @Test("SHA-256 gives the digests of FIPS 180-4, in one piece and in many")
        func digests() {
            let vectors = [
                ("", "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"),
                ("abc", "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"),
                (
                    "abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq",
                    "248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1"
                ),
            ]
            for (text, hex) in vectors {
                #expect(ImageDigest(of: Array(text.utf8)).hex == hex)
                var hasher = ImageHasher()
                for byte in text.utf8 { withUnsafeBytes(of: byte) { hasher.update($0) } }
                #expect(hasher.finish().hex == hex)
            }
        }

        @Test(
            "times of configurations are read with fractions and offsets",
            arguments: [
                ("1970-01-01T00:00:00Z", Int64(0)),
                ("2024-05-01T10:00:00.5Z", 1_714_557_600_500_000_000),
                ("2024-05-01T12:00:00.123456789+02:00", 1_714_557_600_123_456_789),
                ("0001-01-01T00:00:00Z", nil), ("2024-13-01T00:00:00Z", nil), ("yesterday", nil), ("", nil),
                ("2024-05-01T10:00:00", nil), ("2024-05-01T10:00:00Zz", nil),
            ] as [(String, Int64?)])
        func times(_ text: String, _ expected: Int64?) {
            #expect(ImageTime.nanoseconds(of: text) == expected)
            if let expected, expected % 1_000_000_000 == 0 { #expect(ImageTime.text(expected) == text) }
        }
    }
}
