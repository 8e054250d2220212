internal import NIOCore

/// Reads terminal sizes, `{"Width":80,"Height":24}` one after the other, from a stream that may be cut anywhere.
struct SizeParser {
    /// Longer documents are no sizes.
    private static let limit = 256

    private var document: [UInt8] = []
    /// The stream has shown itself to be something else; it is ignored from then on.
    private(set) var isBroken = false

    /// The sizes that `bytes` complete, each with both numbers in 1…65535.
    mutating func parse(_ bytes: some Sequence<UInt8>) -> [(width: Int, height: Int)] {
        var sizes: [(width: Int, height: Int)] = []
        for byte in bytes where !self.isBroken {
            self.document.append(byte)
            if self.document.count > Self.limit { self.isBroken = true }
            guard byte == UInt8(ascii: "}") else { continue }
            if let width = self.number("Width"), let height = self.number("Height") { sizes.append((width, height)) }
            self.document.removeAll(keepingCapacity: true)
        }
        return sizes
    }

    /// The number after `"name":`.
    private func number(_ name: String) -> Int? {
        let text = String(decoding: self.document, as: UTF8.self)
        let words = text.split { " \t\r\n{},:".contains($0) }
        guard let index = words.firstIndex(of: "\"\(name)\""), index + 1 < words.count else { return nil }
        return Int(words[index + 1]).flatMap { (1...65535).contains($0) ? $0 : nil }
    }
}

/// Feeds a terminal's sizes to the process.
final class SizeReceiver: SessionStreamReceiver {
    private var parser = SizeParser()
    private unowned let stream: SessionStream
    private let sizes: AsyncStream<(width: Int, height: Int)>.Continuation

    init(stream: SessionStream, sizes: AsyncStream<(width: Int, height: Int)>.Continuation) {
        self.stream = stream
        self.sizes = sizes
    }

    func received(_ bytes: ByteBuffer) {
        for size in self.parser.parse(bytes.readableBytesView) { self.sizes.yield(size) }
        self.stream.consumed(bytes.readableBytes)
    }

    func ended() { self.sizes.finish() }
    func aborted() { self.sizes.finish() }
}
