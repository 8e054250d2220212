internal import Synchronization

/// Counts the bytes that wait to be sent, and lets writers wait while there are too many.
final class WriteRoom: Sendable {
    /// Bytes above which writers wait, and below which they go on.
    static let highWater = 256 * 1024, lowWater = 64 * 1024

    private struct State {
        var outstanding = 0
        var closed = false
        var waiters: [(id: UInt64, continuation: CheckedContinuation<Void, any Error>)] = []
        var nextWaiter: UInt64 = 0
    }

    private let state = Mutex(State())

    /// Takes room for `count` bytes; true when the writer is to ``wait()`` after it.
    func take(_ count: Int) throws(ExchangeClosed) -> Bool {
        let full: Bool? = self.state.withLock { state in
            if state.closed { return nil }
            state.outstanding += count
            return state.outstanding > Self.highWater
        }
        guard let full else { throw ExchangeClosed() }
        return full
    }

    /// Gives room back: the bytes were sent, or will never be.
    func give(_ count: Int) {
        let waiters = self.state.withLock { state in
            state.outstanding -= count
            guard state.outstanding <= Self.lowWater else { return [CheckedContinuation<Void, any Error>]() }
            let waiters = state.waiters.map(\.continuation)
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Lets every writer go with an error.
    func close() {
        let waiters = self.state.withLock { state in
            let waiters = state.waiters.map(\.continuation)
            state.closed = true
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.resume(throwing: ExchangeClosed()) }
    }

    /// Returns when there is room.
    ///
    /// - Throws: ``ExchangeClosed``; `CancellationError`.
    func wait() async throws {
        let id = self.state.withLock { state in
            state.nextWaiter += 1
            return state.nextWaiter
        }
        try await withTaskCancellationHandler {
            try await withCheckedThrowingContinuation { (continuation: CheckedContinuation<Void, any Error>) in
                let verdict: Result<Void, any Error>? = self.state.withLock { state in
                    if state.closed { return .failure(ExchangeClosed()) }
                    if Task.isCancelled { return .failure(CancellationError()) }
                    if state.outstanding <= Self.highWater { return .success(()) }
                    state.waiters.append((id, continuation))
                    return nil
                }
                if let verdict { continuation.resume(with: verdict) }
            }
        } onCancel: {
            let waiter = self.state.withLock { state in
                state.waiters.firstIndex { $0.id == id }.map { state.waiters.remove(at: $0).continuation }
            }
            waiter?.resume(throwing: CancellationError())
        }
    }
}
