import Testing

@testable import PintleProbes

@Suite("Checks by HTTP")
struct HTTPProbeTests {
    @Test(
        "a status from 200 to 399 is a success and any other a failure that names it",
        arguments: [
            ("200 OK", true), ("204 No Content", true), ("399 Odd", true), ("400 Bad", false), ("500 No", false),
        ])
    func statuses(_ status: String, _ works: Bool) async throws {
        let server = try await TestServer(.answer { _ in answer(status) })
        let found = await outcome(of: get(server.port))
        let code = status.prefix(3)
        switch found {
        case .success: #expect(works && code < "300")
        case .warning(let text):
            #expect(works && code >= "300")
            #expect(text == "Probe terminated redirects, Response body: ok")
        case .failure(let text):
            #expect(!works)
            #expect(text == "HTTP probe failed with statuscode: \(code)")
        case .error(let text): Issue.record("\(text)")
        }
        await server.stop()
    }

    @Test("the request has a kubelet's fields, and the author's in their place")
    func fields() async throws {
        let server = try await TestServer(.answer { _ in answer("200 OK") })
        #expect(await outcome(of: get(server.port, "/healthz?full=1")) == .success)
        let plain = try #require(server.requests.all.first)
        #expect(
            plain
                == "GET /healthz?full=1 HTTP/1.1\r\nHost: 127.0.0.1:\(server.port)\r\nUser-Agent: kube-probe/1.36\r\n"
                + "Accept: */*\r\nConnection: close\r\n\r\n")
        let own = [
            ("Host", "shop.example"), ("user-agent", "mine"), ("Accept", ""), ("X-A", "1"), ("X-A", "2"),
            ("Connection", "keep-alive"),
        ]
        #expect(await outcome(of: get(server.port, "healthz", own)) == .success)
        #expect(
            server.requests.all.last
                == "GET /healthz HTTP/1.1\r\nHost: shop.example\r\nUser-Agent: mine\r\nX-A: 1\r\nX-A: 2\r\n"
                + "Connection: close\r\n\r\n")
        await server.stop()
    }

    @Test("neither path nor field can smuggle a line into the request")
    func smuggling() async throws {
        let server = try await TestServer(.answer { _ in answer("200 OK") })
        #expect(await outcome(of: get(server.port, "/a b\r\nX: y#part")) == .success)
        #expect(server.requests.all.first?.hasPrefix("GET /a%20b%0D%0AX:%20y HTTP/1.1\r\n") == true)
        let found = await outcome(of: get(server.port, "/", [("X-A", "1\r\nX-B: 2")]))
        #expect(
            found
                == .failure(
                    "Get \"http://127.0.0.1:\(server.port)/\": net/http: invalid header field value for \"X-A\""))
        #expect(server.requests.all.count == 1)
        await server.stop()
    }

    @Test("a refused connection is a failure in a kubelet's words")
    func refused() async throws {
        let port = try await TestServer.freePort()
        #expect(
            await outcome(of: get(port, "/x"))
                == .failure(
                    "Get \"http://127.0.0.1:\(port)/x\": dial tcp 127.0.0.1:\(port): connect: connection refused"))
    }

    @Test("a server that never answers is given up when the time is over")
    func hangs() async throws {
        let server = try await TestServer(.hang)
        #expect(
            await outcome(of: get(server.port), timeout: .milliseconds(100))
                == .failure(
                    "Get \"http://127.0.0.1:\(server.port)/\": context deadline exceeded "
                        + "(Client.Timeout exceeded while awaiting headers)"))
        await server.stop()
    }

    @Test("a server that closes without an answer is a failure")
    func closes() async throws {
        let server = try await TestServer(.close)
        #expect(await outcome(of: get(server.port)) == .failure("Get \"http://127.0.0.1:\(server.port)/\": EOF"))
        await server.stop()
    }

    @Test("an answer may come byte by byte, after others with 1xx, with bare line feeds and in chunks")
    func pieces() async throws {
        let texts = [
            "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200 OK\r\n\r\nbody",
            "HTTP/1.0 200 OK\nServer: old\n\nbody",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nbody\r\n0\r\n\r\n",
        ]
        for text in texts {
            let server = try await TestServer(.dribble(Array(text.utf8)))
            #expect(await outcome(of: get(server.port)) == .success)
            await server.stop()
        }
    }

    @Test(
        "a server that leaves the connection open is not waited for",
        arguments: [
            "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 204 No Content\r\n\r\n",
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
            "HTTP/1.1 200 OK\r\n\r\n" + String(repeating: "x", count: 100_000),
        ])
    func keepsOpen(_ text: String) async throws {
        let server = try await TestServer(.keepOpen(Array(text.utf8)))
        #expect(await outcome(of: get(server.port)) == .success)
        await server.stop()
    }

    @Test("a body that does not end says nothing about the container")
    func body() async throws {
        let server = try await TestServer(.keepOpen(Array("HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok".utf8)))
        #expect(
            await outcome(of: get(server.port), timeout: .milliseconds(100))
                == .error("context deadline exceeded (Client.Timeout or context cancellation while reading body)"))
        await server.stop()
    }

    @Test(
        "what is no HTTP is a failure",
        arguments: [
            ("SSH-2.0-OpenSSH\r\n", "malformed HTTP response \"SSH-2.0-OpenSSH\""),
            ("HTTP/1.1 two hundred\r\n\r\n", "malformed HTTP status code \"two\""),
            ("HTTP/1.1\r\n\r\n", "malformed HTTP response \"HTTP/1.1\""),
            ("HTTP/1.1 200 OK\r\nContent-Length: -4\r\n\r\n", "bad Content-Length \"-4\""),
            ("HTTP/1.1 200 OK\r\nno colon\r\n\r\n", "malformed MIME header line: no colon"),
            ("HTTP/1.1 200", "unexpected EOF"),
        ])
    func garbage(_ text: String, _ why: String) async throws {
        let server = try await TestServer(.answer { _ in Array(text.utf8) })
        #expect(
            await outcome(of: get(server.port))
                == .failure(
                    "Get \"http://127.0.0.1:\(server.port)/\": net/http: HTTP/1.x transport connection broken: \(why)"))
        await server.stop()
    }

    @Test("a head without end is given up")
    func endlessHead() async throws {
        let text = "HTTP/1.1 200 OK\r\n" + String(repeating: "X: y\r\n", count: 300_000)
        let server = try await TestServer(.keepOpen(Array(text.utf8)))
        #expect(
            await outcome(of: get(server.port))
                == .failure(
                    "Get \"http://127.0.0.1:\(server.port)/\": net/http: server response headers exceeded 1048576 "
                        + "bytes; aborted"))
        await server.stop()
    }

    @Test("redirections on the same host are followed, with a Referer, and their end counts")
    func redirects() async throws {
        let server = try await TestServer(
            .answer { request in
                switch request.split(separator: " ")[1] {
                case "/a/b": answer("302 Found", "Location: ../c?d=1#e\r\n")
                case "/c?d=1": answer("307 Go", "Location: /end\r\n")
                default: answer("503 No")
                }
            })
        #expect(await outcome(of: get(server.port, "/a/b")) == .failure("HTTP probe failed with statuscode: 503"))
        #expect(server.requests.all.count == 3)
        #expect(
            server.requests.all.last?.contains("\r\nReferer: http://127.0.0.1:\(server.port)/c?d=1\r\n") == true)
        await server.stop()
    }

    @Test("a redirection to another host is not followed, and is a success with a warning")
    func otherHost() async throws {
        let server = try await TestServer(
            .answer { _ in answer("301 Moved", "Location: http://example.invalid/\r\n", body: "there") })
        #expect(
            await outcome(of: get(server.port)) == .warning("Probe terminated redirects, Response body: there"))
        await server.stop()
    }

    @Test("redirections in a circle end after ten requests")
    func circle() async throws {
        let server = try await TestServer(.answer { _ in answer("302 Found", "Location: /again\r\n") })
        #expect(
            await outcome(of: get(server.port))
                == .failure("Get \"http://127.0.0.1:\(server.port)/again\": stopped after 10 redirects"))
        #expect(server.requests.all.count == 10)
        await server.stop()
    }

    @Test("by HTTPS any certificate will do")
    func selfSigned() async throws {
        let server = try await TestServer(.answer { _ in answer("200 OK") }, tls: SelfSigned.context())
        #expect(await outcome(of: get(server.port, secure: true)) == .success)
        await server.stop()
    }

    @Test("by HTTPS a server that speaks plain HTTP is named as such, and one that speaks neither fails")
    func plain() async throws {
        // Not Content-Length: this server answers anything, so it needs no request.
        let server = try await TLSDeaf(Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8))
        #expect(
            await outcome(of: get(server.port, secure: true))
                == .failure(
                    "Get \"https://127.0.0.1:\(server.port)/\": http: server gave HTTP response to HTTPS client"))
        await server.stop()
        let other = try await TLSDeaf(Array("what?".utf8))
        guard case .failure(let text) = await outcome(of: get(other.port, secure: true)) else {
            Issue.record("a failure was expected")
            return
        }
        #expect(text.hasPrefix("Get \"https://127.0.0.1:\(other.port)/\": tls: "))
        await other.stop()
    }

    @Test("a hook takes any answer, and stops waiting when its task is cancelled")
    func hooks() async throws {
        let server = try await TestServer(.answer { _ in answer("500 No") })
        let check = HTTPCheck(host: "127.0.0.1", port: server.port)
        #expect(await ProbeLoop.next().answer(to: check, timeout: .seconds(20)) == nil)
        await server.stop()
        let silent = try await TestServer(.hang)
        let port = silent.port
        let task = Task {
            await ProbeLoop.next().answer(to: HTTPCheck(host: "127.0.0.1", port: port), timeout: .seconds(600))
        }
        while silent.requests.all.isEmpty { try await Task.sleep(for: .milliseconds(5)) }
        task.cancel()
        #expect(await task.value == "Get \"http://127.0.0.1:\(port)/\": context canceled")
        await silent.stop()
    }
}
