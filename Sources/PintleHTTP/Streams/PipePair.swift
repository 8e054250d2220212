internal import Glibc
internal import NIOCore
internal import NIOPosix

/// A pipe of which one end is ours, as a channel on an event loop, and the other the process's.
struct PipePair {
    /// The process's end, blocking, close-on-exec; the caller's to close.
    let theirs: Int32
    private let ours: Int32
    private let readable: Bool

    // `readable`: our end is the one to read from.
    init(readable: Bool) throws(StreamUpgradeError) {
        var ends: [Int32] = [-1, -1]
        // Not pipe2, which Swift's Glibc module lacks: whoever spawns processes here closes what it does not pass on.
        guard pipe(&ends) == 0 else {
            throw StreamUpgradeError(
                status: 500, message: "cannot make a pipe: \(String(cString: strerror(errno)))")
        }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        (self.ours, self.theirs) = readable ? (ends[0], ends[1]) : (ends[1], ends[0])
        self.readable = readable
    }

    /// Closes both ends, when nothing came of them.
    func discard() {
        close(self.ours)
        close(self.theirs)
    }

    /// Makes our end a channel with `pump` in it.
    ///
    /// The channel owns the end from then on, also after a failure.
    func open(_ pump: StreamPump, on loop: any EventLoop) -> EventLoopFuture<any Channel> {
        let ours = self.ours
        let bound = NIOLoopBound(pump, eventLoop: loop)
        let bootstrap = NIOPipeBootstrap(group: loop).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture { try channel.pipeline.syncOperations.addHandler(bound.value) }
        }
        let channel =
            self.readable
            ? bootstrap.takingOwnershipOfDescriptor(input: ours) : bootstrap.takingOwnershipOfDescriptor(output: ours)
        channel.whenFailure { _ in close(ours) }
        channel.whenSuccess { _ in bound.value.start() }
        return channel
    }
}
