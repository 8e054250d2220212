internal import CZlib
internal import NIOCore

/// Inflates the header blocks of one connection, which share a zlib stream.
///
/// A class, because zlib keeps the address of its state.
final class HeaderInflater {
    /// Bytes that a block may inflate to; more is taken for an attack.
    static let limit = 64 * 1024

    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(SPDYFault) {
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        guard inflateInit_(self.stream, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK else {
            self.stream.deallocate()
            throw SPDYFault(reason: "zlib cannot be used")
        }
    }

    deinit {
        inflateEnd(self.stream)
        self.stream.deallocate()
    }

    /// The contents of a block; after an error the connection cannot go on.
    func inflate(_ block: [UInt8]) throws(SPDYFault) -> [UInt8] {
        var block = block
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 4096)
        var fault: String?
        block.withUnsafeMutableBufferPointer { input in
            self.stream.pointee.next_in = input.baseAddress
            self.stream.pointee.avail_in = UInt32(input.count)
            repeat {
                let (status, count) = self.step(&chunk)
                result += chunk[..<count]
                if result.count > Self.limit { fault = "the header block is too large" }
                if status == Z_BUF_ERROR { break }
                if status != Z_OK { fault = "the header block is not compressed as SPDY/3 says" }
            } while fault == nil && (self.stream.pointee.avail_in > 0 || self.stream.pointee.avail_out == 0)
            self.stream.pointee.next_in = nil
            self.stream.pointee.avail_in = 0
        }
        if let fault { throw SPDYFault(reason: fault) }
        return result
    }

    private func step(_ chunk: inout [UInt8]) -> (status: Int32, count: Int) {
        chunk.withUnsafeMutableBufferPointer { output in
            self.stream.pointee.next_out = output.baseAddress
            self.stream.pointee.avail_out = UInt32(output.count)
            var status = CZlib.inflate(self.stream, Z_SYNC_FLUSH)
            if status == Z_NEED_DICT {
                status = SPDYDictionary.bytes.withUnsafeBufferPointer {
                    inflateSetDictionary(self.stream, $0.baseAddress, UInt32($0.count))
                }
                if status == Z_OK { status = CZlib.inflate(self.stream, Z_SYNC_FLUSH) }
            }
            return (status, output.count - Int(self.stream.pointee.avail_out))
        }
    }
}

/// Deflates the header blocks of one connection.
final class HeaderDeflater {
    private let stream: UnsafeMutablePointer<z_stream>

    init() throws(SPDYFault) {
        self.stream = .allocate(capacity: 1)
        self.stream.initialize(to: z_stream())
        // Answers carry next to no fields: a small window spares most of zlib's 256 KiB.
        let made = deflateInit2_(
            self.stream, 1, Z_DEFLATED, 11, 4, Z_DEFAULT_STRATEGY, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size))
        let dictionary = SPDYDictionary.bytes
        guard made == Z_OK, deflateSetDictionary(self.stream, dictionary, UInt32(dictionary.count)) == Z_OK else {
            self.stream.deallocate()
            throw SPDYFault(reason: "zlib cannot be used")
        }
    }

    deinit {
        deflateEnd(self.stream)
        self.stream.deallocate()
    }

    /// The block that holds `bytes`.
    func deflate(_ bytes: [UInt8]) -> [UInt8] {
        var bytes = bytes
        var result: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 1024)
        bytes.withUnsafeMutableBufferPointer { input in
            self.stream.pointee.next_in = input.baseAddress
            self.stream.pointee.avail_in = UInt32(input.count)
            repeat {
                let count = chunk.withUnsafeMutableBufferPointer { output in
                    self.stream.pointee.next_out = output.baseAddress
                    self.stream.pointee.avail_out = UInt32(output.count)
                    _ = CZlib.deflate(self.stream, Z_SYNC_FLUSH)
                    return output.count - Int(self.stream.pointee.avail_out)
                }
                result += chunk[..<count]
            } while self.stream.pointee.avail_out == 0
            self.stream.pointee.next_in = nil
        }
        return result
    }
}

/// The uncompressed form of a header block (section 2.6.10).
enum HeaderBlock {
    static let fieldLimit = 128

    static func encode(_ headers: SPDYHeaders) -> [UInt8] {
        var buffer = ByteBuffer()
        buffer.writeInteger(UInt32(headers.count))
        for (name, value) in headers {
            buffer.writeInteger(UInt32(name.utf8.count))
            buffer.writeString(name)
            buffer.writeInteger(UInt32(value.utf8.count))
            buffer.writeString(value)
        }
        return Array(buffer.readableBytesView)
    }

    static func decode(_ bytes: [UInt8]) throws(SPDYFault) -> SPDYHeaders {
        var buffer = ByteBuffer(bytes: bytes)
        guard let count = buffer.readInteger(as: UInt32.self), count <= Self.fieldLimit else {
            throw SPDYFault(reason: "the header block has too many fields")
        }
        var headers: SPDYHeaders = []
        for _ in 0..<count {
            guard let name = buffer.readLengthPrefixedText(), let value = buffer.readLengthPrefixedText(), !name.isEmpty
            else { throw SPDYFault(reason: "the header block is cut off") }
            headers.append((name.lowercased(), value))
        }
        guard buffer.readableBytes == 0 else { throw SPDYFault(reason: "the header block has a rest") }
        return headers
    }
}

extension ByteBuffer {
    fileprivate mutating func readLengthPrefixedText() -> String? {
        guard let length = self.readInteger(as: UInt32.self), length <= self.readableBytes else { return nil }
        return self.readString(length: Int(length))
    }
}
