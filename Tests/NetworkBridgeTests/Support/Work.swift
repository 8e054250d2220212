import Glibc
import Synchronization

/// Items of work for threads that may block, which Swift's own pool may not.
final class Work<R: Sendable>: Sendable {
    private struct State {
        var next = 0
        var results: [Int: Result<R, any Error>] = [:]
    }

    private let state = Mutex(State())
    private let count: Int
    private let body: @Sendable (Int) throws -> R
    private let done: @Sendable ([Result<R, any Error>]) -> Void

    /// Work of `count` items; `done` gets their results, in their order.
    init(
        count: Int, body: @escaping @Sendable (Int) throws -> R,
        done: @escaping @Sendable ([Result<R, any Error>]) -> Void
    ) {
        self.count = count
        self.body = body
        self.done = done
    }

    /// Puts one more thread to work.
    func start() {
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                (Unmanaged<AnyObject>.fromOpaque(context).takeRetainedValue() as? any Runnable)?.run()
                return nil
            }, context)
        pthread_detach(thread)
    }

    fileprivate func run() {
        while let index = state.withLock({ state -> Int? in
            defer { state.next += 1 }
            return state.next < count ? state.next : nil
        }) {
            let result = Result { try body(index) }
            let all = state.withLock { state -> [Result<R, any Error>]? in
                state.results[index] = result
                guard state.results.count == count else { return nil }
                return (0..<count).compactMap { state.results[$0] }
            }
            if let all { done(all) }
        }
    }
}

/// What a C function pointer, which knows no generic type, can call.
private protocol Runnable { func run() }

extension Work: Runnable {}
