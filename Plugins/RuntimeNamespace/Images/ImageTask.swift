import Synchronization

/// One operation of the store on its way: whether it is to stop, and how far its layers have come.
///
/// The work runs on threads of its own; the thread that made the call waits, looks at the caller's wishes ten times a
/// second, and passes progress on. So the caller's closures never leave its thread.
final class ImageTask: Sendable {
    private enum Stop: Int { case no, cancelled, deadline }

    private struct Progress {
        var order: [String] = []
        var changed: [String: LayerProgress] = [:]
    }

    private let stop = Atomic<Int>(Stop.no.rawValue)
    private let progress = Mutex(Progress())
    private let parent: ImageTask?

    /// With a parent: a part of its work, which stops with it and may be stopped by itself.
    init(partOf parent: ImageTask? = nil) { self.parent = parent }

    var isStopped: Bool { stop.load(ordering: .relaxed) != Stop.no.rawValue || parent?.isStopped == true }

    /// Stops this part, because another one has failed.
    func abandon() { end(.cancelled) }

    /// - Throws: `Cancelled` or `DeadlineExceeded` once the operation is to stop.
    func check() throws(ImageError) {
        if let parent { try parent.check() }
        switch Stop(rawValue: stop.load(ordering: .relaxed)) {
        case .cancelled: throw ImageError(.cancelled, .cancelled, "the operation was cancelled")
        case .deadline: throw ImageError(.deadline, .deadlineExceeded, "the operation's deadline passed")
        case .no, nil: return
        }
    }

    func report(_ layer: LayerProgress) {
        if let parent { return parent.report(layer) }
        progress.withLock { progress in
            if progress.changed.updateValue(layer, forKey: layer.layer) == nil { progress.order.append(layer.layer) }
        }
    }

    /// Waits up to `milliseconds`, less when the operation is to stop.
    ///
    /// *Blocks.*
    func pause(milliseconds: Int64) throws(ImageError) {
        let end = ImageTime.monotonic + milliseconds * 1_000_000
        let nothing = ImageMonitor(())
        while ImageTime.monotonic < end {
            try check()
            let _: Void? = nothing.wait(milliseconds: 50) { _ in nil }
        }
        try check()
    }

    private func takeProgress() -> [LayerProgress] {
        progress.withLock { progress in
            defer { progress = Progress() }
            return progress.order.compactMap { progress.changed[$0] }
        }
    }

    /// Runs `body` on a thread of its own until it returns, bounded by `operation`.
    ///
    /// *Blocks.*
    ///
    /// - Parameters:
    ///   - operation: its deadline and cancellation.
    ///   - progress: called on this thread; returning false cancels.
    ///   - body: the work.
    /// - Returns: what `body` returns.
    /// - Throws: what `body` throws.
    static func run<Value: Sendable>(
        _ operation: ImageOperation, progress: (LayerProgress) -> Bool = { _ in true },
        _ body: @escaping @Sendable (ImageTask) throws(ImageError) -> Value
    ) throws(ImageError) -> Value {
        let task = ImageTask()
        let outcome = ImageMonitor<Result<Value, ImageError>?>(nil)
        let isStarted = ImageThread.start {
            let result: Result<Value, ImageError>
            do throws(ImageError) { result = .success(try body(task)) } catch { result = .failure(error) }
            outcome.withLock { $0 = result }
        }
        guard isStarted else { throw ImageError(.resource, .storeFailed, "no thread could be started") }
        while true {
            let result = outcome.wait(milliseconds: 100) { $0 }
            for layer in task.takeProgress() where !progress(layer) { task.end(.cancelled) }
            if let result { return try result.get() }
            if operation.isCancelled() { task.end(.cancelled) }
            if operation.deadline > 0, ImageTime.monotonic >= operation.deadline { task.end(.deadline) }
        }
    }

    private func end(_ reason: Stop) {
        _ = stop.compareExchange(expected: Stop.no.rawValue, desired: reason.rawValue, ordering: .relaxed)
    }
}
