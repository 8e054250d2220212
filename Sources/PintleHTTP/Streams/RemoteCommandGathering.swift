internal import NIOCore

/// Waits until a SPDY client has opened the streams of an exec or attach.
final class RemoteCommandGathering: SPDYDelegate {
    private let expected: Set<String>
    private(set) var streams: [String: SessionStream] = [:]
    let complete: EventLoopPromise<Void>
    let closing = CloseSignal()
    private var done = false

    init(loop: any EventLoop, wanted: RemoteCommandStreams, resizes: Bool) {
        var expected: Set = ["error"]
        if wanted.stdin { expected.insert("stdin") }
        if wanted.stdout { expected.insert("stdout") }
        if wanted.stderr { expected.insert("stderr") }
        if resizes { expected.insert("resize") }
        self.expected = expected
        self.complete = loop.makePromise(of: Void.self)
    }

    /// The upgrade itself may fail: then nobody will ever tell of a stream.
    deinit { if !self.done { self.complete.fail(ExchangeClosed()) } }

    func opened(_ stream: SPDYStream) -> Bool {
        guard let type = stream.header("streamtype"), self.expected.contains(type), self.streams[type] == nil else {
            return false
        }
        self.streams[type] = stream
        if self.streams.count == self.expected.count {
            // After this frame has been answered.
            self.done = true
            self.complete.futureResult.eventLoop.execute { [complete] in complete.succeed() }
        }
        return true
    }

    func timedOut() {
        guard !self.done else { return }
        self.done = true
        let missing = self.expected.subtracting(self.streams.keys).sorted().joined(separator: ", ")
        self.complete.fail(
            StreamUpgradeError(
                status: 500, message: "timed out waiting for the client to open its streams: \(missing)",
                isAnswerable: false))
    }

    func disconnected() {
        self.closing.fire()
        guard !self.done else { return }
        self.done = true
        self.complete.fail(
            StreamUpgradeError(
                status: 500, message: "the client left before it had opened its streams", isAnswerable: false))
    }
}
