internal import Glibc

/// Runs blocking work on a thread of its own, away from Swift's cooperative pool.
func onOwnThread<R: Sendable>(_ body: @escaping @Sendable () throws -> R) async throws -> R {
    let result: Result<R, any Error> = await withCheckedContinuation { continuation in
        let work = ThreadWork { continuation.resume(returning: Result { try body() }) }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(work).toOpaque()
        let failed = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<ThreadWork>.fromOpaque(context).takeRetainedValue().body() }
                return nil
            }, context)
        if failed == 0 {
            pthread_detach(thread)
        } else {
            Unmanaged<ThreadWork>.fromOpaque(context).release()
            continuation.resume(
                returning: .failure(Failure("no thread could be made: \(String(cString: strerror(failed)))")))
        }
    }
    return try result.get()
}

private final class ThreadWork: Sendable {
    let body: @Sendable () -> Void
    init(_ body: @escaping @Sendable () -> Void) { self.body = body }
}
