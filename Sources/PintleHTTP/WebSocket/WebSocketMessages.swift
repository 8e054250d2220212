internal import NIOCore
internal import NIOWebSocket

/// Why a WebSocket is closed: RFC 6455, section 7.4.1.
struct WebSocketFault: Error, Equatable {
    let code: UInt16
    let reason: String

    static func protocolError(_ reason: String) -> WebSocketFault { WebSocketFault(code: 1002, reason: reason) }
}

/// What arrived on a WebSocket.
enum WebSocketEvent: Equatable {
    case message(ByteBuffer, binary: Bool)
    case ping(ByteBuffer)
    case close(code: UInt16?)
}

/// Puts a client's frames together to messages, and refuses what RFC 6455 forbids.
///
/// Without I/O.
struct WebSocketAssembler {
    /// Messages beyond it are refused with 1009.
    static let limit = 8 * 1024 * 1024

    private var partial: (bytes: ByteBuffer, binary: Bool)?

    mutating func receive(_ frame: WebSocketFrame) throws(WebSocketFault) -> WebSocketEvent? {
        guard frame.maskKey != nil else { throw .protocolError("a client's frames must be masked") }
        guard !frame.rsv1, !frame.rsv2, !frame.rsv3 else { throw .protocolError("no extension was agreed on") }
        let bytes = frame.unmaskedData
        switch frame.opcode {
        case .text, .binary:
            guard self.partial == nil else { throw .protocolError("a message within a message") }
            let binary = frame.opcode == .binary
            if frame.fin { return try self.message(bytes, binary: binary) }
            self.partial = (bytes, binary)
            return nil
        case .continuation:
            guard var partial = self.partial else { throw .protocolError("a continuation of nothing") }
            guard partial.bytes.readableBytes + bytes.readableBytes <= Self.limit else {
                throw WebSocketFault(code: 1009, reason: "the message is too large")
            }
            self.partial = nil
            partial.bytes.writeImmutableBuffer(bytes)
            if frame.fin { return try self.message(partial.bytes, binary: partial.binary) }
            self.partial = partial
            return nil
        case .ping: return .ping(bytes)
        case .pong: return nil
        case .connectionClose: return try self.close(bytes)
        default: throw .protocolError("an unknown kind of frame")
        }
    }

    private func message(_ bytes: ByteBuffer, binary: Bool) throws(WebSocketFault) -> WebSocketEvent {
        if !binary, String(validating: bytes.readableBytesView, as: UTF8.self) == nil {
            throw WebSocketFault(code: 1007, reason: "a text message must be UTF-8")
        }
        return .message(bytes, binary: binary)
    }

    private func close(_ bytes: ByteBuffer) throws(WebSocketFault) -> WebSocketEvent {
        var bytes = bytes
        guard bytes.readableBytes > 0 else { return .close(code: nil) }
        guard let code = bytes.readInteger(as: UInt16.self) else { throw .protocolError("a close code has two bytes") }
        let allowed = (1000...1003).contains(code) || (1007...1014).contains(code) || (3000...4999).contains(code)
        guard allowed else { throw .protocolError("the close code \(code) may not be sent") }
        guard String(validating: bytes.readableBytesView, as: UTF8.self) != nil else {
            throw WebSocketFault(code: 1007, reason: "a close reason must be UTF-8")
        }
        return .close(code: code)
    }
}

/// A server's frames: never masked, never fragmented.
enum WebSocketFraming {
    enum Kind: UInt8 {
        case text = 1, binary = 2, close = 8, ping = 9, pong = 10
    }

    /// A frame with `head` before `body`.
    static func frame(_ kind: Kind, head: [UInt8] = [], body: ByteBuffer, allocator: ByteBufferAllocator) -> ByteBuffer
    {
        let length = head.count + body.readableBytes
        var frame = allocator.buffer(capacity: 10 + length)
        frame.writeInteger(0x80 | kind.rawValue)
        switch length {
        case ..<126: frame.writeInteger(UInt8(length))
        case ..<65536:
            frame.writeInteger(126 as UInt8)
            frame.writeInteger(UInt16(length))
        default:
            frame.writeInteger(127 as UInt8)
            frame.writeInteger(UInt64(length))
        }
        frame.writeBytes(head)
        frame.writeImmutableBuffer(body)
        return frame
    }
}
