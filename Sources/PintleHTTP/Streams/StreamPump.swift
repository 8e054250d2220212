internal import NIOCore
internal import NIOPosix

/// Copies between a stream and a descriptor: a pipe's end (one way) or a socket (both ways, with half-closing).
///
/// Stands in the pipeline of the descriptor's channel, which must run on the connection's event loop.
final class StreamPump: ChannelDuplexHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes on their way to the client above which the descriptor is not read, and below which it is again.
    private static let highWater = 128 * 1024, lowWater = 32 * 1024

    private let stream: SessionStream
    /// What the descriptor lets us do.
    private let reads: Bool, writes: Bool
    /// Bytes written to the stream that the client's socket has not taken.
    private(set) var outstanding = 0
    /// All bytes read so far.
    private(set) var total: UInt64 = 0
    /// The descriptor has come to its end.
    private(set) var inputEnded: Bool
    private var outputEnded: Bool
    /// The client writes no more; what it wrote may still be on its way to the descriptor.
    private var outputEnding = false
    private var held = false
    private var context: ChannelHandlerContext?
    /// Called after progress: bytes taken by the client, an end.
    var onProgress: () -> Void = {}

    init(stream: SessionStream, reads: Bool, writes: Bool) {
        self.stream = stream
        self.reads = reads
        self.writes = writes
        self.inputEnded = !reads
        self.outputEnded = !writes
    }

    /// Whether the descriptor has ended and the client has all of it.
    var isDrained: Bool { self.inputEnded && self.outstanding == 0 }
    /// Whether nothing can come any more in either direction.
    var isOver: Bool { self.isDrained && self.outputEnded }

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }

    /// Takes what the client has sent; once the channel is wholly set up, since that may close it again.
    func start() { self.stream.receiver = self }

    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    // MARK: From the descriptor to the client

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let bytes = self.unwrapInboundIn(data)
        let count = bytes.readableBytes
        self.total += UInt64(count)
        self.outstanding += count
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.sent(count) }
        self.stream.write(bytes, promise: promise)
    }

    private func sent(_ count: Int) {
        self.outstanding -= count
        if self.held, self.outstanding <= Self.lowWater {
            self.held = false
            self.context?.read()
        }
        self.onProgress()
    }

    func read(context: ChannelHandlerContext) {
        if self.outstanding > Self.highWater { self.held = true } else { context.read() }
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
        if case .inputClosed? = event as? ChannelEvent { self.endInput() }
        context.fireUserInboundEventTriggered(event)
    }

    func channelInactive(context: ChannelHandlerContext) {
        self.outputEnded = true
        self.endInput()
        context.fireChannelInactive()
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        context.close(promise: nil)
    }

    private func endInput() {
        if !self.inputEnded {
            self.inputEnded = true
            self.stream.finish()
        }
        self.closeIfOver()
        self.onProgress()
    }

    private func closeIfOver() {
        if self.inputEnded, self.outputEnded { self.context?.close(promise: nil) }
    }
}

// MARK: From the client to the descriptor

extension StreamPump: SessionStreamReceiver {
    func received(_ bytes: ByteBuffer) {
        let count = bytes.readableBytes
        // A process that closed its input, or never had one: the client's bytes are for nobody.
        guard self.writes, !self.outputEnded, !self.outputEnding, let context = self.context else {
            return self.stream.consumed(count)
        }
        let promise = context.eventLoop.makePromise(of: Void.self)
        promise.futureResult.assumeIsolated().whenComplete { _ in self.stream.consumed(count) }
        context.writeAndFlush(self.wrapOutboundOut(bytes), promise: promise)
    }

    func ended() {
        guard self.writes, !self.outputEnded, !self.outputEnding, let context = self.context else { return }
        self.outputEnding = true
        // An empty write is done when those before it are.
        let written = context.eventLoop.makePromise(of: Void.self)
        let (channel, half) = (context.channel, self.reads)
        written.futureResult.assumeIsolated().whenComplete { _ in
            self.outputEnded = true
            if half { channel.close(mode: .output, promise: nil) } else { channel.close(promise: nil) }
            self.closeIfOver()
            self.onProgress()
        }
        context.writeAndFlush(self.wrapOutboundOut(ByteBuffer()), promise: written)
    }

    func aborted() {
        self.outputEnded = true
        self.inputEnded = true
        self.context?.close(promise: nil)
        self.onProgress()
    }
}

extension StreamPump {
    /// Whether this is the pump of `stream`.
    func serves(_ stream: SessionStream) -> Bool { self.stream === stream }
}
