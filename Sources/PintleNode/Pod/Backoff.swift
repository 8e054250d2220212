/// Kubernetes' back-off for restarts and pulls: 10 s, doubling up to 300 s, forgotten after ten quiet minutes.
///
/// Times are seconds of any clock that only moves forward.
struct Backoff: Sendable, Hashable {
    static let first: Double = 10
    static let most: Double = 300

    private(set) var delay: Double = 0
    private(set) var updated: Double = 0

    init() {}

    /// As it was after `count` failures, of which the last one was at `time`.
    init(after count: Int, at time: Double) {
        for _ in 0..<min(max(0, count), 16) { next(at: time) }
    }

    /// How long to wait from now on, if the last failure was at `failed`; nil when the wait is over.
    func remaining(since failed: Double, now: Double) -> Double? {
        guard delay > 0, now - updated <= 2 * Self.most else { return nil }
        let left = failed + delay - now
        return left > 0 ? left : nil
    }

    /// A further try is made at `now`.
    mutating func next(at now: Double) {
        if delay == 0 || now - updated > 2 * Self.most {
            delay = Self.first
        } else {
            delay = min(delay * 2, Self.most)
        }
        updated = now
    }
}
