import NIOCore
import Testing

@testable import PintleHTTP

@Suite("SPDY/3.1 frames")
struct SPDYCodecTests {
    private func parse(_ bytes: [UInt8]) throws -> [SPDYFrame] {
        var parser = try SPDYParser()
        parser.append(ByteBuffer(bytes: bytes))
        var frames: [SPDYFrame] = []
        while let frame = try parser.next() { frames.append(frame) }
        return frames
    }

    private func synStream(_ deflater: HeaderDeflater, id: UInt32, _ headers: SPDYHeaders) -> [UInt8] {
        SPDYTestClient.control(
            1, SPDYTestClient.word(id) + [0, 0, 0, 0, 0, 0] + deflater.deflate(HeaderBlock.encode(headers)))
    }

    @Test("the dictionary is the specification's, which its checksum shows")
    func dictionary() {
        var (a, b) = (UInt32(1), UInt32(0))
        for byte in SPDYDictionary.bytes {
            a = (a + UInt32(byte)) % 65521
            b = (b + a) % 65521
        }
        #expect(SPDYDictionary.bytes.count == 1423)
        #expect(b << 16 | a == 0xE3C6_A7C2)
    }

    @Test("control frames are read field by field")
    func control() throws {
        let frames = try self.parse([
            0x80, 3, 0, 3, 0, 0, 0, 8,  // control, version 3, type 3 (RST_STREAM), flags, length 8
            0, 0, 0, 5, 0, 0, 0, 3,  // stream 5, status 3 (REFUSED_STREAM)
            0x80, 3, 0, 6, 0, 0, 0, 4,  // PING
            0, 0, 0, 9,  // number 9
            0x80, 3, 0, 4, 1, 0, 0, 12,  // SETTINGS
            0, 0, 0, 1,  // one entry
            1, 0, 0, 7, 0, 1, 0, 0,  // flags 1, id 7 (INITIAL_WINDOW_SIZE), 65,536
            0x80, 3, 0, 9, 0, 0, 0, 8,  // WINDOW_UPDATE
            0, 0, 0, 0, 0x80, 0, 0, 1,  // the connection; the first bit of the delta is reserved
            0x80, 3, 0, 99, 0, 0, 0, 1, 42,  // an unknown type
            0, 0, 0, 5, 1, 0, 0, 2, 104, 105,  // data on stream 5, FIN, "hi"
        ])
        let texts = frames.map { "\($0)" }
        #expect(texts.count == 6)
        guard case .reset(5, .refusedStream) = frames[0], case .ping(9) = frames[1],
            case .settings(let settings) = frames[2], case .windowUpdate(0, 1) = frames[3],
            case .other(99) = frames[4], case .data(5, let bytes, true) = frames[5]
        else {
            Issue.record("\(texts)")
            return
        }
        #expect(settings.map(\.id) == [7] && settings.map(\.value) == [65536])
        #expect(String(buffer: bytes) == "hi")
    }

    @Test("frames are the same however the bytes are cut")
    func fragmentation() throws {
        var random = SeededRandom("fragmentation")
        let deflater = try HeaderDeflater()
        var bytes: [UInt8] = []
        for number in 0..<20 {
            bytes += self.synStream(
                deflater, id: UInt32(2 * number + 1), [("streamtype", "stdin"), ("port", "\(number)")])
            let text = String(repeating: "x", count: Int.random(in: 0...3000, using: &random))
            bytes +=
                SPDYTestClient.word(UInt32(2 * number + 1)) + [1, 0, UInt8(text.count >> 8), UInt8(text.count & 255)]
                + Array(text.utf8)
        }
        func digest(_ frames: [SPDYFrame]) -> [String] {
            var result: [String] = []
            var data = 0
            for frame in frames {
                switch frame {
                case .data(let id, let bytes, let fin):
                    data += bytes.readableBytes
                    if fin {
                        result.append("data \(id) \(data)")
                        data = 0
                    }
                case .synStream(let id, let headers, _): result.append("open \(id) \(headers)")
                default: result.append("\(frame)")
                }
            }
            return result
        }
        let whole = digest(try self.parse(bytes))
        #expect(whole.count == 40)
        for _ in 0..<50 {
            var parser = try SPDYParser()
            var frames: [SPDYFrame] = []
            var rest = bytes[...]
            while !rest.isEmpty {
                let count = min(rest.count, Int.random(in: 1...200, using: &random))
                parser.append(ByteBuffer(bytes: rest.prefix(count)))
                rest = rest.dropFirst(count)
                while let frame = try parser.next() { frames.append(frame) }
            }
            #expect(digest(frames) == whole, "seed \(random.seed)")
        }
    }

    @Test("an attack is refused, not obeyed")
    func attacks() throws {
        let word = SPDYTestClient.word, control = SPDYTestClient.control
        let deflater = try HeaderDeflater()
        // 1 MiB of one letter: 1 KiB compressed.
        let bomb = deflater.deflate(HeaderBlock.encode([("a", String(repeating: "a", count: 1 << 20))]))
        let many = try HeaderDeflater().deflate(HeaderBlock.encode((0..<200).map { ("n\($0)", "v") }))
        let lying = try HeaderDeflater().deflate(word(1) + word(0xFFFF_FFFF) + [97])
        let attacks: [(String, [UInt8])] = [
            ("a bomb", control(1, 0, word(1) + [0, 0, 0, 0, 0, 0] + bomb)),
            ("too many fields", control(1, 0, word(1) + [0, 0, 0, 0, 0, 0] + many)),
            ("a name longer than the block", control(1, 0, word(1) + [0, 0, 0, 0, 0, 0] + lying)),
            ("no zlib", control(1, 0, word(1) + [0, 0, 0, 0, 0, 0] + [1, 2, 3, 4, 5, 6, 7, 8])),
            ("16 MiB of control", [0x80, 3, 0, 1, 0, 0xFF, 0xFF, 0xFF]),
            ("another version", [0x80, 2, 0, 1, 0, 0, 0, 0]),
            ("a cut SYN_STREAM", control(1, 0, [0, 0])),
            ("a cut RST_STREAM", control(3, 0, word(1))),
            ("a cut GOAWAY", control(7, 0, [])),
            ("SETTINGS that count wrong", control(4, 0, word(0x2000_0000))),
            ("an HTTP request", Array("GET / HTTP/1.1\r\n\r\n".utf8).map { $0 | 0x80 }),
        ]
        for (name, bytes) in attacks {
            #expect(throws: SPDYFault.self, "\(name)") { try self.parse(bytes) }
        }
    }

    @Test("random bytes never crash the parser")
    func noise() throws {
        var random = SeededRandom("noise")
        for _ in 0..<2000 {
            var bytes = (0..<Int.random(in: 1...300, using: &random)).map { _ in
                UInt8.random(in: 0...255, using: &random)
            }
            if Bool.random(using: &random) {
                bytes = [0x80, 3, 0, UInt8.random(in: 1...9, using: &random), 0, 0] + bytes
            }
            _ = try? self.parse(bytes)
        }
    }

    @Test("what is deflated inflates to the same, block after block")
    func compression() throws {
        let (deflater, inflater) = (try HeaderDeflater(), try HeaderInflater())
        for number in 0..<100 {
            let block = HeaderBlock.encode([("streamtype", "data"), ("requestid", String(number)), ("empty", "")])
            #expect(try inflater.inflate(deflater.deflate(block)) == block)
        }
    }
}
