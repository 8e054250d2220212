internal import NIOCore

/// Stops reading from a connection while too many of its bytes wait to be dealt with.
///
/// Stands before a stream protocol's handlers, which count for it what they hand on and what was dealt with.
final class ReadGate: ChannelOutboundHandler {
    typealias OutboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    /// Bytes above which reading stops, and below which it goes on.
    private static let highWater = 1024 * 1024, lowWater = 256 * 1024

    private var waiting = 0
    private var held = false
    private var context: ChannelHandlerContext?

    func handlerAdded(context: ChannelHandlerContext) { self.context = context }
    func handlerRemoved(context: ChannelHandlerContext) { self.context = nil }

    func read(context: ChannelHandlerContext) {
        if self.waiting > Self.highWater { self.held = true } else { context.read() }
    }

    /// `count` bytes were handed on.
    func took(_ count: Int) { self.waiting += count }

    /// `count` bytes were dealt with.
    func gave(_ count: Int) {
        self.waiting -= count
        guard self.held, self.waiting <= Self.lowWater else { return }
        self.held = false
        self.context?.read()
    }
}
