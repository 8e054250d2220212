internal import PintleInterfaces
internal import Synchronization

/// One driver call on its way: queued, running, finished, or written off.
///
/// Whoever moves the state from `waiting` or `running` to its end resumes the waiting task, exactly once.
final class CallJob: Sendable {
    typealias Finish = @Sendable (Result<Void, DriverError>) -> Void

    private enum State {
        case waiting
        case running(CallFrame)
        case ended
        case writtenOff
    }

    private struct Fields {
        var state: State = .waiting
        var cancelled = false
        var finish: Finish?
    }

    let instance: DriverInstance
    let operation: Operation
    let object: String?
    /// Nanoseconds of CLOCK_MONOTONIC; 0 means never.
    let deadline: UInt64
    private let body: @Sendable (CallFrame) -> Result<Void, DriverError>
    private let fields = Mutex(Fields())

    init(
        _ instance: DriverInstance, _ operation: Operation, object: String?, deadline: UInt64,
        body: @escaping @Sendable (CallFrame) -> Result<Void, DriverError>
    ) {
        self.instance = instance
        self.operation = operation
        self.object = object
        self.deadline = deadline
        self.body = body
    }

    /// Sets who is told. Call it before the job is submitted.
    func onFinish(_ finish: @escaping Finish) { fields.withLock { $0.finish = finish } }

    /// Runs the call on this thread. False when the thread must end, because the call had been written off.
    func run(on frame: CallFrame) -> Bool {
        let cancelledBefore = fields.withLock { fields in
            if fields.cancelled { return true }
            frame.begin(operation: operation.number, deadline: deadline)
            fields.state = .running(frame)
            return false
        }
        if cancelledBefore {
            end(.failure(instance.error(.cancelled, operation, "the call was cancelled before it began")))
            return true
        }
        let result = body(frame)
        return end(result)
    }

    /// Asks the driver to give up.
    func cancel() {
        let frame: CallFrame? = fields.withLock { fields in
            fields.cancelled = true
            if case .running(let frame) = fields.state { return frame }
            return nil
        }
        frame?.cancel()
    }

    /// The driver did not return in time: the waiting task is told, the thread is lost. False when it just ended.
    func writeOff() -> Bool {
        let finish: Finish?? = fields.withLock { fields in
            guard case .running = fields.state else { return nil }
            fields.state = .writtenOff
            defer { fields.finish = nil }
            return .some(fields.finish)
        }
        guard let finish else { return false }
        finish?(.failure(instance.error(
            .deadline, operation, "the driver did not return within 1 s of its deadline (PD-9); the call is written off")))
        return true
    }

    var isRunning: Bool {
        fields.withLock {
            if case .running = $0.state { return true }
            return false
        }
    }

    @discardableResult
    private func end(_ result: Result<Void, DriverError>) -> Bool {
        let (finish, kept): (Finish?, Bool) = fields.withLock { fields in
            if case .writtenOff = fields.state { return (nil, false) }
            fields.state = .ended
            defer { fields.finish = nil }
            return (fields.finish, true)
        }
        if kept { finish?(result) } else { instance.returnedLate(object) }
        return kept
    }
}
