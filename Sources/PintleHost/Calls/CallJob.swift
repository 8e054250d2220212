internal import PintleInterfaces
internal import Synchronization

/// Whom a job belongs to: an open instance, or a plugin that is being opened.
protocol CallOwner: AnyObject, Sendable {
    /// An error of the operation.
    func error(_ code: DriverError.Code, _ operation: Operation, reason: String, _ message: String) -> DriverError
    /// The error for a call whose object is stuck.
    func stuck(_ operation: Operation, _ object: String) -> DriverError
    /// Lets the job run, now or when its object's turn comes, or refuses it.
    func admit(_ job: CallJob)
    /// The job ran, or ended before it could; its object is free.
    func left(_ object: String?)
    /// The job's call did not return in time. Called with the job's lock held; answers the jobs to refuse.
    func wroteOff(_ job: CallJob) -> [CallJob]
    /// A call that was written off has returned.
    func returnedLate(_ object: String?)
}

/// One driver call on its way: waiting for its object or a thread, running, ended, or written off.
///
/// Whoever moves the state from `waiting` or `running` to its end hands out the result, exactly once.
final class CallJob: Sendable {
    typealias Outcome = Result<Void, DriverError>

    private enum State {
        case waiting
        case running(CallFrame)
        case ended
        case writtenOff
    }

    private struct Fields {
        var state: State = .waiting
        /// Why the call was told to give up, and since when.
        var givenUp: (code: DriverError.Code, time: UInt64)?
        var outcome: Outcome?
        var finish: (@Sendable (Outcome) -> Void)?
    }

    let owner: any CallOwner
    let operation: Operation
    let object: String?
    /// Nanoseconds of CLOCK_MONOTONIC; 0 means never.
    let deadline: UInt64
    private let body: @Sendable (CallFrame) -> Outcome
    private let fields = Mutex(Fields())
    private let hasEnded = Atomic<Bool>(false)
    private let isWatched = Atomic<Bool>(false)

    init(
        _ owner: any CallOwner, _ operation: Operation, object: String?, deadline: UInt64,
        body: @escaping @Sendable (CallFrame) -> Outcome
    ) {
        self.owner = owner
        self.operation = operation
        self.object = object
        self.deadline = deadline
        self.body = body
    }

    /// Whether there is a result.
    ///
    /// Lock-free.
    var isEnded: Bool { hasEnded.load(ordering: .sequentiallyConsistent) }

    /// Since when the call has been told to give up; nil when it has not.
    var givenUpSince: UInt64? { fields.withLock { $0.givenUp?.time } }

    /// The result, once ``isEnded``.
    var outcome: Outcome? { fields.withLock { $0.outcome } }

    /// Calls `finish` with the result, at once when there is one.
    ///
    /// At most one caller.
    func whenEnded(_ finish: @escaping @Sendable (Outcome) -> Void) {
        let outcome: Outcome? = fields.withLock { fields in
            if fields.outcome == nil { fields.finish = finish }
            return fields.outcome
        }
        if let outcome { finish(outcome) }
    }

    /// Runs the call on this thread.
    ///
    /// False when the thread must end, because the call had been written off.
    func run(on frame: CallFrame) -> Bool {
        let starts = fields.withLock { fields in
            guard case .waiting = fields.state else { return false }
            frame.begin(operation: operation.number, deadline: deadline)
            fields.state = .running(frame)
            return true
        }
        guard starts else {
            owner.left(object)
            return true
        }
        let outcome = body(frame)
        let returned = fields.withLock { fields in
            guard case .running = fields.state else { return false }
            // From here on `cancel` leaves the frame alone: its next call is another one.
            fields.state = .ended
            return true
        }
        guard returned else {
            owner.returnedLate(object)
            return false
        }
        owner.left(object)
        publish(outcome)
        return true
    }

    /// Tells the call to give up.
    ///
    /// One that has not begun ends at once; a running one has a second to return.
    func giveUp(_ code: DriverError.Code) {
        let ended = fields.withLock { fields in
            switch fields.state {
            case .waiting:
                fields.state = .ended
                return true
            case .running(let frame):
                if fields.givenUp == nil { fields.givenUp = (code, monotonicNanoseconds()) }
                frame.cancel()
                return false
            case .ended, .writtenOff: return false
            }
        }
        guard ended else { return }
        let why = code == .deadline ? "its deadline passed" : "the call was cancelled"
        publish(.failure(owner.error(code, operation, reason: "", "\(why) before it began")))
    }

    /// Ends a call that has not begun.
    func refuse(_ error: DriverError) {
        let ended = fields.withLock { fields in
            guard case .waiting = fields.state else { return false }
            fields.state = .ended
            return true
        }
        if ended { publish(.failure(error)) }
    }

    /// The driver did not return in time: the waiting task is told, the thread is lost.
    ///
    /// False when it just ended.
    func writeOff() -> Bool {
        let (code, refused): (DriverError.Code?, [CallJob]) = fields.withLock { fields in
            guard case .running = fields.state else { return (nil, []) }
            fields.state = .writtenOff
            // Before anyone can see the call return late, so that the two are counted in order.
            return (fields.givenUp?.code ?? .deadline, owner.wroteOff(self))
        }
        guard let code else { return false }
        for job in refused { job.refuse(owner.stuck(job.operation, object ?? "")) }
        let since = code == .deadline ? "its deadline" : "being cancelled"
        let message = "the driver did not return within 1 s of \(since) (PD-9); the call is written off"
        publish(.failure(owner.error(code, operation, reason: "CallStuck", message)))
        return true
    }

    private func publish(_ outcome: Outcome) {
        let finish = fields.withLock { fields in
            fields.outcome = outcome
            defer { fields.finish = nil }
            return fields.finish
        }
        hasEnded.store(true, ordering: .sequentiallyConsistent)
        if isWatched.load(ordering: .sequentiallyConsistent) { Watchdog.shared.forget(self) }
        finish?(outcome)
    }

    /// Says that the watchdog is about to look after the job.
    ///
    /// It must look at ``isEnded`` afterwards.
    func willBeWatched() { isWatched.store(true, ordering: .sequentiallyConsistent) }
}
