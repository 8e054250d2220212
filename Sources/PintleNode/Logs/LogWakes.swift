internal import Dispatch
internal import Glibc
internal import PintleInterfaces
internal import Synchronization

/// Wakes those who follow a container's log: when its folder changes, by inotify(7), and when the container ends.
final class LogWakes: @unchecked Sendable {
    // Unchecked for the source, which is constant after init and may be cancelled from any thread.

    /// What a follower is to do besides reading.
    struct State {
        var hasEnded = false
        /// Events were lost: the runtime must be asked whether the container still runs.
        var isUnsure = false
    }

    /// Yields whenever there may be something new.
    let stream: AsyncStream<Void>
    private let continuation: AsyncStream<Void>.Continuation
    private let state = Mutex(State())
    private let source: any DispatchSourceRead

    /// - Throws: `errno` when the kernel gives no watch.
    init(folder: String) throws(LogWatchFailure) {
        let descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { throw LogWatchFailure(errno: errno) }
        guard inotify_add_watch(descriptor, folder, UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO)) >= 0 else {
            let failure = LogWatchFailure(errno: errno)
            close(descriptor)
            throw failure
        }
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.stream = stream
        self.continuation = continuation
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: DispatchQueue(label: "node.logs"))
        source.setEventHandler {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while read(descriptor, &buffer, buffer.count) > 0 {}
            continuation.yield()
        }
        source.setCancelHandler { close(descriptor) }
        source.resume()
    }

    deinit { source.cancel() }

    /// What is known of the container; asking makes it sure again.
    func take() -> State {
        state.withLock { state in
            defer { state.isUnsure = false }
            return state
        }
    }

    fileprivate func change(_ body: (inout State) -> Void) {
        state.withLock { body(&$0) }
        continuation.yield()
    }

    func end() { change { $0.hasEnded = true } }

    fileprivate func beUnsure() { change { $0.isUnsure = true } }
}

/// Why a folder could not be watched.
struct LogWatchFailure: Error {
    let errno: Int32
}

/// Who follows which container's log.
final class LogFollowers: Sendable {
    private let byContainer = Mutex<[String: [ObjectIdentifier: LogWakes]]>([:])

    func add(_ wakes: LogWakes, container: String) {
        byContainer.withLock { $0[container, default: [:]][ObjectIdentifier(wakes)] = wakes }
    }

    func remove(_ wakes: LogWakes, container: String) {
        byContainer.withLock { all in
            all[container]?[ObjectIdentifier(wakes)] = nil
            if all[container]?.isEmpty == true { all[container] = nil }
        }
    }

    /// Tells followers of an end.
    func observe(_ event: RuntimeEvent) {
        guard event.type == .containerExited || event.type == .containerRemoved else { return }
        let id = event.container?.id ?? event.containerId
        for wakes in byContainer.withLock({ $0[id].map { Array($0.values) } ?? [] }) { wakes.end() }
    }

    /// Events were lost.
    func beUnsure() {
        for wakes in byContainer.withLock({ $0.values.flatMap(\.values) }) { wakes.beUnsure() }
    }
}
