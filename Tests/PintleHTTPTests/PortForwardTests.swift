import Foundation
import NIOCore
import Testing

@testable import PintleHTTP

@Suite("Port-forward and message streams")
struct PortForwardTests {
    /// Port 80 leads to an echo, port 9 nowhere.
    private func withEcho<R: Sendable>(_ body: @escaping @Sendable (Int) throws -> R) async throws -> R {
        let echo = try EchoServer(prefix: "echo:")
        defer { echo.stop() }
        nonisolated(unsafe) var result: R?
        try await withServer(responder: { request, exchange in
            Task {
                await ShellCommand.serve(request, exchange) { port in
                    if port != 80 { throw TestFailure("nobody listens on port \(port)") }
                    return try EchoServer.connect(to: echo.port)
                }
            }
        }) { server, port in
            result = try await blocking { try body(port) }
            #expect(await eventually { server.connections == 0 })
        }
        return try #require(result)
    }

    private static func open(_ client: SPDYTestClient, port: Int, request: Int) throws -> (error: UInt32, data: UInt32)
    {
        let fields: SPDYHeaders = [("port", String(port)), ("requestid", String(request))]
        let error = try client.open([("streamtype", "error")] + fields)
        try client.send("", on: error, fin: true)
        return (error, try client.open([("streamtype", "data")] + fields))
    }

    private static func talk(_ client: SPDYTestClient) throws -> [String] {
        let first = try self.open(client, port: 80, request: 0)
        let refused = try self.open(client, port: 9, request: 1)
        let second = try self.open(client, port: 80, request: 2)
        let large = String(repeating: "x", count: 100_000)
        try client.send("one", on: first.data, fin: true)
        try client.send(large, on: second.data)
        try client.send("end", on: second.data, fin: true)
        let texts = try client.receiveUntilEnd(
            of: [first.error, first.data, second.error, second.data, refused.error, refused.data])
        #expect(texts[second.data] == "echo:" + large + "end")
        return [first.data, first.error, refused.data, refused.error].map { texts[$0, default: ""] }
    }

    private static let expected = ["echo:one", "", "", "nobody listens on port 9"]

    @Test("SPDY carries many connections, with half-closing and errors of their own")
    func spdy() async throws {
        let texts = try await self.withEcho { port in
            try Self.talk(try SPDYTestClient(port: port, path: "/portforward", versions: ["portforward.k8s.io"]))
        }
        #expect(texts == Self.expected)
    }

    @Test("SPDY goes through a WebSocket as well")
    func tunnel() async throws {
        let texts = try await self.withEcho { port in
            let socket = try WebSocketTestClient(
                port: port, path: "/portforward", protocols: ["SPDY/3.1+portforward.k8s.io"])
            #expect(socket.head.contains("sec-websocket-protocol: SPDY/3.1+portforward.k8s.io"))
            return try Self.talk(try SPDYTestClient(tunnel: socket))
        }
        #expect(texts == Self.expected)
    }

    @Test("in the old form over WebSocket each channel begins with its port")
    func channels() async throws {
        let channels = try await self.withEcho { port in
            let client = try WebSocketTestClient(
                port: port, path: "/portforward?ports=80,9", protocols: ["v4.channel.k8s.io"])
            var channels: [UInt8: [UInt8]] = [:]
            // Data, error of port 80; data, error of port 9, which fails.
            while channels[3, default: []].count < 3 {
                let (opcode, payload) = try client.receive()
                guard opcode == 2, let channel = payload.first else { throw TestFailure("opcode \(opcode)") }
                channels[channel, default: []] += payload.dropFirst()
            }
            return channels
        }
        #expect(channels[0] == [80, 0] && channels[1] == [80, 0] && channels[2] == [9, 0])
        #expect(channels[3] == [9, 0] + Array("nobody listens on port 9".utf8))
    }

    @Test("bad ports are refused in HTTP", arguments: ["", "?ports=", "?ports=0", "?ports=65536", "?ports=80,x"])
    func badPorts(_ query: String) async throws {
        let head = try await self.withEcho { port in
            try WebSocketTestClient(port: port, path: "/portforward\(query)", protocols: ["v4.channel.k8s.io"]).head
        }
        #expect(head.hasPrefix("HTTP/1.1 400 "))
    }

    @Test(
        "watch and log messages come in the form of the subprotocol",
        arguments: [
            ("", MessageSession.Form.text, UInt8(1), "héllo"), ("", .binary, 2, "héllo"),
            ("binary.k8s.io", .text, 2, "héllo"), ("base64.binary.k8s.io", .binary, 1, "aMOpbGxv"),
        ])
    func messages(_ name: String, _ plain: MessageSession.Form, _ opcode: UInt8, _ text: String) async throws {
        try await withServer(responder: { request, exchange in
            Task {
                let session = try await exchange.upgradeToMessages(request, plain: plain)
                try await session.write(ByteBuffer(string: "héllo"))
                await session.close()
                await #expect(throws: ExchangeClosed.self) { try await session.write(ByteBuffer(string: "late")) }
            }
        }) { _, port in
            let received = try await blocking {
                let client = try WebSocketTestClient(port: port, path: "/", protocols: name.isEmpty ? [] : [name])
                let frames = [try client.receive(), try client.receive()]
                try client.send(8, [3, 232])
                #expect(try client.raw.readToEnd() == "")
                return frames.map { ($0.opcode, $0.payload) }
            }
            #expect(received.first?.0 == opcode && received.first?.1 == Array(text.utf8))
            #expect(received.last?.0 == 8)
        }
    }
}
