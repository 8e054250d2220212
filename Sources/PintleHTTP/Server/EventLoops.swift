internal import Dispatch
internal import NIOPosix

/// A server's threads, which end when nobody needs them any more.
///
/// Rationale: exchanges and sessions may be answered after the server has shut down; their event loop must still be
/// there then, or what they wait for would never come. So they hold it, as the server does.
final class EventLoops: Sendable {
    let group: MultiThreadedEventLoopGroup

    init(threads: Int) { self.group = MultiThreadedEventLoopGroup(numberOfThreads: max(1, threads)) }

    deinit { self.group.shutdownGracefully(queue: .global()) { _ in } }
}
