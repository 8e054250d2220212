/// Deletes moved-away directories on a thread of its own, so that removing an image does not wait for it.
final class Sweeper: Sendable {
    private let running = ImageMonitor(0)

    /// Deletes the paths soon; what fails is deleted when the store is opened next time.
    func delete(_ paths: [String]) {
        guard !paths.isEmpty else { return }
        running.withLock { $0 += 1 }
        let isStarted = ImageThread.start { [running] in
            for path in paths { try? ImageFiles.removeTree(path) }
            running.withLock { $0 -= 1 }
        }
        if !isStarted { running.withLock { $0 -= 1 } }
    }

    /// Waits until everything is deleted.
    ///
    /// *Blocks.*
    func finish() { running.wait { $0 == 0 ? () : nil } }
}
