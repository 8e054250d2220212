internal import CPintleHost
internal import Glibc
internal import PintleInterfaces

/// Waiting for a job's end, from a task or from a thread.
extension CallJob {
    /// How long a task's thread looks out for the result before the task is suspended, which costs more than that.
    private static let lookout: UInt64 = 3_000

    /// Starts the job and waits for it.
    ///
    /// The task's cancellation cancels the call.
    func value() async throws(DriverError) {
        let outcome: Outcome = await withTaskCancellationHandler {
            if Task.isCancelled { self.giveUp(.cancelled) }
            self.start()
            return await withCheckedContinuation { continuation in
                self.whenEnded { continuation.resume(returning: $0) }
            }
        } onCancel: {
            Watchdog.shared.cancel(self)
        }
        try outcome.get()
    }

    /// Starts the job and blocks this thread until it ends.
    func wait() throws(DriverError) {
        let gate = ThreadGate()
        start()
        whenEnded { _ in gate.open() }
        gate.wait()
        guard let outcome else { return }
        try outcome.get()
    }

    private func start() {
        owner.admit(self)
        let end = monotonicNanoseconds() + Self.lookout
        while !isEnded {
            guard monotonicNanoseconds() < end else { return Watchdog.shared.watch(self) }
            pintle_host_pause()
        }
    }
}

/// Lets one thread wait for another.
private final class ThreadGate: @unchecked Sendable {
    // The semaphore is never moved and is made for use by several threads.
    private let semaphore = UnsafeMutablePointer<sem_t>.allocate(capacity: 1)

    init() { sem_init(semaphore, 0, 0) }

    deinit {
        sem_destroy(semaphore)
        semaphore.deallocate()
    }

    func open() { sem_post(semaphore) }

    func wait() { while sem_wait(semaphore) != 0 {} }
}
