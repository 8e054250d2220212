internal import CPintleHost
internal import Glibc
internal import Synchronization

/// The host's own threads, on which drivers are called; never Swift's cooperative pool.
///
/// Threads are made when a call finds none idle and end after `idleSeconds` without work. A thread whose call was
/// written off is not counted any more and ends when the call returns, if ever. A thread that has just become idle looks
/// out for the next call for some microseconds before it sleeps, since waking it costs more; one thread at a time does.
final class DriverThreads: @unchecked Sendable {
    // `mutex` guards everything below it but `queued`; `arrived` and the pthread objects are never moved.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let arrived = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var queue: [CallJob?] = []
    private var head = 0
    private var idle = 0
    private var live = 0
    private var isLookingOut = false
    private let queued = Atomic<Int>(0)
    private let most: Int
    private let idleSeconds = 10
    private static let lookout: UInt64 = 20_000

    /// The process's pool.
    ///
    /// Waiting calls queue when `most` run.
    static let shared = DriverThreads(most: 1024)

    init(most: Int) {
        self.most = most
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(arrived, &attributes)
    }

    func submit(_ job: CallJob) {
        pthread_mutex_lock(mutex)
        queue.append(job)
        let waiting = queue.count - head
        queued.store(waiting, ordering: .releasing)
        let awake = isLookingOut ? 1 : 0
        let grow = idle + awake < waiting && live < most
        if grow { live += 1 }
        let signal = waiting > awake && idle > 0
        pthread_mutex_unlock(mutex)
        if signal { pthread_cond_signal(arrived) }
        if grow { spawn() }
    }

    /// A call on this pool is stuck: its thread does not count any more.
    func writtenOff() {
        pthread_mutex_lock(mutex)
        live -= 1
        let grow = queue.count - head > idle && live < most
        if grow { live += 1 }
        pthread_mutex_unlock(mutex)
        if grow { spawn() }
    }

    private func spawn() {
        var thread = pthread_t()
        var attributes = pthread_attr_t()
        pthread_attr_init(&attributes)
        pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED))
        pthread_attr_setstacksize(&attributes, 512 << 10)
        let context = Unmanaged.passRetained(self).toOpaque()
        let failed = pthread_create(
            &thread, &attributes,
            { context in
                guard let context else { return nil }
                pintle_host_name_thread("driver")
                Unmanaged<DriverThreads>.fromOpaque(context).takeRetainedValue().run()
                return nil
            }, context)
        pthread_attr_destroy(&attributes)
        guard failed != 0 else { return }
        Unmanaged<DriverThreads>.fromOpaque(context).release()
        pthread_mutex_lock(mutex)
        live -= 1
        pthread_mutex_unlock(mutex)
    }

    private func run() {
        while let job = take() {
            guard CallFrame.withFrame(quick: false, { job.run(on: $0) }) else { return }
        }
    }

    private func take() -> CallJob? {
        pthread_mutex_lock(mutex)
        defer { pthread_mutex_unlock(mutex) }
        if head == queue.count, !isLookingOut {
            isLookingOut = true
            pthread_mutex_unlock(mutex)
            let end = monotonicNanoseconds() + Self.lookout
            while queued.load(ordering: .acquiring) == 0, monotonicNanoseconds() < end { pintle_host_pause() }
            pthread_mutex_lock(mutex)
            isLookingOut = false
        }
        var until = timespec()
        clock_gettime(CLOCK_MONOTONIC, &until)
        until.tv_sec += idleSeconds
        while head == queue.count {
            idle += 1
            let result = pthread_cond_timedwait(arrived, mutex, &until)
            idle -= 1
            if result == ETIMEDOUT, head == queue.count {
                live -= 1
                return nil
            }
        }
        return pop()
    }

    private func pop() -> CallJob? {
        let job = queue[head]
        queue[head] = nil
        head += 1
        if head == queue.count {
            queue.removeAll(keepingCapacity: true)
            head = 0
        } else if head > 256 {
            queue.removeFirst(head)
            head = 0
        }
        queued.store(queue.count - head, ordering: .releasing)
        return job
    }
}
