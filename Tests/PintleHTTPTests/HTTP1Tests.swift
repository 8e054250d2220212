import Glibc
import NIOCore
import Testing

@testable import PintleHTTP

@Suite("HTTP/1.1")
struct HTTP1Tests {
    @Sendable private static func echo(_ request: HTTPRequest, _ exchange: HTTPExchange) {
        exchange.send(200, "\(request.method) \(request.path) \(String(buffer: request.body))")
    }

    private func answer(_ text: String, configure: (inout HTTPServerConfiguration) -> Void = { _ in }) async throws
        -> String
    {
        nonisolated(unsafe) var result = ""
        try await withServer(configure: configure, responder: Self.echo) { _, port in
            result = try await blocking {
                let client = try RawClient(port: port)
                try client.send(text)
                return try client.readToEnd()
            }
        }
        return result
    }

    @Test("pipelined requests are answered in their order, also when the later answer is ready first")
    func pipelining() async throws {
        try await withServer(responder: { request, exchange in
            if request.path == "/slow" {
                Task {
                    try await Task.sleep(for: .milliseconds(100))
                    exchange.send(200, "slow")
                }
            } else {
                exchange.send(200, "fast \(String(buffer: request.body))")
            }
        }) { _, port in
            let bodies = try await blocking {
                let client = try RawClient(port: port)
                try client.send(
                    "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nPOST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nhi"
                        + "GET /slow HTTP/1.1\r\nHost: x\r\n\r\nGET /b HTTP/1.1\r\nHost: x\r\n\r\n")
                return try (0..<4).map { _ in try client.readAnswer().body }
            }
            #expect(bodies == ["slow", "fast hi", "slow", "fast "])
        }
    }

    @Test(
        "what is no HTTP is answered by 400 and a Status",
        arguments: [
            "NONSENSE\r\n\r\n", "GET / HTTP/1.1\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n",
            "GET / HTTP/1.1\r\nHost: x\r\nbad field\r\n\r\n", "CONNECT host:443 HTTP/1.1\r\nHost: x\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: -1\r\n\r\n",
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        ])
    func badRequest(_ text: String) async throws {
        let answer = try await self.answer(text)
        #expect(answer.hasPrefix("HTTP/1.1 400 "), "\(answer)")
        #expect(answer.contains(#""kind":"Status""#) && answer.contains(#""reason":"BadRequest""#))
    }

    @Test("too many header bytes are answered by 431")
    func bigHead() async throws {
        let long = String(repeating: "a", count: 70_000)
        #expect(try await self.answer("GET / HTTP/1.1\r\nHost: x\r\nx: \(long)\r\n\r\n").hasPrefix("HTTP/1.1 431 "))
        let many = (0..<2000).map { "x\($0): \(String(repeating: "b", count: 60))\r\n" }.joined()
        #expect(try await self.answer("GET / HTTP/1.1\r\nHost: x\r\n\(many)\r\n").hasPrefix("HTTP/1.1 431 "))
        #expect(try await self.answer("GET /\(long) HTTP/1.1\r\nHost: x\r\n\r\n").hasPrefix("HTTP/1.1 4"))
    }

