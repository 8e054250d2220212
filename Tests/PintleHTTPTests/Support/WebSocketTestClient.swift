import Glibc

@testable import PintleHTTP

/// The client's half of RFC 6455, written from the document for these tests.
final class WebSocketTestClient: @unchecked Sendable {
    // Unchecked: each test uses it from one thread at a time.
    let raw: RawClient
    let head: String

    init(port: Int, path: String, protocols: [String]) throws {
        self.raw = try RawClient(port: port)
        var request = """
            GET \(path) HTTP/1.1\r\nHost: x\r\nConnection: keep-alive, Upgrade\r\nUpgrade: websocket\r\n\
            Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n
            """
        if !protocols.isEmpty { request += "Sec-WebSocket-Protocol: \(protocols.joined(separator: ", "))\r\n" }
        try self.raw.send(request + "\r\n")
        self.head = try self.raw.readHead()
    }

    static func frame(_ opcode: UInt8, _ payload: [UInt8], fin: Bool = true, masked: Bool = true, bits: UInt8 = 0)
        -> [UInt8]
    {
        var frame: [UInt8] = [(fin ? 0x80 : 0) | bits | opcode]
        let mask: UInt8 = masked ? 0x80 : 0
        switch payload.count {
        case ..<126: frame.append(mask | UInt8(payload.count))
        case ..<65536: frame += [mask | 126, UInt8(payload.count >> 8), UInt8(payload.count & 255)]
        default: frame += [mask | 127] + (0..<8).reversed().map { UInt8(truncatingIfNeeded: payload.count >> (8 * $0)) }
        }
        guard masked else { return frame + payload }
        let key: [UInt8] = [0x37, 0xFA, 0x21, 0x3D]
        return frame + key + payload.enumerated().map { $1 ^ key[$0 % 4] }
    }

    func send(_ opcode: UInt8, _ payload: [UInt8]) throws { try self.raw.send(Self.frame(opcode, payload)) }

    /// A message on one of Kubernetes' channels.
    func send(channel: UInt8, _ text: String) throws { try self.send(2, [channel] + Array(text.utf8)) }

    func receive() throws -> (opcode: UInt8, payload: [UInt8]) {
        let start = try self.raw.read(count: 2)
        guard start[0] & 0xF0 == 0x80, start[1] & 0x80 == 0 else { throw TestFailure("a fragmented or masked frame") }
        var length = Int(start[1])
        if length == 126 { length = try self.raw.read(count: 2).reduce(0) { $0 << 8 | Int($1) } }
        if length == 127 { length = try self.raw.read(count: 8).reduce(0) { $0 << 8 | Int($1) } }
        return (start[0] & 0x0F, try self.raw.read(count: length))
    }

    /// Everything until the server's close frame, by channel; answers the close frame.
    func receiveChannels() throws -> (channels: [UInt8: String], code: Int) {
        var channels: [UInt8: [UInt8]] = [:]
        while true {
            let (opcode, payload) = try self.receive()
            switch opcode {
            case 1, 2: if let first = payload.first { channels[first, default: []] += payload.dropFirst() }
            case 8:
                try self.send(8, Array(payload.prefix(2)))
                let code = payload.prefix(2).reduce(0) { $0 << 8 | Int($1) }
                return (channels.mapValues { String(decoding: $0, as: UTF8.self) }, code)
            default: break
            }
        }
    }
}
