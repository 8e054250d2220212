import Foundation
import NIOCore
import Testing

@testable import PintleHTTP

@Suite("TLS and HTTP/2, with curl")
struct TLSTests {
    let directory: TemporaryDirectory
    let pki: ClusterPKI

    init() throws {
        self.directory = try TemporaryDirectory()
        self.pki = try ClusterPKI.loadOrCreate(
            directory: self.directory.path, names: ServingNames(nodeName: "node", listenAddresses: []))
    }

    private func curl(_ words: [String], port: Int, path: String = "/", certificate: Bool = false) async throws
        -> Outcome
    {
        let identity = ["--cert", "\(self.directory.path)/admin.crt", "--key", "\(self.directory.path)/admin.key"]
        return try await run(
            ["curl", "-sS", "--cacert", "\(self.directory.path)/ca.crt"] + (certificate ? identity : []) + words
                + ["https://127.0.0.1:\(port)\(path)"])
    }

    @Sendable private static func who(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        let identity = request.identity.map { "\($0.user) \($0.groups)" } ?? "nobody"
        exchange.send(
            200, "\(request.method) \(identity) \(request.headers["host"] ?? "") \(request.body.readableBytes)")
    }

    @Test("who the client is comes from its certificate", arguments: ["--http1.1", "--http2"])
    func identity(_ version: String) async throws {
        try await withServer(tls: self.pki.tls, responder: Self.who) { _, port in
            let known = try await self.curl([version, "-w", " %{http_version}"], port: port, certificate: true)
            let host = "127.0.0.1:\(port)", number = version == "--http2" ? "2" : "1.1"
            #expect(known.output == "GET kubernetes-admin [\"system:masters\"] \(host) 0 \(number)", "\(known.errors)")
            let unknown = try await self.curl([version], port: port)
            #expect(unknown.output == "GET nobody \(host) 0", "\(unknown.errors)")
        }
    }

    @Test("a certificate of another authority is refused", arguments: ["--http1.1", "--http2"])
    func foreignCertificate(_ version: String) async throws {
        let other = try TemporaryDirectory()
        _ = try ClusterPKI.loadOrCreate(directory: other.path, names: ServingNames(nodeName: "x", listenAddresses: []))
        try await withServer(tls: self.pki.tls, responder: Self.who) { _, port in
            let words = [version, "--cert", "\(other.path)/admin.crt", "--key", "\(other.path)/admin.key"]
            let outcome = try await self.curl(words, port: port)
            #expect(outcome.status != 0 && outcome.output == "", "\(outcome)")
        }
    }

    @Test("TLS 1.1 is refused")
    func oldTLS() async throws {
        try await withServer(tls: self.pki.tls, responder: Self.who) { _, port in
            let outcome = try await self.curl(["--tls-max", "1.1", "--ciphers", "DEFAULT@SECLEVEL=0"], port: port)
            #expect(outcome.status != 0 && outcome.output == "")
        }
    }

    @Test("bodies up to the limit arrive, larger ones are answered by 413", arguments: ["--http1.1", "--http2"])
    func bodies(_ version: String) async throws {
        let limit = 3 << 20
        try await withServer(tls: self.pki.tls, responder: Self.who) { _, port in
            for (size, status) in [(limit, "200"), (limit + 1, "413"), (4 << 20, "413")] {
                let file = "\(self.directory.path)/body"
                try Data(count: size).write(to: URL(fileURLWithPath: file))
                for chunked in [false, true] {
                    let words =
                        [version, "--data-binary", "@\(file)", "-w", " %{http_code}"]
                        + (chunked ? ["-H", "Transfer-Encoding: chunked", "-H", "Content-Length:"] : [])
                    let outcome = try await self.curl(words, port: port)
                    #expect(outcome.output.hasSuffix(" \(status)"), "\(size) \(chunked) \(outcome)")
                    if status == "413" {
                        #expect(outcome.output.contains("Request entity too large: limit is 3145728"))
                    }
                }
            }
        }
    }

