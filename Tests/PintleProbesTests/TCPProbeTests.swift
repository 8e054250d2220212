import Testing

@testable import PintleProbes

@Suite("Checks by TCP")
struct TCPProbeTests {
    @Test("a connection that opens is a success, and nothing is sent")
    func opens() async throws {
        let server = try await TestServer(.hang)
        #expect(await outcome(of: .tcp(host: "127.0.0.1", port: server.port)) == .success)
        #expect(server.requests.all.isEmpty)
        await server.stop()
    }

    @Test("a refused connection and a name that does not exist are failures in a kubelet's words")
    func refused() async throws {
        let port = try await TestServer.freePort()
        #expect(
            await outcome(of: .tcp(host: "127.0.0.1", port: port))
                == .failure("dial tcp 127.0.0.1:\(port): connect: connection refused"))
        #expect(
            await outcome(of: .tcp(host: "no-such-host.invalid", port: port))
                == .failure("dial tcp: lookup no-such-host.invalid: no such host"))
    }

    @Test("an IPv6 address is written in brackets")
    func brackets() async throws {
        let found = await outcome(of: .tcp(host: "::1", port: try await TestServer.freePort()))
        guard case .failure(let text) = found else {
            Issue.record("a failure was expected")
            return
        }
        #expect(text.hasPrefix("dial tcp [::1]:"))
    }

    @Test("a full queue of connections is given up when the time is over")
    func full() async throws {
        let server = try FullServer()
        #expect(
            await outcome(of: .tcp(host: "127.0.0.1", port: server.port), timeout: .milliseconds(200))
                == .failure("dial tcp 127.0.0.1:\(server.port): i/o timeout"))
        server.stop()
    }
}
