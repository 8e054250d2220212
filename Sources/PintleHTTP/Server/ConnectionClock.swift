internal import NIOCore

/// Watches how long a connection has been in its present phase; on its event loop only.
///
/// Requests cost two stores: one timer ticks every few seconds and compares, instead of being set for each phase.
final class ConnectionClock {
    /// What a connection waits for.
    enum Phase { case idle, head, body, answering, lingering }

    static let tick = TimeAmount.seconds(5)

    private(set) var phase = Phase.idle
    private var since = NIODeadline.now()
    private let channel: any Channel
    private let limits: HTTPTimeouts
    private var timer: Scheduled<Void>?
    private var lastBuffered = 0
    private var lastProgress = NIODeadline.now()
    private let expired: (Phase) -> Void

    // `expired` is called on each tick in which the phase has lasted too long; with `.answering` when the client takes
    // no bytes.
    init(channel: any Channel, limits: HTTPTimeouts, expired: @escaping (Phase) -> Void) {
        self.channel = channel
        self.limits = limits
        self.expired = expired
        self.schedule()
    }

    func enter(_ phase: Phase) {
        self.phase = phase
        self.since = .now()
    }

    func stop() {
        self.timer?.cancel()
        self.timer = nil
    }

    private func schedule() {
        let bound = NIOLoopBound(self, eventLoop: self.channel.eventLoop)
        let shortest = TimeAmount(
            min(self.limits.head, min(self.limits.idle, min(self.limits.body, self.limits.write))))
        self.timer = self.channel.eventLoop.scheduleTask(in: min(Self.tick, shortest)) { bound.value.check() }
    }

    private func check() {
        guard self.channel.isActive, self.timer != nil else { return }
        self.schedule()
        let now = NIODeadline.now()
        let buffered = (try? self.channel.syncOptions?.getOption(.bufferedWritableBytes)) ?? 0
        if buffered == 0 || buffered != self.lastBuffered {
            self.lastBuffered = buffered
            self.lastProgress = now
        }
        let limit: Duration? =
            switch self.phase {
            case .idle: self.limits.idle
            case .head: self.limits.head
            case .body: self.limits.body
            case .answering: nil
            case .lingering: .seconds(5)
            }
        if let limit, now - self.since > TimeAmount(limit) {
            self.expired(self.phase)
        } else if now - self.lastProgress > TimeAmount(self.limits.write) {
            self.expired(.answering)
        }
    }
}
