import NIOCore

@testable import PintleHTTP

/// The client's half of SPDY/3.1, over a connection that has been upgraded or within a WebSocket.
final class SPDYTestClient: @unchecked Sendable {
    // Unchecked: each test uses it from one thread at a time.
    private let sendBytes: ([UInt8]) throws -> Void
    private let receiveBytes: () throws -> [UInt8]
    private let deflater: HeaderDeflater
    private var parser: SPDYParser
    private var lastID: UInt32 = 0
    let head: String

    /// Upgrades a connection.
    init(port: Int, path: String, method: String = "POST", versions: [String]) throws {
        let raw = try RawClient(port: port)
        var request = "\(method) \(path) HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: SPDY/3.1\r\n"
        for version in versions { request += "X-Stream-Protocol-Version: \(version)\r\n" }
        try raw.send(request + "Content-Length: 0\r\n\r\n")
        self.head = try raw.readHead()
        self.sendBytes = { try raw.send($0) }
        self.receiveBytes = { try raw.read(count: 1) }
        self.deflater = try HeaderDeflater()
        self.parser = try SPDYParser()
    }

    /// Goes through a WebSocket's binary messages.
    init(tunnel: WebSocketTestClient) throws {
        self.head = tunnel.head
        self.sendBytes = { try tunnel.send(2, $0) }
        self.receiveBytes = {
            let (opcode, payload) = try tunnel.receive()
            guard opcode == 2 else { throw TestFailure("the WebSocket closed: \(payload)") }
            return payload
        }
        self.deflater = try HeaderDeflater()
        self.parser = try SPDYParser()
    }

    func send(_ bytes: [UInt8]) throws { try self.sendBytes(bytes) }

    static func control(_ type: UInt16, flags: UInt8 = 0, _ body: [UInt8]) -> [UInt8] {
        [0x80, 3, UInt8(type >> 8), UInt8(type & 255), flags]
            + [UInt8(body.count >> 16 & 255), UInt8(body.count >> 8 & 255), UInt8(body.count & 255)] + body
    }

    static func word(_ number: UInt32) -> [UInt8] {
        (0..<4).reversed().map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
    }

    /// Opens a stream and returns its number.
    func open(_ headers: SPDYHeaders) throws -> UInt32 {
        self.lastID += self.lastID == 0 ? 1 : 2
        let block = self.deflater.deflate(HeaderBlock.encode(headers))
        try self.send(Self.control(1, Self.word(self.lastID) + Self.word(0) + [0, 0] + block))
        return self.lastID
    }

    func send(_ text: String, on id: UInt32, fin: Bool = false) throws {
        let bytes = Array(text.utf8)
        try self.send(
            Self.word(id) + [
                fin ? 1 : 0, UInt8(bytes.count >> 16), UInt8(bytes.count >> 8 & 255), UInt8(bytes.count & 255),
            ]
                + bytes)
    }

    func receive() throws -> SPDYFrame {
        while true {
            if let frame = try self.parser.next() { return frame }
            self.parser.append(ByteBuffer(bytes: try self.receiveBytes()))
        }
    }

    /// What arrives on the streams until each of `ids` has ended.
    func receiveUntilEnd(of ids: Set<UInt32>) throws -> [UInt32: String] {
        var texts: [UInt32: String] = [:]
        var open = ids
        while !open.isEmpty {
            switch try self.receive() {
            case .data(let id, let bytes, let fin):
                texts[id, default: ""] += String(buffer: bytes)
                if fin { open.remove(id) }
            case .reset(let id, let status): throw TestFailure("stream \(id) was reset: \(status)")
            case .goAway: throw TestFailure("the server went away; so far: \(texts), open: \(open)")
            default: break
            }
        }
        return texts
    }
}
