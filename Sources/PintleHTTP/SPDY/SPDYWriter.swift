internal import NIOCore

/// Makes the bytes of SPDY frames.
struct SPDYWriter {
    private let deflater: HeaderDeflater

    init() throws(SPDYFault) { self.deflater = try HeaderDeflater() }

    private func control(_ type: UInt16, flags: UInt8 = 0, _ words: [UInt32], rest: [UInt8] = []) -> ByteBuffer {
        let length = 4 * words.count + rest.count
        var buffer = ByteBufferAllocator().buffer(capacity: 8 + length)
        buffer.writeInteger(0x8000 | SPDYParser.version)
        buffer.writeInteger(type)
        buffer.writeInteger(UInt32(flags) << 24 | UInt32(length))
        for word in words { buffer.writeInteger(word) }
        buffer.writeBytes(rest)
        return buffer
    }

    /// Accepts a stream.
    func synReply(_ id: UInt32) -> ByteBuffer {
        self.control(SPDYFrame.Kind.synReply, [id], rest: self.deflater.deflate(HeaderBlock.encode([])))
    }

    func reset(_ id: UInt32, _ status: SPDYStatus) -> ByteBuffer {
        self.control(SPDYFrame.Kind.reset, [id, status.rawValue])
    }

    func ping(_ id: UInt32) -> ByteBuffer { self.control(SPDYFrame.Kind.ping, [id]) }

    /// Status 0: no fault; 1: a fault of the protocol.
    func goAway(last: UInt32, status: UInt32) -> ByteBuffer { self.control(SPDYFrame.Kind.goAway, [last, status]) }

    func windowUpdate(_ id: UInt32, _ delta: UInt32) -> ByteBuffer {
        self.control(SPDYFrame.Kind.windowUpdate, [id, delta])
    }

    /// A data frame; `bytes` must be shorter than 16 MiB.
    func data(_ id: UInt32, _ bytes: ByteBuffer, fin: Bool) -> ByteBuffer {
        var buffer = ByteBufferAllocator().buffer(capacity: 8 + bytes.readableBytes)
        buffer.writeInteger(id)
        buffer.writeInteger(UInt32(fin ? SPDYFrame.finFlag : 0) << 24 | UInt32(bytes.readableBytes))
        buffer.writeImmutableBuffer(bytes)
        return buffer
    }
}
