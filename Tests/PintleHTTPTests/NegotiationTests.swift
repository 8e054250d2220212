import Testing

@testable import PintleHTTP

@Suite("The choice of a stream protocol")
struct NegotiationTests {
    private func request(_ fields: [(String, String)], method: String = "GET") -> HTTPRequest {
        HTTPRequest(method: method, path: "/", headers: HeaderFields([("Connection", "Upgrade")] + fields))
    }

    private func choose(_ request: HTTPRequest) throws(StreamUpgradeError) -> StreamNegotiation.Choice {
        try StreamNegotiation.choose(
            request, webSocket: RemoteCommandUpgrade.webSocketProtocols, spdy: RemoteCommandUpgrade.spdyProtocols)
    }

    private static let handshake = [
        ("Upgrade", "websocket"), ("Sec-WebSocket-Version", "13"), ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),
    ]

    @Test("the first of the client's protocols that is known here is taken")
    func first() throws {
        let web = try self.choose(
            self.request(Self.handshake + [("Sec-WebSocket-Protocol", "v9, v5.channel.k8s.io, v4.channel.k8s.io")]))
        #expect(web == .webSocket(.init(subprotocol: "v5.channel.k8s.io", accept: "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")))
        let spdy = try self.choose(
            self.request(
                [
                    ("Upgrade", "SPDY/3.1"), ("X-Stream-Protocol-Version", "v4.channel.k8s.io"),
                    ("X-Stream-Protocol-Version", "v3.channel.k8s.io"),
                ],
                method: "POST"))
        #expect(spdy == .spdy(.init(version: "v4.channel.k8s.io")))
        #expect(try self.choose(self.request([("upgrade", "spdy/3.1")])) == .spdy(.init(version: "")))
    }

    @Test("what cannot be served is refused by its status")
    func refused() {
        func status(_ request: HTTPRequest) -> Int? {
            do throws(StreamUpgradeError) {
                _ = try self.choose(request)
                return nil
            } catch {
                return error.isAnswerable ? error.status : 0
            }
        }
        #expect(status(HTTPRequest(method: "GET", path: "/")) == 400)
        #expect(status(self.request([("Upgrade", "h2c")])) == 400)
        #expect(status(self.request(Self.handshake + [("Sec-WebSocket-Protocol", "v9")])) == 403)
        #expect(status(self.request([("Upgrade", "SPDY/3.1"), ("X-Stream-Protocol-Version", "v9")])) == 403)
        #expect(status(self.request(Self.handshake, method: "POST")) == 400)
        #expect(status(self.request([("Upgrade", "websocket"), ("Sec-WebSocket-Version", "8")])) == 400)
        #expect(status(self.request(Array(Self.handshake.dropLast()) + [("Sec-WebSocket-Key", "short")])) == 400)
    }
}
