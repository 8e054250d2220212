internal import Glibc

/// The kernel's word that memory gets short: a trigger on /proc/pressure/memory, where it has one.
///
/// One thread sleeps in poll(2) as long as the stream is read; nothing runs while memory suffices.
enum MemoryPressureTrigger {
    /// Fires when tasks waited for memory for 150 ms within a second; ends at once where the kernel has no such trigger.
    static func stream() -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let file = open("/proc/pressure/memory", O_RDWR | O_NONBLOCK | O_CLOEXEC)
            let text = Array("some 150000 1000000\0".utf8)
            var ends: [Int32] = [-1, -1]
            guard file >= 0, Glibc.write(file, text, text.count) == text.count, pipe(&ends) == 0 else {
                if file >= 0 { close(file) }
                return continuation.finish()
            }
            for descriptor in ends { _ = fcntl(descriptor, F_SETFD, FD_CLOEXEC) }
            let work = Work(file: file, stop: ends[0], fire: { continuation.yield() }, end: { continuation.finish() })
            var thread = pthread_t()
            let context = Unmanaged.passRetained(work).toOpaque()
            let failed = pthread_create(
                &thread, nil,
                { context in
                    if let context { Unmanaged<Work>.fromOpaque(context).takeRetainedValue().run() }
                    return nil
                }, context)
            guard failed == 0 else {
                Unmanaged<Work>.fromOpaque(context).release()
                for descriptor in [file, ends[0], ends[1]] { close(descriptor) }
                return continuation.finish()
            }
            pthread_detach(thread)
            let end = ends[1]
            // Closing the writing end wakes the thread, which closes the rest.
            continuation.onTermination = { _ in close(end) }
        }
    }

    private final class Work: Sendable {
        let file: Int32
        let stop: Int32
        let fire: @Sendable () -> Void
        let end: @Sendable () -> Void

        init(file: Int32, stop: Int32, fire: @escaping @Sendable () -> Void, end: @escaping @Sendable () -> Void) {
            self.file = file
            self.stop = stop
            self.fire = fire
            self.end = end
        }

        func run() {
            var list = [
                pollfd(fd: file, events: Int16(POLLPRI), revents: 0),
                pollfd(fd: stop, events: Int16(POLLIN), revents: 0),
            ]
            while poll(&list, 2, -1) >= 0 || errno == EINTR {
                if list[1].revents != 0 || list[0].revents & Int16(POLLERR) != 0 { break }
                if list[0].revents & Int16(POLLPRI) != 0 { fire() }
            }
            close(file)
            close(stop)
            end()
        }
    }
}
