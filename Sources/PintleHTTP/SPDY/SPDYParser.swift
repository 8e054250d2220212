internal import NIOCore

/// Takes SPDY frames from bytes that may be cut anywhere.
///
/// Without I/O.
struct SPDYParser {
    /// Control frames are held until they are whole: longer ones are refused.
    static let controlLimit = 64 * 1024
    static let version: UInt16 = 3

    private var buffer = ByteBuffer()
    private let inflater: HeaderInflater
    /// The rest of a data frame that is being handed on.
    private var data: (id: UInt32, remaining: Int, fin: Bool)?

    init() throws(SPDYFault) { self.inflater = try HeaderInflater() }

    mutating func append(_ bytes: ByteBuffer) {
        if self.buffer.readableBytes == 0 { self.buffer = bytes } else { self.buffer.writeImmutableBuffer(bytes) }
    }

    /// The next frame, or piece of a data frame; nil when more bytes are needed.
    ///
    /// After an error there is no next.
    mutating func next() throws(SPDYFault) -> SPDYFrame? {
        if self.data != nil { return self.piece() }
        // Every frame begins with eight bytes: stream or type, flags (8 bits), length (24 bits).
        guard let word = self.buffer.getInteger(at: self.buffer.readerIndex, as: UInt32.self),
            let flagsAndLength = self.buffer.getInteger(at: self.buffer.readerIndex + 4, as: UInt32.self)
        else { return nil }
        let flags = UInt8(flagsAndLength >> 24)
        let length = Int(flagsAndLength & 0xFF_FFFF)
        if word & 0x8000_0000 == 0 {
            self.buffer.moveReaderIndex(forwardBy: 8)
            self.data = (word, length, flags & SPDYFrame.finFlag != 0)
            return self.piece()
        }
        guard UInt16(word >> 16 & 0x7FFF) == Self.version else { throw SPDYFault(reason: "this is no SPDY/3 frame") }
        guard length <= Self.controlLimit else { throw SPDYFault(reason: "the control frame is too large") }
        guard self.buffer.readableBytes >= 8 + length else { return nil }
        self.buffer.moveReaderIndex(forwardBy: 8)
        guard var body = self.buffer.readSlice(length: length) else { return nil }
        return try self.control(UInt16(word & 0xFFFF), flags, &body)
    }

    private mutating func piece() -> SPDYFrame? {
        guard let (id, remaining, fin) = self.data else { return nil }
        let count = min(remaining, self.buffer.readableBytes)
        guard count > 0 || remaining == 0 else { return nil }
        let bytes = self.buffer.readSlice(length: count) ?? ByteBuffer()
        let last = count == remaining
        self.data = last ? nil : (id, remaining - count, fin)
        return .data(id: id, bytes: bytes, fin: last && fin)
    }

    private func control(_ type: UInt16, _ flags: UInt8, _ body: inout ByteBuffer) throws(SPDYFault) -> SPDYFrame {
        let fin = flags & SPDYFrame.finFlag != 0
        switch type {
        case SPDYFrame.Kind.synStream:
            let id = try body.number()
            _ = try body.number()  // Associated stream: for server push.
            guard body.readInteger(as: UInt16.self) != nil else { throw .cutOff }  // Priority and slot.
            return .synStream(id: id, headers: try self.headers(body), fin: fin)
        case SPDYFrame.Kind.synReply:
            let id = try body.number()
            return .synReply(id: id, headers: try self.headers(body), fin: fin)
        case SPDYFrame.Kind.headers:
            let id = try body.number()
            return .headers(id: id, headers: try self.headers(body), fin: fin)
        case SPDYFrame.Kind.reset:
            let id = try body.number()
            return .reset(id: id, status: SPDYStatus(rawValue: try body.number()) ?? .protocolError)
        case SPDYFrame.Kind.settings: return .settings(try Self.settings(&body))
        case SPDYFrame.Kind.ping: return .ping(id: try body.number())
        case SPDYFrame.Kind.goAway: return .goAway(last: try body.number(), status: try body.number())
        case SPDYFrame.Kind.windowUpdate:
            return .windowUpdate(id: try body.number() & 0x7FFF_FFFF, delta: try body.number() & 0x7FFF_FFFF)
        default: return .other(type: type)
        }
    }

    private func headers(_ body: ByteBuffer) throws(SPDYFault) -> SPDYHeaders {
        try HeaderBlock.decode(try self.inflater.inflate(Array(body.readableBytesView)))
    }

    private static func settings(_ body: inout ByteBuffer) throws(SPDYFault) -> [(id: UInt32, value: UInt32)] {
        let count = Int(try body.number())
        guard count * 8 == body.readableBytes else { throw .cutOff }
        var settings: [(id: UInt32, value: UInt32)] = []
        for _ in 0..<count { settings.append((try body.number() & 0xFF_FFFF, try body.number())) }
        return settings
    }
}

extension SPDYFault {
    fileprivate static let cutOff = SPDYFault(reason: "the control frame is cut off")
}

extension ByteBuffer {
    fileprivate mutating func number() throws(SPDYFault) -> UInt32 {
        guard let number = self.readInteger(as: UInt32.self) else { throw .cutOff }
        return number
    }
}
