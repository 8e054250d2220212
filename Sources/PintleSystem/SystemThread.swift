internal import CPintleSystem
import Glibc

/// A thread of our own, for work that blocks.
package final class SystemThread: @unchecked Sendable {
    // `handle` is written once, before the initialiser returns, and read by `join` only.
    private var handle: pthread_t = 0

    private final class Work {
        let name: String
        let body: @Sendable () -> Void
        init(_ name: String, _ body: @escaping @Sendable () -> Void) {
            self.name = name
            self.body = body
        }
    }

    /// Starts a thread with all signals blocked, so that the process' handlers run elsewhere.
    ///
    /// The first 15 bytes of the name are shown by `ps -L`.
    package init(_ name: String, _ body: @escaping @Sendable () -> Void) throws(SystemError) {
        let work = Unmanaged.passRetained(Work(name, body))
        var all = sigset_t()
        var before = sigset_t()
        sigfillset(&all)
        pthread_sigmask(SIG_BLOCK, &all, &before)
        let error = pthread_create(
            &handle, nil,
            { context in
                guard let context else { return nil }
                let work = Unmanaged<Work>.fromOpaque(context).takeRetainedValue()
                pintle_thread_name(work.name)
                work.body()
                return nil
            }, work.toOpaque())
        pthread_sigmask(SIG_SETMASK, &before, nil)
        guard error == 0 else {
            work.release()
            throw SystemError("pthread_create", name, errno: error)
        }
    }

    /// Waits for the thread's end.
    ///
    /// Call it once.
    package func join() { pthread_join(handle, nil) }
}
