internal import NIOCore
internal import NIOPosix
internal import Synchronization

/// An event loop on which checks run and wait for their time.
///
/// The process has two at most, made when the first is asked for; a check costs no thread and never blocks one.
public final class ProbeLoop: Sendable {
    let loop: any EventLoop

    private static let group = MultiThreadedEventLoopGroup(
        numberOfThreads: min(2, max(1, System.coreCount)))

    private init(_ loop: any EventLoop) { self.loop = loop }

    /// One of the process's loops, each in turn.
    public static func next() -> ProbeLoop { ProbeLoop(group.next()) }

    /// Runs `body` on the loop after a while.
    ///
    /// - Parameters:
    ///   - delay: Zero and less mean at once.
    ///   - body: Must not block.
    /// - Returns: What stops it.
    public func schedule(after delay: Duration, _ body: @escaping @Sendable () -> Void) -> ProbeTimer {
        ProbeTimer(loop.scheduleTask(in: TimeAmount(delay), body))
    }

    /// Carries out a check.
    ///
    /// - Parameters:
    ///   - check: What to check.
    ///   - timeout: After this long it has failed.
    ///   - done: Called once, on the loop; must not block.
    public func run(
        _ check: NetworkCheck, timeout: Duration, _ done: @escaping @Sendable (ProbeOutcome) -> Void
    ) {
        let time = TimeAmount(timeout)
        switch check {
        case .http(let check): HTTPProbe.start(check, on: loop, timeout: time, done)
        case .tcp(let host, let port): TCPProbe.start(host: host, port: port, on: loop, timeout: time, done)
        case .grpc(let host, let port, let service):
            GRPCProbe.start(host: host, port: port, service: service, on: loop, timeout: time, done)
        }
    }
}

extension ProbeLoop {
    /// Sends a GET and waits for any answer, whatever its status.
    ///
    /// A cancelled task stops waiting.
    ///
    /// - Parameters:
    ///   - check: What to get.
    ///   - timeout: For the answer.
    /// - Returns: Why there was none; nil when there was one.
    public func answer(to check: HTTPCheck, timeout: Duration) async -> String? {
        let state = Mutex<HTTPProbe?>(nil)
        return await withTaskCancellationHandler {
            await withCheckedContinuation { continuation in
                let probe = HTTPProbe.start(check, on: loop, timeout: TimeAmount(timeout), takesAnyStatus: true) {
                    switch $0 {
                    case .success, .warning, .error: continuation.resume(returning: nil)
                    case .failure(let why): continuation.resume(returning: why)
                    }
                }
                state.withLock { $0 = probe }
                if Task.isCancelled { probe.cancel() }
            }
        } onCancel: {
            state.withLock { $0 }?.cancel()
        }
    }
}

/// Something that happens later on a ``ProbeLoop``.
public struct ProbeTimer: Sendable {
    private let scheduled: Scheduled<Void>

    init(_ scheduled: Scheduled<Void>) { self.scheduled = scheduled }

    /// It will not happen any more, unless it is happening now.
    public func cancel() { scheduled.cancel() }
}
