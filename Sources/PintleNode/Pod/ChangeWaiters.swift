internal import Synchronization

/// Tasks that wait for any change of a pod.
///
/// Take the ``mark`` first, look at what is, then wait for a change after the mark: none is missed. Threads: any.
final class ChangeWaiters: Sendable {
    private struct State {
        /// Changes so far.
        var count = 0
        var number = 0
        var waiting: [Int: CheckedContinuation<Void, Never>] = [:]
    }

    private let state = Mutex(State())

    var mark: Int { state.withLock { $0.count } }

    /// Something changed: all that wait go on.
    func tell() {
        let waiting = state.withLock { state in
            state.count += 1
            defer { state.waiting = [:] }
            return state.waiting
        }
        for continuation in waiting.values { continuation.resume() }
    }

    /// Returns once something has changed after the mark, or after some seconds.
    func wait(after mark: Int, atMost seconds: Double) async {
        let number = state.withLock { state in
            state.number += 1
            return state.number
        }
        let timer = Task {
            try? await Task.sleep(for: .seconds(max(0, seconds)))
            state.withLock { $0.waiting.removeValue(forKey: number) }?.resume()
        }
        await withCheckedContinuation { continuation in
            let isOver = state.withLock { state in
                if state.count != mark { return true }
                state.waiting[number] = continuation
                return false
            }
            if isOver { continuation.resume() }
        }
        timer.cancel()
    }
}
