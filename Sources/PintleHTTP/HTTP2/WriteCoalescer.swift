internal import NIOCore

/// Joins the small writes between two flushes into one buffer.
///
/// Stands between HTTP/2's framing, which writes each frame's head and body apart, and TLS, which makes a record of
/// each write: one record an answer instead of three.
final class WriteCoalescer: ChannelOutboundHandler {
    typealias OutboundIn = IOData
    typealias OutboundOut = ByteBuffer

    private static let limit = 16 * 1024

    private var pending: ByteBuffer?
    private var promises: [EventLoopPromise<Void>] = []

    func write(context: ChannelHandlerContext, data: NIOAny, promise: EventLoopPromise<Void>?) {
        guard case .byteBuffer(var bytes) = self.unwrapOutboundIn(data) else {
            promise?.fail(ChannelError.operationUnsupported)
            return
        }
        if bytes.readableBytes > Self.limit {
            self.pass(context)
            return context.write(self.wrapOutboundOut(bytes), promise: promise)
        }
        if let promise { self.promises.append(promise) }
        if self.pending == nil {
            self.pending = context.channel.allocator.buffer(capacity: max(512, 2 * bytes.readableBytes))
        }
        self.pending?.writeBuffer(&bytes)
        if let count = self.pending?.readableBytes, count >= Self.limit { self.pass(context) }
    }

    func flush(context: ChannelHandlerContext) {
        self.pass(context)
        context.flush()
    }

    func close(context: ChannelHandlerContext, mode: CloseMode, promise: EventLoopPromise<Void>?) {
        self.pass(context)
        context.close(mode: mode, promise: promise)
    }

    func handlerRemoved(context: ChannelHandlerContext) {
        for promise in self.promises { promise.fail(ChannelError.ioOnClosedChannel) }
        self.promises = []
        self.pending = nil
    }

    private func pass(_ context: ChannelHandlerContext) {
        guard let bytes = self.pending else { return }
        self.pending = nil
        let promises = self.promises
        self.promises = []
        guard let first = promises.first else { return context.write(self.wrapOutboundOut(bytes), promise: nil) }
        for other in promises.dropFirst() { first.futureResult.cascade(to: other) }
        context.write(self.wrapOutboundOut(bytes), promise: first)
    }
}
