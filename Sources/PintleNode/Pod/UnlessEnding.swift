internal import Synchronization

extension PodWorker {
    /// Awaits work that can't be cancelled, such as a pull that others may wait for too.
    ///
    /// Nil when the pod is to end before; the work then goes on by itself.
    func unlessEnding<R: Sendable>(_ work: @escaping @Sendable () async -> R) async -> R? {
        let result = Outcome<R>()
        Task { [changes] in
            let value = await work()
            result.value.withLock { $0 = value }
            changes.tell()
        }
        while true {
            let mark = changes.mark
            if let value = result.value.withLock({ $0 }) { return value }
            if isEnding { return nil }
            await changes.wait(after: mark, atMost: 3600)
        }
    }

    private final class Outcome<R: Sendable>: Sendable {
        let value = Mutex<R?>(nil)
    }
}
