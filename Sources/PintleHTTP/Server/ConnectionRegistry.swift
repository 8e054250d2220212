internal import NIOCore
internal import Synchronization

/// The open connections of a server.
final class ConnectionRegistry: Sendable {
    private struct State {
        var connections: [ObjectIdentifier: any Channel] = [:]
        var ending = false
        var waiters: [CheckedContinuation<Void, Never>] = []
    }

    private let state = Mutex(State())
    private let limit: Int

    init(limit: Int) { self.limit = limit }

    var count: Int { self.state.withLock { $0.connections.count } }

    /// False when there are too many connections or the server is ending: the channel is to be closed.
    func add(_ channel: any Channel) -> Bool {
        let id = ObjectIdentifier(channel)
        let accepted = self.state.withLock { state in
            guard !state.ending, state.connections.count < self.limit else { return false }
            state.connections[id] = channel
            return true
        }
        if accepted { channel.closeFuture.whenComplete { _ in self.remove(id) } }
        return accepted
    }

    private func remove(_ id: ObjectIdentifier) {
        let waiters = self.state.withLock { state in
            state.connections[id] = nil
            guard state.connections.isEmpty else { return [CheckedContinuation<Void, Never>]() }
            let waiters = state.waiters
            state.waiters = []
            return waiters
        }
        for waiter in waiters { waiter.resume() }
    }

    /// Accepts no more, and tells every connection to end.
    func end() {
        let channels = self.state.withLock { state in
            state.ending = true
            return Array(state.connections.values)
        }
        for channel in channels { channel.pipeline.fireUserInboundEventTriggered(ServerEnding()) }
    }

    /// Closes what is left.
    func closeAll() {
        for channel in self.state.withLock({ Array($0.connections.values) }) { channel.close(promise: nil) }
    }

    /// Returns when no connection is left.
    func drained() async {
        await withCheckedContinuation { continuation in
            let empty = self.state.withLock { state in
                if !state.connections.isEmpty { state.waiters.append(continuation) }
                return state.connections.isEmpty
            }
            if empty { continuation.resume() }
        }
    }
}
