import Foundation
import NIOCore
import Testing

@testable import PintleHTTP

@Suite("Exec and attach")
struct RemoteCommandTests {
    private func withShell<R: Sendable>(_ body: @escaping @Sendable (Int) throws -> R) async throws -> R {
        nonisolated(unsafe) var result: R?
        try await withServer(responder: { request, exchange in
            Task { await ShellCommand.serve(request, exchange) { _ in throw TestFailure("no ports here") } }
        }) { _, port in result = try await blocking { try body(port) } }
        return try #require(result)
    }

    private static func path(_ command: String, _ streams: String) -> String {
        let escaped = command.addingPercentEncoding(withAllowedCharacters: .alphanumerics) ?? ""
        return "/exec?command=sh&command=-c&command=\(escaped)"
            + streams.split(separator: " ").map { "&\($0)=true" }.joined()
    }

    private static let success = #"{"metadata":{},"status":"Success"}"#

    @Test("over WebSocket, version 5 closes standard input and tells the exit code")
    func version5() async throws {
        let (head, result) = try await self.withShell { port in
            let client = try WebSocketTestClient(
                port: port, path: Self.path("cat; echo err >&2; exit 3", "stdin stdout stderr"),
                protocols: ["v5.channel.k8s.io", "v4.channel.k8s.io"])
            try client.send(channel: 0, "hello ")
            try client.send(channel: 0, "world\n")
            try client.send(2, [255, 0])
            return (client.head, try client.receiveChannels())
        }
        #expect(head.hasPrefix("HTTP/1.1 101 ") && head.contains("sec-websocket-protocol: v5.channel.k8s.io"))
        #expect(head.contains("sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="))
        #expect(result.code == 1000)
        #expect(result.channels[1] == "hello world\n" && result.channels[2] == "err\n")
        #expect(
            result.channels[3]?.contains(
                #""reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}"#) == true)
    }

    @Test(
        "the error channel speaks as the subprotocol demands",
        arguments: [
            ("v4.channel.k8s.io", "exit 0", success), ("channel.k8s.io", "exit 0", ""), ("", "exit 0", ""),
            ("channel.k8s.io", "exit 4", "command terminated with non-zero exit code: exit status 4"),
        ])
    func errorChannel(_ name: String, _ command: String, _ expected: String) async throws {
        let result = try await self.withShell { port in
            try WebSocketTestClient(
                port: port, path: Self.path(command, "stdout"), protocols: name.isEmpty ? [] : [name]
            )
            .receiveChannels()
        }
        #expect(result.channels[3, default: ""] == expected)
        #expect(result.channels[1] == "", "the first, empty message is on the output's channel")
    }

    @Test("base64 forms are text both ways", arguments: ["base64.channel.k8s.io", "v4.base64.channel.k8s.io"])
    func base64(_ name: String) async throws {
        let (head, texts) = try await self.withShell { port in
            let client = try WebSocketTestClient(
                port: port, path: Self.path("read x; echo got $x", "stdin stdout"), protocols: [name])
            try client.send(1, Array("0aGkK".utf8))
            var texts: [String] = []
            while true {
                let (opcode, payload) = try client.receive()
                if opcode == 8 { return (client.head, texts) }
                guard opcode == 1 else { throw TestFailure("opcode \(opcode)") }
                texts.append(String(decoding: payload, as: UTF8.self))
            }
        }
        #expect(head.contains(name))
        #expect(texts.contains("1Z290IGhpCg=="))
        #expect(texts.contains("3" + Base64.encode(Self.success.utf8)) == name.hasPrefix("v4"))
    }

    @Test("all output comes before the status, however much it is")
    func flushed() async throws {
        let result = try await self.withShell { port in
            try WebSocketTestClient(
                port: port,
                path: Self.path(
                    "head -c 20000000 /dev/zero | tr '\\0' x; head -c 300000 /dev/zero | tr '\\0' y >&2",
                    "stdout stderr"),
                protocols: ["v5.channel.k8s.io"]
            ).receiveChannels()
        }
        #expect(result.channels[1]?.utf8.count == 20_000_000 && result.channels[2]?.utf8.count == 300_000)
        #expect(result.channels[3] == Self.success)
    }

    @Test("a process left in the background holds the output, but not the session")
    func background() async throws {
        let clock = ContinuousClock(), start = ContinuousClock().now
        let result = try await self.withShell { port in
            let path = Self.path("sleep 60 & echo $!", "stdout")
            return try WebSocketTestClient(port: port, path: path, protocols: ["v4.channel.k8s.io"]).receiveChannels()
        }
        #expect(clock.now - start < .seconds(30))
        let pid = try #require(result.channels[1].flatMap { Int32($0.dropLast()) })
        #expect(kill(pid, SIGKILL) == 0, "it must have outlived the session")
        #expect(result.channels[3] == Self.success)
    }

    @Test("the terminal's sizes reach the process over both protocols")
    func sizes() async throws {
        let path = "/exec?command=sizes&stdout=true&tty=true"
        let web = try await self.withShell { port in
            let client = try WebSocketTestClient(port: port, path: path, protocols: ["v5.channel.k8s.io"])
            try client.send(channel: 4, #"{"Width":80,"Height":24}"#)
            try client.send(channel: 4, #"{"Width":100,"Height":30}"#)
            return try client.receiveChannels().channels[1]
        }
        #expect(web == "80x24;100x30;")
        let spdy = try await self.withShell { port in
            let client = try SPDYTestClient(port: port, path: path, versions: ["v4.channel.k8s.io"])
            let ids = try ["error", "stdout", "resize"].map { try client.open([("streamtype", $0)]) }
            try client.send(#"{"Width":80,"Height":24}{"Wi"#, on: ids[2])
            try client.send(#"dth":100,"Height":30}"#, on: ids[2])
            return try client.receiveUntilEnd(of: [ids[0], ids[1]])[ids[1]]
        }
        #expect(spdy == "80x24;100x30;")
    }

    @Test(
        "over SPDY each version tells the outcome in its form",
        arguments: [
            (["v5.channel.k8s.io", "v4.channel.k8s.io"], "v5.channel.k8s.io", #""message":"7""#),
            (["v4.channel.k8s.io", "v3.channel.k8s.io"], "v4.channel.k8s.io", #""message":"7""#),
            (["v3.channel.k8s.io"], "v3.channel.k8s.io", "exit status 7"),
            (["v2.channel.k8s.io"], "v2.channel.k8s.io", "exit status 7"),
            (["channel.k8s.io"], "channel.k8s.io", "exit status 7"), ([], "", "exit status 7"),
        ], ["POST", "GET"])
    func spdy(_ versions: (offered: [String], chosen: String, error: String), _ method: String) async throws {
        let (head, texts) = try await self.withShell { port in
            let client = try SPDYTestClient(
                port: port, path: Self.path("cat; echo err >&2; exit 7", "stdin stdout stderr"), method: method,
                versions: versions.offered)
            let ids = try ["error", "stdin", "stdout", "stderr"].map { try client.open([("streamtype", $0)]) }
            try client.send("hello", on: ids[1])
            try client.send(" world", on: ids[1], fin: true)
            let texts = try client.receiveUntilEnd(of: [ids[0], ids[2], ids[3]])
            return (client.head, [ids[0], ids[2], ids[3]].map { texts[$0, default: ""] })
        }
        #expect(head.hasPrefix("HTTP/1.1 101 ") && head.lowercased().contains("upgrade: spdy/3.1"))
        #expect(head.contains("x-stream-protocol-version") == !versions.chosen.isEmpty)
        #expect(versions.chosen.isEmpty || head.contains("x-stream-protocol-version: \(versions.chosen)"))
        #expect(texts[0].contains(versions.error) && texts[1] == "hello world" && texts[2] == "err\n", "\(texts)")
    }

    @Test("a SPDY client that counts windows gets no more than it granted, and grants of its own")
    func windows() async throws {
        let (early, total, granted) = try await self.withShell { port in
            let client = try SPDYTestClient(
                port: port, path: Self.path("head -c 100000 >/dev/null; head -c 200000 /dev/zero", "stdin stdout"),
                versions: ["v4.channel.k8s.io"])
            // SETTINGS: INITIAL_WINDOW_SIZE is 10,000.
            let word = SPDYTestClient.word
            try client.send(SPDYTestClient.control(4, word(1) + word(7) + word(10_000)))
            let ids = try ["error", "stdin", "stdout"].map { try client.open([("streamtype", $0)]) }
            try client.send(String(repeating: "i", count: 100_000), on: ids[1], fin: true)
            var (early, total, granted) = (0, 0, 0)
            while early < 10_000 {
                switch try client.receive() {
                case .data(ids[2], let bytes, _): early += bytes.readableBytes
                case .windowUpdate(_, let delta): granted += Int(delta)
                default: break
                }
            }
            // A ping's answer comes after all that could be sent.
            try client.send(SPDYTestClient.control(6, word(1)))
            var answered = false
            while !answered {
                switch try client.receive() {
                case .data(ids[2], let bytes, _): early += bytes.readableBytes
                case .ping(1): answered = true
                default: break
                }
            }
            try client.send(SPDYTestClient.control(9, word(0) + word(1_000_000)))
            try client.send(SPDYTestClient.control(9, word(ids[2]) + word(1_000_000)))
            total = early + (try client.receiveUntilEnd(of: [ids[0], ids[2]])[ids[2], default: ""].utf8.count)
            return (early, total, granted)
        }
        #expect(early == 10_000 && total == 200_000)
        #expect(granted >= 64 * 1024)
    }

    @Test("a client that leaves closes the process's streams and is told to those who asked")
    func leaving() async throws {
        let told = CloseSignal()
        try await withServer(responder: { request, exchange in
            Task {
                exchange.onClose { told.fire() }
                let session = try await exchange.upgradeToRemoteCommand(
                    request, streams: RemoteCommandStreams(stdin: true, stdout: true, stderr: false, tty: false))
                #expect(try await ShellCommand.run(["cat"], session.descriptors) == 0)
                await session.finish(.detached)
                #expect(session.isClosed)
            }
        }) { _, port in
            try await blocking {
                let client = try WebSocketTestClient(port: port, path: "/", protocols: ["v5.channel.k8s.io"])
                try client.send(channel: 0, "x")
                while try client.receive().payload != [1, UInt8(ascii: "x")] {}
            }
            #expect(await eventually { told.isClosed })
        }
    }

    @Test("standard input that the process does not read is bounded, and loses nothing")
    func inputBackPressure() async throws {
        let result = try await self.withShell { port in
            let client = try WebSocketTestClient(
                port: port, path: Self.path("sleep 0.5; wc -c", "stdin stdout"), protocols: ["v5.channel.k8s.io"])
            let part = [UInt8](repeating: 0x61, count: 32 * 1024)
            for _ in 0..<256 { try client.send(2, [0] + part) }
            try client.send(2, [255, 0])
            return try client.receiveChannels().channels[1]
        }
        #expect(result == "\(256 * 32 * 1024)\n")
    }

    @Test("a refused upgrade is answered in HTTP")
    func refused() async throws {
        let answer = try await self.withShell { port in
            let client = try RawClient(port: port)
            try client.send(
                "GET /exec HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
                    + "X-Stream-Protocol-Version: v9\r\n\r\n"
            )
            return try client.readToEnd()
        }
        #expect(answer.hasPrefix("HTTP/1.1 403 ") && answer.contains("connection: close"))
        #expect(answer.contains("unable to negotiate protocol"))
    }
}
