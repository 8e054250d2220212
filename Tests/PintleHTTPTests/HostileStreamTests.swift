import Testing

@testable import PintleHTTP

@Suite("Hostile stream clients")
struct HostileStreamTests {
    private func withShell(_ body: @escaping @Sendable (Int) throws -> Void) async throws {
        try await withServer(responder: { request, exchange in
            Task { await ShellCommand.serve(request, exchange) { _ in throw TestFailure("no ports here") } }
        }) { server, port in
            try await blocking { try body(port) }
            #expect(await eventually { server.connections == 0 })
        }
    }

    private static let path = "/exec?command=cat&stdin=true&stdout=true"

    @Test("forbidden WebSocket frames are answered by their close code")
    func webSocket() async throws {
        let frame = WebSocketTestClient.frame
        let attacks: [(bytes: [UInt8], code: Int)] = [
            (frame(2, [0, 97], true, false, 0), 1002),  // unmasked
            (frame(2, [0, 97], true, true, 0x40), 1002),  // a reserved bit
            (frame(0, [97], true, true, 0), 1002),  // a continuation of nothing
            (frame(9, [UInt8](repeating: 0, count: 126), true, true, 0), 1002),  // a long ping
            (frame(9, [], false, true, 0), 1002),  // a fragmented ping
            (frame(3, [], true, true, 0), 1002),  // an unknown opcode
            (frame(1, [0xFF], true, true, 0), 1007),  // no UTF-8
            ([0x82, 0xFF, 0x7F, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0xFF, 0, 0, 0, 0], 1009),  // 2^63 - 1 bytes
            ([0x82, 0xFF, 0, 0, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0], 1009),  // 16 MiB
        ]
        for (bytes, code) in attacks {
            try await self.withShell { port in
                let client = try WebSocketTestClient(port: port, path: Self.path, protocols: ["v4.channel.k8s.io"])
                try client.raw.send(bytes)
                #expect(try client.receiveChannels().code == code, "\(bytes.prefix(20))")
            }
        }
    }

    @Test("text that is no base64 ends a base64 session; unknown and empty channels do nothing")
    func channels() async throws {
        try await self.withShell { port in
            let client = try WebSocketTestClient(port: port, path: Self.path, protocols: ["v4.base64.channel.k8s.io"])
            try client.send(1, Array("0!!!".utf8))
            #expect(try client.receiveChannels().code == 1002)
            let other = try WebSocketTestClient(port: port, path: Self.path, protocols: ["v5.channel.k8s.io"])
            for message: [UInt8] in [[], [9, 1], [254], [255], [255, 200], [3, 1], [1, 1]] {
                try other.send(2, message)
            }
            try other.send(2, [255, 0])
            #expect(try other.receiveChannels().code == 1000)
        }
    }

    @Test("SPDY attacks are answered by GOAWAY and a close")
    func spdy() async throws {
        let word = SPDYTestClient.word, control = SPDYTestClient.control
        let bomb = try HeaderDeflater().deflate(HeaderBlock.encode([("a", String(repeating: "a", count: 1 << 20))]))
        let plain = try HeaderDeflater().deflate(HeaderBlock.encode([("streamtype", "error")]))
        let attacks: [[UInt8]] = [
            control(1, 0, word(1) + [0, 0, 0, 0, 0, 0] + bomb),
            control(1, 0, word(1) + [0, 0, 0, 0, 0, 0, 1, 2, 3, 4]),
            control(1, 0, word(2) + [0, 0, 0, 0, 0, 0] + plain),  // an even number
            [0x80, 3, 0, 1, 0, 0xFF, 0xFF, 0xFF],
            Array(repeating: 0xFF, count: 100),
        ]
        for bytes in attacks {
            try await self.withShell { port in
                let client = try SPDYTestClient(port: port, path: Self.path, versions: ["v4.channel.k8s.io"])
                try client.send(bytes)
                guard case .goAway(_, 1) = try client.receive() else {
                    throw TestFailure("no GOAWAY for \(bytes.prefix(20))")
                }
            }
        }
    }

    @Test("SPDY streams that nobody asked for are refused, the session goes on")
    func refusedStreams() async throws {
        try await self.withShell { port in
            let client = try SPDYTestClient(port: port, path: Self.path, versions: ["v4.channel.k8s.io"])
            let odd = try client.open([("streamtype", "nonsense")])
            guard case .reset(odd, .refusedStream) = try client.receive() else { throw TestFailure("not refused") }
            try client.send("lost", on: odd)
            try client.send("nowhere", on: 99)
            guard case .reset(99, .invalidStream) = try client.receive() else { throw TestFailure("not told") }
            let ids = try ["error", "stdin", "stdout"].map { try client.open([("streamtype", $0)]) }
            try client.send("hi", on: ids[1], fin: true)
            #expect(try client.receiveUntilEnd(of: [ids[0], ids[2]])[ids[2]] == "hi")
        }
    }

    @Test("noise after an upgrade never harms the server")
    func noise() async throws {
        var random = SeededRandom("stream noise")
        let noise = (0..<60).map { _ in
            (0..<Int.random(in: 1...400, using: &random)).map { _ in UInt8.random(in: 0...255, using: &random) }
        }
        try await self.withShell { port in
            for bytes in noise {
                let web = try WebSocketTestClient(port: port, path: Self.path, protocols: ["v5.channel.k8s.io"])
                try? web.raw.send(bytes)
                let spdy = try SPDYTestClient(port: port, path: Self.path, versions: ["v4.channel.k8s.io"])
                try? spdy.send([0x80, 3, 0, bytes[0] % 10, 0, 0] + bytes)
            }
        }
    }
}