    @Test("a body over the limit is answered by 413 in Kubernetes' words, announced or chunked")
    func tooLarge() async throws {
        let expected =
            #""message":"Request entity too large: limit is 3145728","reason":"RequestEntityTooLarge","code":413"#
        let body = String(repeating: "x", count: 4 << 20)
        let announced = try await self.answer(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
        #expect(announced.hasPrefix("HTTP/1.1 413 ") && announced.contains(expected), "\(announced)")
        let chunked = try await self.answer(
            "POST / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n400000\r\n\(body)\r\n0\r\n\r\n")
        #expect(chunked.hasPrefix("HTTP/1.1 413 ") && chunked.contains(expected), "\(chunked)")
    }

    @Test("HEAD is answered with GET's length and without a body, Expect with 100, HTTP/1.0 by closing")
    func forms() async throws {
        let head = try await self.answer("HEAD /abc HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        #expect(head.contains("content-length: 10\r\n") && head.hasSuffix("\r\n\r\n"))
        let expect = try await self.answer(
            "POST / HTTP/1.1\r\nHost: x\r\nConnection: close\r\nExpect: 100-continue\r\nContent-Length: 1\r\n\r\nz")
        #expect(expect.hasPrefix("HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\n") && expect.hasSuffix("POST / z"))
        #expect(try await self.answer("GET / HTTP/1.0\r\n\r\n").hasSuffix("\r\nconnection: close\r\n\r\nGET / "))
    }

    @Test("clients that take their time are let go: before a request, in its head, in its body")
    func slow() async throws {
        @Sendable func impatient(_ configuration: inout HTTPServerConfiguration) {
            configuration.timeouts.idle = .milliseconds(300)
            configuration.timeouts.head = .milliseconds(300)
            configuration.timeouts.body = .milliseconds(300)
        }
        #expect(try await self.answer("", configure: impatient) == "")
        #expect(try await self.answer("GET / HTTP/1.1\r\nHo", configure: impatient).hasPrefix("HTTP/1.1 408 "))
        let body = try await self.answer(
            "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: 5\r\n\r\nab", configure: impatient)
        #expect(body.hasPrefix("HTTP/1.1 408 "))
        let kept = try await self.answer("GET / HTTP/1.1\r\nHost: x\r\n\r\n", configure: impatient)
        #expect(kept.hasPrefix("HTTP/1.1 200 "))
    }

    @Test("a request that nobody answers is answered by 500, a half answer is cut off")
    func abandoned() async throws {
        try await withServer(responder: { request, exchange in
            if request.path == "/half" {
                exchange.begin(status: 200, headers: [])
                Task { try await exchange.write(ByteBuffer(string: "part")) }
            }
        }) { _, port in
            let answers = try await blocking {
                let first = try RawClient(port: port)
                try first.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                let second = try RawClient(port: port)
                try second.send("GET /half HTTP/1.1\r\nHost: x\r\n\r\n")
                return (try first.readToEnd(), try second.readToEnd())
            }
            #expect(answers.0.hasPrefix("HTTP/1.1 500 ") && answers.0.contains("InternalError"))
            #expect(!answers.1.hasSuffix("0\r\n\r\n"), "the part must not look whole: \(answers.1)")
        }
    }

    @Test("a writer waits for a client that does not read, and goes on when it does")
    func backPressure() async throws {
        let written = Counter()
        let total = 64 << 20
        try await withServer(responder: { _, exchange in
            exchange.begin(status: 200, headers: [])
            Task {
                let part = ByteBuffer(repeating: 0x7A, count: 64 * 1024)
                for _ in 0..<(total / part.readableBytes) {
                    try await exchange.write(part)
                    written.add(part.readableBytes)
                }
                exchange.end()
            }
        }) { _, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
                return client
            }
            // Until it stands still; the kernel's socket buffers take some megabytes.
            var early = -1
            while early != written.value {
                early = written.value
                try await Task.sleep(for: .milliseconds(500))
            }
            #expect(early < total / 2)
            let count = try await blocking { try client.readToEnd().utf8.count { $0 == 0x7A } }
            #expect(count == total)
        }
    }

    @Test("a writer learns that the client has gone, also while it waits")
    func clientGone() async throws {
        let told = Counter()
        try await withServer(responder: { _, exchange in
            exchange.onClose { told.add(1) }
            exchange.begin(status: 200, headers: [])
            Task {
                do {
                    while true { try await exchange.write(ByteBuffer(repeating: 0x61, count: 64 * 1024)) }
                } catch is ExchangeClosed {
                    told.add(10)
                }
            }
        }) { _, port in
            try await blocking {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try client.read(count: 1000)
            }
            #expect(await eventually { told.value == 11 })
        }
    }

    @Test("a client that takes nothing of an answer is let go")
    func stuck() async throws {
        let told = Counter()
        try await withServer(
            configure: { $0.timeouts.write = .milliseconds(300) },
            responder: { _, exchange in
                exchange.begin(status: 200, headers: [])
                exchange.onClose { told.add(1) }
                Task { while true { try await exchange.write(ByteBuffer(repeating: 0x61, count: 64 * 1024)) } }
            }
        ) { server, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                return client
            }
            #expect(await eventually { told.value == 1 && server.connections == 0 })
            withExtendedLifetime(client) {}
        }
    }

