internal import Synchronization

/// Tells, once, that something is over; to those who asked before and to those who ask later.
final class CloseSignal: Sendable {
    private struct State {
        var closed = false
        var handlers: [@Sendable () -> Void] = []
    }

    private let state = Mutex(State())

    var isClosed: Bool { self.state.withLock { $0.closed } }

    /// Calls `body` on the thread that fires, or at once when it has fired.
    func onClose(_ body: @escaping @Sendable () -> Void) {
        let late = self.state.withLock { state in
            if !state.closed { state.handlers.append(body) }
            return state.closed
        }
        if late { body() }
    }

    func fire() {
        let handlers = self.state.withLock { state in
            let handlers = state.handlers
            state.closed = true
            state.handlers = []
            return handlers
        }
        for handler in handlers { handler() }
    }
}
