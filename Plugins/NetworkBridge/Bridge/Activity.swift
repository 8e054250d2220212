import Synchronization

/// Which attachments are being made or were made lately, so that collecting leaves them alone.
///
/// The list of valid attachments that the collector is given is as old as the call; an attachment made since is not in it.
final class Activity: Sendable {
    private struct State {
        var clock: UInt64 = 0
        /// How many attaches of an attachment are running.
        var running: [String: Int] = [:]
        /// When the last attach of an attachment ended.
        var ended: [String: UInt64] = [:]
    }

    private let state = Mutex(State())

    /// Runs `body`, an attach of `attachment`.
    func during<R>(_ attachment: String, _ body: () throws -> R) rethrows -> R {
        state.withLock { $0.running[attachment, default: 0] += 1 }
        defer {
            state.withLock { state in
                state.clock += 1
                state.ended[attachment] = state.clock
                let left = (state.running[attachment] ?? 1) - 1
                state.running[attachment] = left == 0 ? nil : left
            }
        }
        return try body()
    }

    /// `attachment` is gone.
    func forget(_ attachment: String) { state.withLock { $0.ended[attachment] = nil } }

    /// Now, for ``since(_:)``.
    ///
    /// What ended before is forgotten, so calls of ``since(_:)`` go with the latest moment only.
    func beginCollecting() -> UInt64 {
        state.withLock { state in
            state.ended.removeAll()
            return state.clock
        }
    }

    /// The attachments that are being made, or whose making has ended after `moment`.
    func since(_ moment: UInt64) -> Set<String> {
        state.withLock { state in
            Set(state.running.keys).union(state.ended.filter { $0.value > moment }.keys)
        }
    }
}