    @Test("a waiting writer can be cancelled")
    func cancelledWriter() async throws {
        let told = Counter()
        try await withServer(responder: { _, exchange in
            exchange.begin(status: 200, headers: [])
            let task = Task {
                do {
                    while true { try await exchange.write(ByteBuffer(repeating: 0x61, count: 64 * 1024)) }
                } catch is CancellationError {
                    told.add(1)
                }
            }
            Task {
                try await Task.sleep(for: .milliseconds(300))
                task.cancel()
            }
        }) { _, port in
            let client = try await blocking {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                return client
            }
            #expect(await eventually { told.value == 1 })
            withExtendedLifetime(client) {}
        }
    }

    @Test("shutting down ends watches properly and lets other requests finish")
    func shutdown() async throws {
        let begun = Counter()
        nonisolated(unsafe) var results = ("", "", "")
        try await withServer(responder: { request, exchange in
            if request.path == "/watch" {
                exchange.begin(status: 200, headers: [], endless: true)
                exchange.onClose { [exchange] in _ = exchange }
                Task {
                    try await exchange.write(ByteBuffer(string: "event"))
                    begun.add(1)
                }
            } else {
                begun.add(1)
                Task {
                    try await Task.sleep(for: .milliseconds(300))
                    exchange.send(200, "done")
                }
            }
        }) { server, port in
            @Sendable func get(_ path: String) async throws -> String {
                try await blocking {
                    let client = try RawClient(port: port)
                    if !path.isEmpty { try client.send("GET \(path) HTTP/1.1\r\nHost: x\r\n\r\n") }
                    return try client.readToEnd()
                }
            }
            async let watch = get("/watch")
            async let slow = get("/slow")
            async let idle = get("")
            #expect(await eventually { begun.value == 2 && server.connections == 3 })
            let clock = ContinuousClock()
            let start = clock.now
            await server.shutdown(grace: .seconds(60))
            #expect(clock.now - start < .seconds(30))
            results = try await (watch, slow, idle)
        }
        #expect(results.0.hasSuffix("5\r\nevent\r\n0\r\n\r\n"), "\(results.0)")
        #expect(results.1.hasSuffix("done"))
        #expect(results.2 == "")
    }

    @Test("a taken port is named with the process that has it")
    func portTaken() async throws {
        try await withServer(responder: Self.echo) { _, port in
            let other = try HTTPServer(
                configuration: HTTPServerConfiguration(tls: nil), responder: ClosureResponder(body: Self.echo))
            let error = await #expect(throws: ListenError.self) {
                try await other.listen(address: "127.0.0.1", port: port)
            }
            #expect(error?.address == "127.0.0.1:\(port)")
            #expect(error?.errno == EADDRINUSE)
            #expect(error?.message.contains("process \(getpid()) ") == true, "\(error?.message ?? "")")
            await other.shutdown(grace: .zero)
        }
    }

    @Test("connections beyond the limit are closed, and there is room again when one ends")
    func connectionLimit() async throws {
        try await withServer(configure: { $0.maximumConnections = 1 }, responder: Self.echo) { server, port in
            nonisolated(unsafe) var first: RawClient? = try await blocking {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                _ = try client.readAnswer()
                return client
            }
            let answer = try await blocking { try RawClient(port: port).readToEnd() }
            #expect(answer == "")
            withExtendedLifetime(first) {}
            first = nil
            #expect(await eventually { server.connections == 0 })
            let status = try await blocking {
                let client = try RawClient(port: port)
                try client.send("GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                return try client.readAnswer().status
            }
            #expect(status == 200)
        }
    }
}
