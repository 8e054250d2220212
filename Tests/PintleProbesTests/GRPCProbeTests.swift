import NIOCore
import Testing

@testable import PintleProbes

@Suite("Checks by gRPC")
struct GRPCProbeTests {
    private static let serving: [UInt8] = [8, 1], notServing: [UInt8] = [8, 2], unknown: [UInt8] = [8, 3]

    private func check(_ port: Int, _ service: String = "", timeout: Duration = .seconds(20)) async -> ProbeOutcome {
        await outcome(of: .grpc(host: "127.0.0.1", port: port, service: service), timeout: timeout)
    }

    @Test("a service that is served is a success, any other status a failure with its name")
    func statuses() async throws {
        let server = try await HealthServer { path, message in
            guard path == "/grpc.health.v1.Health/Check" else { return .status(12, "no") }
            return switch message {
            case []: .message(Self.serving)
            case [10, 4] + Array("down".utf8): .message(Self.notServing)
            case [10, 3] + Array("new".utf8): .message([8, 9])
            case [10, 4] + Array("none".utf8): .message([])
            default: .message(Self.unknown)
            }
        }
        #expect(await check(server.port) == .success)
        #expect(await check(server.port, "down") == .failure("service unhealthy (responded with \"NOT_SERVING\")"))
        #expect(await check(server.port, "odd") == .failure("service unhealthy (responded with \"SERVICE_UNKNOWN\")"))
        #expect(await check(server.port, "new") == .failure("service unhealthy (responded with \"9\")"))
        #expect(await check(server.port, "none") == .failure("service unhealthy (responded with \"UNKNOWN\")"))
        let head = try #require(server.heads.all.first)
        #expect(head.contains("user-agent: kube-probe/1.36"))
        #expect(head.contains("content-type: application/grpc"))
        #expect(head.contains(":authority: 127.0.0.1:\(server.port)"))
        await server.stop()
    }

    @Test(
        "a call that fails says so in a kubelet's words",
        arguments: [
            (
                HealthServer.Reply.status(12, "unknown%20method"),
                "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): unknown method"
            ),
            (
                .status(5, "no%20%22x%22"),
                "error: health rpc probe failed: rpc error: code = NotFound desc = no \"x\""
            ),
            (
                .http("404"),
                "error: this server does not implement the grpc health protocol (grpc.health.v1.Health): "
                    + "unexpected HTTP status code received from server: 404"
            ),
            (
                .messages([[8, 1], [8, 1]]),
                "error: health rpc probe failed: rpc error: code = Internal desc = the server sent more than one message"
            ),
            (
                .raw([0, 255, 255, 255, 255]),
                "error: health rpc probe failed: rpc error: code = ResourceExhausted desc = grpc: received message "
                    + "larger than max (4294967295 vs. 4194304)"
            ),
            (
                .message([10, 200]),
                "error: health rpc probe failed: rpc error: code = Internal desc = malformed message"
            ),
        ])
    func failures(_ reply: HealthServer.Reply, _ text: String) async throws {
        let server = try await HealthServer { _, _ in reply }
        #expect(await check(server.port) == .failure(text))
        await server.stop()
    }

    @Test("a message that comes byte by byte is a message")
    func pieces() async throws {
        let server = try await HealthServer { _, _ in .messages([[8, 1]]) }
        #expect(await check(server.port) == .success)
        await server.stop()
    }

    @Test("a call that is not answered, and a stream that ends, are failures")
    func silence() async throws {
        let server = try await HealthServer { _, message in message.isEmpty ? .hang : .reset }
        // The text names whole seconds, and this test does not wait for one.
        #expect(
            await check(server.port, timeout: .milliseconds(300))
                == .failure("timeout: health rpc did not complete within 300ms"))
        guard case .failure(let text) = await check(server.port, "reset") else {
            Issue.record("a failure was expected")
            return
        }
        #expect(text.hasPrefix("error: health rpc probe failed: rpc error: code = "))
        await server.stop()
    }

    @Test("a server that does not speak HTTP/2, or is not there, can't be connected to")
    func noHTTP2() async throws {
        let old = try await TestServer(.answer { _ in answer("400 Bad") })
        #expect(
            await check(old.port, timeout: .milliseconds(300))
                == .failure(
                    "timeout: failed to connect service \"127.0.0.1:\(old.port)\" within 300ms: "
                        + "context deadline exceeded"))
        await old.stop()
        let port = try await TestServer.freePort()
        #expect(
            await check(port, timeout: .seconds(1))
                == .failure(
                    "timeout: failed to connect service \"127.0.0.1:\(port)\" within 1s: context deadline exceeded"))
    }

    @Test("a connection outlives the PINGs that Go's servers send with each call")
    func pings() async throws {
        let server = try await HealthServer(pings: 2) { _, _ in .message(Self.serving) }
        let loop = ProbeLoop.next().loop
        let connection = try await GRPCConnection.connect(
            host: "127.0.0.1", port: server.port, on: loop, timeout: .seconds(20)
        ).get()
        // Beyond the 200 control frames in half a minute at which NIO's own limit ends a connection.
        for _ in 0..<300 {
            let answer = try await connection.unary(GRPCHealth.path, [], timeout: .seconds(20)).get()
            #expect(answer == Self.serving)
        }
        connection.close()
        await server.stop()
    }
}
