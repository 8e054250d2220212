internal import NIOCore

/// A connection that carries a session.
protocol SessionConnection: AnyObject {
    /// Sends what was written, says goodbye, and closes.
    ///
    /// The future is kept when the client has everything, and failed when it has gone.
    func closeSession() -> EventLoopFuture<Void>
}

/// The event loop's side of an exec or attach session.
final class RemoteCommandCore {
    /// How the outcome is told on the error stream.
    enum OutcomeForm {
        /// A `v1.Status` in JSON: version 4 and later.
        case status
        /// A sentence, or nothing when all went well: before version 4.
        case text
    }

    private let loop: any EventLoop
    private let error: SessionStream
    private let form: OutcomeForm
    private let outputs: [StreamPump]
    private let connection: any SessionConnection
    private var outcome: RemoteCommandOutcome?
    private var told = false
    private var finished: EventLoopPromise<Void>?
    private var quiet = 0
    private var lastTotal: UInt64 = 0

    /// Half a second without output, in ticks, after which a finished command's open output is given up.
    private static let quietTicks = 5, tick = TimeAmount.milliseconds(100)

    init(
        loop: any EventLoop, error: SessionStream, form: OutcomeForm, outputs: [StreamPump],
        connection: any SessionConnection
    ) {
        self.loop = loop
        self.error = error
        self.form = form
        self.outputs = outputs
        self.connection = connection
        for output in outputs { output.onProgress = { [weak self] in self?.progressed() } }
    }

    /// Drains the outputs, tells the outcome, closes.
    func finish(_ outcome: RemoteCommandOutcome) -> EventLoopFuture<Void> {
        if let finished { return finished.futureResult }
        let promise = self.loop.makePromise(of: Void.self)
        self.finished = promise
        self.outcome = outcome
        self.progressed()
        if !self.told { self.watchQuiet() }
        return promise.futureResult
    }

    private func progressed() {
        guard self.outcome != nil, !self.told, self.outputs.allSatisfy(\.isDrained) else { return }
        self.told = true
        // Not at once: this is called while a stream sends its last bytes, before it ends.
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.loop.execute { bound.value.tell() }
    }

    /// A process in the background may keep the output open for ever.
    private func watchQuiet() {
        let bound = NIOLoopBound(self, eventLoop: self.loop)
        self.loop.scheduleTask(in: Self.tick) {
            let core = bound.value
            guard !core.told else { return }
            let total = core.outputs.reduce(0) { $0 &+ $1.total }
            let idle = total == core.lastTotal && core.outputs.allSatisfy { $0.outstanding == 0 }
            core.lastTotal = total
            core.quiet = idle ? core.quiet + 1 : 0
            if core.quiet >= Self.quietTicks { core.tell() } else { core.watchQuiet() }
        }
    }

    private func tell() {
        guard let outcome = self.outcome, let finished = self.finished else { return }
        self.told = true
        if let text = outcome.text(self.form) { self.error.write(ByteBuffer(string: text), promise: nil) }
        self.error.finish()
        self.connection.closeSession().cascade(to: finished)
    }
}

extension RemoteCommandOutcome {
    /// What is written on the error stream; nil for nothing.
    func text(_ form: RemoteCommandCore.OutcomeForm) -> String? {
        let success = #"{"metadata":{},"status":"Success"}"#
        switch self {
        case .detached, .exited(0): return form == .status ? success : nil
        case .exited(let code):
            let message = "command terminated with non-zero exit code: exit status \(code)"
            guard form == .status else { return message }
            return """
                {"metadata":{},"status":"Failure","message":\(JSONText.quoted(message)),"reason":"NonZeroExitCode",\
                "details":{"causes":[{"reason":"ExitCode","message":"\(code)"}]}}
                """
        case .failed(let message, let status):
            return form == .status ? String(decoding: status, as: UTF8.self) : message
        }
    }
}
