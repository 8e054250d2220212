@preconcurrency internal import Dispatch
internal import Glibc
internal import Synchronization

/// A pipe that takes a command's output without a thread, keeps its beginning and throws the rest away.
///
/// Both ends stay open until ``finish()``, which must be called once.
final class OutputPipe: Sendable {
    /// Where the command writes.
    let writeEnd: Int32
    private let readEnd: Int32
    private let limit: Int
    private let source: any DispatchSourceRead
    private let state = Mutex(State())
    private static let queue = DispatchQueue(label: "node.output")

    private struct State {
        var kept: [UInt8] = []
        var finished: CheckedContinuation<Void, Never>?
    }

    /// nil when the process has no descriptors left.
    init?(limit: Int) {
        var ends: [Int32] = [-1, -1]
        guard pipe(&ends) == 0 else { return nil }
        for end in ends { _ = fcntl(end, F_SETFD, FD_CLOEXEC) }
        readEnd = ends[0]
        writeEnd = ends[1]
        self.limit = limit
        _ = fcntl(ends[0], F_SETFL, O_NONBLOCK)
        source = DispatchSource.makeReadSource(fileDescriptor: ends[0], queue: Self.queue)
        source.setEventHandler { [weak self] in self?.take() }
        // Holds the pipe until then, so that it is not closed under the source.
        source.setCancelHandler { self.end() }
        source.activate()
    }

    /// What was written up to now, as text, at most `limit` bytes; closes both ends.
    ///
    /// Children of the command that still hold the pipe are not waited for.
    func finish() async -> String {
        await withCheckedContinuation { continuation in
            state.withLock { $0.finished = continuation }
            source.cancel()
        }
        return state.withLock { String(decoding: $0.kept, as: UTF8.self) }
    }

    private func end() {
        take()
        close(readEnd)
        close(writeEnd)
        state.withLock { $0.finished.take() }?.resume()
    }

    /// Reads a pipe's worth at most, so that no endless writer keeps the queue from others.
    private func take() {
        withUnsafeTemporaryAllocation(byteCount: 65_536, alignment: 1) { buffer in
            let count = read(readEnd, buffer.baseAddress, buffer.count)
            guard count > 0 else { return }
            state.withLock { $0.kept += buffer.prefix(min(count, limit - $0.kept.count)) }
        }
    }
}
