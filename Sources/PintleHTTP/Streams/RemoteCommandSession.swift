internal import NIOCore

/// An exec or attach session with a client, whichever protocol it speaks.
///
/// Give ``descriptors`` to the process, and call ``finish(_:)`` when it has ended. A session that is let go of without
/// it stays open until the client leaves.
public final class RemoteCommandSession: Sendable {
    /// The process's ends of the streams.
    ///
    /// They belong to the caller of the upgrade from its return on, also when the client has gone meanwhile.
    public let descriptors: RemoteCommandDescriptors
    private let closing: CloseSignal
    private let core: NIOLoopBound<RemoteCommandCore>
    private let loops: EventLoops

    init(
        descriptors: RemoteCommandDescriptors, closing: CloseSignal, core: NIOLoopBound<RemoteCommandCore>,
        loops: EventLoops
    ) {
        self.loops = loops
        self.descriptors = descriptors
        self.closing = closing
        self.core = core
    }

    /// Whether the client has gone or the session was finished.
    public var isClosed: Bool { self.closing.isClosed }

    /// Calls `body` once, when the connection has closed: on its event loop, or at once on this thread if it has closed
    /// already.
    ///
    /// It must not block.
    public func onClose(_ body: @escaping @Sendable () -> Void) { self.closing.onClose(body) }

    /// Sends all that the process still wrote, then `outcome` on the error stream, and closes the session.
    ///
    /// Returns when the client has it, or has gone. Output is waited for until every writer has closed its end; when
    /// one keeps it open (a process left in the background), until nothing has come for half a second.
    public func finish(_ outcome: RemoteCommandOutcome) async {
        let core = self.core
        let done = core.eventLoop.flatSubmit { core.value.finish(outcome) }
        try? await done.get()
    }
}