    @Test("HEAD, empty and large answers are whole", arguments: ["--http1.1", "--http2"])
    func answers(_ version: String) async throws {
        try await withServer(
            tls: self.pki.tls,
            responder: { request, exchange in
                switch request.path {
                case "/empty": exchange.send(status: 204, headers: [("X-Upper", "kept")], body: ByteBuffer())
                case "/large":
                    exchange.send(status: 200, headers: [], body: ByteBuffer(repeating: 0x61, count: 20 << 20))
                default: Self.who(request, exchange)
                }
            }
        ) { _, port in
            let head = try await self.curl([version, "-I"], port: port)
            #expect(head.output.contains("content-length: "), "\(head)")
            let empty = try await self.curl([version, "-i"], port: port, path: "/empty")
            #expect(empty.output.contains(" 204") && empty.output.lowercased().contains("x-upper: kept"), "\(empty)")
            let large = try await self.curl(
                [version, "-o", "/dev/null", "-w", "%{size_download}"], port: port, path: "/large")
            #expect(large.output == "\(20 << 20)", "\(large)")
        }
    }

    @Test("streamed answers arrive as they are written, and end", arguments: ["--http1.1", "--http2"])
    func streams(_ version: String) async throws {
        let gone = Counter()
        try await withServer(
            tls: self.pki.tls,
            responder: { request, exchange in
                exchange.begin(status: 200, headers: [])
                exchange.onClose { gone.add(1) }
                Task {
                    var number = 0
                    while request.path == "/endless" || number < 10_000 {
                        try await exchange.write(
                            ByteBuffer(string: "line \(number) of a text that is somewhat longer\n"))
                        number += 1
                    }
                    exchange.end()
                }
            }
        ) { _, port in
            let finite = try await self.curl([version], port: port)
            #expect(finite.output.split(separator: "\n").count == 10_000 && finite.status == 0, "\(finite.errors)")
            let slow = try await self.curl([version, "-m", "1", "--limit-rate", "10k"], port: port, path: "/endless")
            #expect(slow.status == 28)
            #expect(await eventually { gone.value == 2 })
        }
    }

    @Test("many requests share an HTTP/2 connection")
    func multiplexing() async throws {
        try await withServer(
            tls: self.pki.tls,
            responder: { request, exchange in
                Task {
                    try await Task.sleep(for: .milliseconds(request.path.hasSuffix("0") ? 50 : 0))
                    exchange.send(200, request.path + "\n")
                }
            }
        ) { server, port in
            let outcome = try await run(
                ["curl", "-sS", "--http2", "-Z", "--parallel-max", "40", "--cacert", "\(self.directory.path)/ca.crt"]
                    + ["https://127.0.0.1:\(port)/[1-200]"])
            #expect(
                Set(outcome.output.split(separator: "\n").map(String.init)) == Set((1...200).map { "/\($0)" }),
                "\(outcome.errors)")
        }
    }

    @Test("shutting down ends an HTTP/2 watch properly")
    func shutdown() async throws {
        let begun = Counter()
        nonisolated(unsafe) var outcome: Outcome?
        try await withServer(
            tls: self.pki.tls,
            responder: { _, exchange in
                exchange.begin(status: 200, headers: [], endless: true)
                exchange.onClose { [exchange] in _ = exchange }
                begun.add(1)
            }
        ) { server, port in
            async let watch = self.curl(["--http2"], port: port)
            #expect(await eventually { begun.value == 1 })
            await server.shutdown(grace: .seconds(5))
            outcome = try await watch
        }
        #expect(outcome?.status == 0, "\(String(describing: outcome))")
    }

    @Test("a client that never finishes its handshake is let go")
    func handshake() async throws {
        try await withServer(
            tls: self.pki.tls, configure: { $0.timeouts.handshake = .milliseconds(200) }, responder: Self.who
        ) { _, port in
            let answer = try await blocking { try RawClient(port: port).readToEnd() }
            #expect(answer == "")
        }
    }

    @Test("noise instead of TLS is closed, and others are still served")
    func noise() async throws {
        var random = SeededRandom("TLS noise")
        let noise = (0..<50).map { _ in (0..<200).map { _ in UInt8.random(in: 0...255, using: &random) } }
        try await withServer(tls: self.pki.tls, responder: Self.who) { _, port in
            try await blocking {
                for bytes in noise {
                    let client = try RawClient(port: port)
                    try client.send(bytes)
                    client.shutdownOutput()
                    _ = try client.readToEnd()
                }
            }
            #expect(try await self.curl([], port: port).status == 0)
        }
    }
}
