import NIOCore
import NIOWebSocket
import Testing

@testable import PintleHTTP

@Suite("WebSocket messages")
struct WebSocketCodecTests {
    private static let mask: WebSocketMaskingKey = [1, 2, 3, 4]

    private func frame(_ opcode: WebSocketOpcode, _ text: String, fin: Bool = true, masked: Bool = true)
        -> WebSocketFrame
    {
        var bytes = ByteBuffer(string: text)
        if masked { bytes.webSocketMask(Self.mask) }
        return WebSocketFrame(fin: fin, opcode: opcode, maskKey: masked ? Self.mask : nil, data: bytes)
    }

    @Test("the handshake's answer is RFC 6455's")
    func accept() {
        #expect(WebSocketAccept.value(forKey: "dGhlIHNhbXBsZSBub25jZQ==") == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=")
    }

    @Test("lengths take one, three or nine bytes")
    func lengths() {
        func start(_ count: Int) -> [UInt8] {
            let frame = WebSocketFraming.frame(
                .binary, head: [3], body: ByteBuffer(repeating: 0, count: count - 1), allocator: .init())
            #expect(frame.readableBytes == (count < 126 ? 2 : count < 65536 ? 4 : 10) + count)
            return Array(frame.readableBytesView.prefix(count < 126 ? 3 : count < 65536 ? 5 : 11))
        }
        // FIN and opcode 2, length, channel 3
        #expect(start(125) == [0x82, 125, 3])
        #expect(start(126) == [0x82, 126, 0, 126, 3])
        #expect(start(65535) == [0x82, 126, 0xFF, 0xFF, 3])
        #expect(start(65536) == [0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0, 3])
    }

    @Test("fragments make one message, and a ping may come between them")
    func fragments() throws {
        var assembler = WebSocketAssembler()
        #expect(try assembler.receive(self.frame(.text, "a", fin: false)) == nil)
        #expect(try assembler.receive(self.frame(.ping, "p")) == .ping(ByteBuffer(string: "p")))
        #expect(try assembler.receive(self.frame(.continuation, "b", fin: false)) == nil)
        #expect(
            try assembler.receive(self.frame(.continuation, "c")) == .message(ByteBuffer(string: "abc"), binary: false))
    }

    @Test("what RFC 6455 forbids is refused by its code")
    func refused() {
        func code(_ frames: WebSocketFrame...) -> UInt16? {
            var assembler = WebSocketAssembler()
            do throws(WebSocketFault) {
                for frame in frames { _ = try assembler.receive(frame) }
                return nil
            } catch {
                return error.code
            }
        }
        #expect(code(self.frame(.binary, "x", masked: false)) == 1002)
        #expect(code(self.frame(.continuation, "x")) == 1002)
        #expect(code(self.frame(.text, "x", fin: false), self.frame(.text, "y")) == 1002)
        #expect(
            code(WebSocketFrame(fin: true, rsv1: true, opcode: .text, maskKey: Self.mask, data: ByteBuffer())) == 1002)
        var invalid = ByteBuffer(bytes: [0xFF, 0xFE])
        invalid.webSocketMask(Self.mask)
        #expect(code(WebSocketFrame(fin: true, opcode: .text, maskKey: Self.mask, data: invalid)) == 1007)
        #expect(code(self.frame(.connectionClose, "x")) == 1002)
        // 1005 stands for "no code" and may not be sent.
        #expect(code(self.close(1005)) == 1002)
        #expect(code(self.close(999)) == 1002)
        #expect(code(self.close(1000)) == nil)
    }

    private func close(_ code: UInt16) -> WebSocketFrame {
        var bytes = ByteBuffer(integer: code)
        bytes.webSocketMask(Self.mask)
        return WebSocketFrame(fin: true, opcode: .connectionClose, maskKey: Self.mask, data: bytes)
    }

    @Test("fragments cannot grow without end")
    func growth() {
        var assembler = WebSocketAssembler()
        let part = WebSocketFrame(
            fin: false, opcode: .binary, maskKey: [0, 0, 0, 0],
            data: ByteBuffer(repeating: 0, count: WebSocketAssembler.limit))
        let more = WebSocketFrame(
            fin: false, opcode: .continuation, maskKey: [0, 0, 0, 0], data: ByteBuffer(integer: UInt8(0)))
        #expect(throws: Never.self) { try assembler.receive(part) }
        #expect(throws: WebSocketFault(code: 1009, reason: "the message is too large")) { try assembler.receive(more) }
    }
}
