internal import CPintleHost
internal import Glibc
internal import Synchronization

/// Cancels calls that are late and writes off those that do not return within a second of that.
///
/// One thread for the process; it sleeps until the next deadline and takes no part in calls that end in time, but for
/// one insertion and one removal each.
final class Watchdog: @unchecked Sendable {
    // `mutex` guards `jobs` and `next`; the condition variable is never moved.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [ObjectIdentifier: CallJob] = [:]
    private var next: UInt64 = .max
    private var started = false

    static let shared = Watchdog()
    static let grace: UInt64 = 1_000_000_000

    private init() {
        pthread_mutex_init(mutex, nil)
        var attributes = pthread_condattr_t()
        pthread_condattr_init(&attributes)
        pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
        pthread_cond_init(changed, &attributes)
    }

    func watch(_ job: CallJob) {
        pthread_mutex_lock(mutex)
        jobs[ObjectIdentifier(job)] = job
        let sooner = job.deadline != 0 && job.deadline < next
        if !started { start() }
        pthread_mutex_unlock(mutex)
        if sooner { pthread_cond_signal(changed) }
    }

    func forget(_ job: CallJob) {
        pthread_mutex_lock(mutex)
        jobs.removeValue(forKey: ObjectIdentifier(job))
        pthread_mutex_unlock(mutex)
    }

    /// A cancelled call has a second to return, like a late one.
    func cancelled(_ job: CallJob) {
        job.cancel()
        pthread_mutex_lock(mutex)
        let key = ObjectIdentifier(job)
        if jobs[key] != nil, overdue[key] == nil { overdue[key] = monotonicNanoseconds() + Self.grace }
        pthread_mutex_unlock(mutex)
        pthread_cond_signal(changed)
    }

    private var overdue: [ObjectIdentifier: UInt64] = [:]

    private func start() {
        started = true
        var thread = pthread_t()
        let failed = pthread_create(&thread, nil, { context in
            guard let context else { return nil }
            pintle_host_name_thread("watchdog")
            Unmanaged<Watchdog>.fromOpaque(context).takeUnretainedValue().run()
            return nil
        }, Unmanaged.passUnretained(self).toOpaque())
        if failed == 0 { pthread_detach(thread) } else { started = false }
    }

    private func run() {
        pthread_mutex_lock(mutex)
        while true {
            let now = monotonicNanoseconds()
            var late: [CallJob] = []
            var lost: [CallJob] = []
            next = .max
            overdue = overdue.filter { jobs[$0.key] != nil }
            for (key, job) in jobs {
                if let end = overdue[key] {
                    if end <= now { lost.append(job) } else { next = min(next, end) }
                } else if job.deadline != 0 {
                    if job.deadline <= now {
                        late.append(job)
                        overdue[key] = now + Self.grace
                        next = min(next, now + Self.grace)
                    } else {
                        next = min(next, job.deadline)
                    }
                }
            }
            for job in lost { jobs.removeValue(forKey: ObjectIdentifier(job)) }
            if !late.isEmpty || !lost.isEmpty {
                pthread_mutex_unlock(mutex)
                for job in late { job.cancel() }
                for job in lost where job.writeOff() {
                    job.instance.wroteOff(job)
                    DriverThreads.shared.writtenOff()
                }
                pthread_mutex_lock(mutex)
                continue
            }
            if next == .max {
                pthread_cond_wait(changed, mutex)
            } else {
                var until = timespec(tv_sec: Int(next / 1_000_000_000), tv_nsec: Int(next % 1_000_000_000))
                pthread_cond_timedwait(changed, mutex, &until)
            }
        }
    }
}

/// Nanoseconds of CLOCK_MONOTONIC.
func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
