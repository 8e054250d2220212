internal import CPintleHost
internal import Glibc
internal import PintleInterfaces

/// Tells calls that are late to give up and writes off those that do not return within a second of that.
///
/// One thread for the process; it sleeps until the next deadline. Calls that end within microseconds never meet it; the
/// others take one insertion and one removal each.
final class Watchdog: @unchecked Sendable {
    // `mutex` guards everything below it; the condition variable is never moved.
    private let mutex = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
    private let changed = UnsafeMutablePointer<pthread_cond_t>.allocate(capacity: 1)
    private var jobs: [ObjectIdentifier: Watched] = [:]
    /// When the thread looks again, nanoseconds of CLOCK_MONOTONIC.
    private var next: UInt64 = .max
    private var started = false

    private struct Watched {
        let job: CallJob
        /// When it is written off; nil until it has been told to give up.
        var end: UInt64?
    }

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
        job.willBeWatched()
        pthread_mutex_lock(mutex)
        // Under the lock: `cancel` may be on its way.
        let end = job.givenUpSince.map { $0 + Self.grace }
        let key = ObjectIdentifier(job)
        jobs[key] = Watched(job: job, end: end)
        if job.isEnded { jobs[key] = nil }
        let moment = end ?? (job.deadline == 0 ? .max : job.deadline)
        let sooner = moment < next
        if sooner { next = moment }
        if !started { start() }
        pthread_mutex_unlock(mutex)
        if sooner { pthread_cond_signal(changed) }
    }

    func forget(_ job: CallJob) {
        pthread_mutex_lock(mutex)
        jobs.removeValue(forKey: ObjectIdentifier(job))
        pthread_mutex_unlock(mutex)
    }

    /// The job's task was cancelled: like a late call, it has a second to return.
    func cancel(_ job: CallJob) {
        job.giveUp(.cancelled)
        guard let since = job.givenUpSince else { return }
        pthread_mutex_lock(mutex)
        let key = ObjectIdentifier(job)
        if jobs[key] != nil, jobs[key]?.end == nil { jobs[key]?.end = since + Self.grace }
        let sooner = since + Self.grace < next
        if sooner { next = since + Self.grace }
        pthread_mutex_unlock(mutex)
        if sooner { pthread_cond_signal(changed) }
    }

    private func start() {
        var thread = pthread_t()
        let failed = pthread_create(
            &thread, nil,
            { context in
                guard let context else { return nil }
                pintle_host_name_thread("watchdog")
                Unmanaged<Watchdog>.fromOpaque(context).takeUnretainedValue().run()
            }, Unmanaged.passUnretained(self).toOpaque())
        started = failed == 0
        if started { pthread_detach(thread) }
    }

    private func run() -> Never {
        pthread_mutex_lock(mutex)
        while true {
            let (late, lost) = look(monotonicNanoseconds())
            guard late.isEmpty, lost.isEmpty else {
                pthread_mutex_unlock(mutex)
                for job in late { job.giveUp(.deadline) }
                for job in lost where job.writeOff() { DriverThreads.shared.writtenOff() }
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

    /// Finds the calls that are late and those whose second is over, and when to look again.
    private func look(_ now: UInt64) -> (late: [CallJob], lost: [CallJob]) {
        var late: [CallJob] = []
        var lost: [CallJob] = []
        next = .max
        for (key, watched) in jobs {
            if let end = watched.end {
                if end <= now { lost.append(watched.job) } else { next = min(next, end) }
            } else if watched.job.deadline != 0 {
                if watched.job.deadline <= now {
                    late.append(watched.job)
                    jobs[key]?.end = now + Self.grace
                    next = min(next, now + Self.grace)
                } else {
                    next = min(next, watched.job.deadline)
                }
            }
        }
        for job in lost { jobs[ObjectIdentifier(job)] = nil }
        return (late, lost)
    }
}

/// Nanoseconds of CLOCK_MONOTONIC.
func monotonicNanoseconds() -> UInt64 {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    return UInt64(now.tv_sec) * 1_000_000_000 + UInt64(now.tv_nsec)
}
