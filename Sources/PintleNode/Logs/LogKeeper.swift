internal import Dispatch
internal import Glibc
internal import PintleInterfaces
internal import Synchronization

/// Looks after the log files of the node's containers: notices rotations, has them compressed, keeps links to them.
///
/// One inotify(7) descriptor for the node, which tells of renamed files only: writing costs nothing here.
final class LogKeeper: @unchecked Sendable {
    // Unchecked for the source, which is constant after init and may be cancelled from any thread.

    private struct State {
        var folders: [Int32: String] = [:]
        var watches: [String: Int32] = [:]
    }

    private let state = Mutex(State())
    private let descriptor: Int32
    private let source: (any DispatchSourceRead)?
    private let queue = DispatchQueue(label: "node.rotations")
    private let compressor: LogCompressor
    let links: LogLinks

    init(logDirectory: String, log: @escaping @Sendable (String) -> Void) {
        compressor = LogCompressor(log: log)
        links = LogLinks(logDirectory: logDirectory)
        descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else {
            source = nil
            log("rotated logs stay uncompressed: inotify: \(String(cString: strerror(errno)))")
            return
        }
        let (descriptor, source) = (
            self.descriptor, DispatchSource.makeReadSource(fileDescriptor: self.descriptor, queue: queue)
        )
        self.source = source
        source.setCancelHandler { close(descriptor) }
        source.setEventHandler { [weak self] in self?.read() }
        source.resume()
    }

    deinit { source?.cancel() }

    /// Takes up containers that exist when the node starts; links of others go.
    func adopt(_ containers: [RuntimeContainerStatus]) {
        let shown = containers.filter { $0.state != .created && !$0.logPath.isEmpty }
        queue.async { [self] in
            links.replaceAll(shown)
            for container in shown { watch(LogFiles.split(container.logPath).folder) }
        }
    }

    /// Takes note of what happened to a container.
    func observe(_ event: RuntimeEvent) {
        guard let container = event.container, !container.logPath.isEmpty else { return }
        switch event.type {
        case .containerStarted:
            queue.async { [self] in
                links.add(container)
                watch(LogFiles.split(container.logPath).folder)
            }
        case .containerRemoved: queue.async { [self] in links.remove(container) }
        default: break
        }
    }

    private func watch(_ folder: String) {
        guard descriptor >= 0, state.withLock({ $0.watches[folder] == nil }) else { return }
        let watch = inotify_add_watch(descriptor, folder, UInt32(IN_MOVED_TO | IN_ONLYDIR))
        guard watch >= 0 else { return }
        state.withLock { state in
            state.folders[watch] = folder
            state.watches[folder] = watch
        }
        // What was rotated before anybody looked.
        compressor.look(folder)
    }

    private func read() {
        var buffer = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = Glibc.read(descriptor, &buffer, buffer.count)
            guard count > 0 else { return }
            buffer.withUnsafeBytes { bytes in
                var at = 0
                while at + MemoryLayout<inotify_event>.size <= count {
                    let event = bytes.loadUnaligned(fromByteOffset: at, as: inotify_event.self)
                    let start = at + MemoryLayout<inotify_event>.size
                    let name = bytes[start..<min(count, start + Int(event.len))].prefix { $0 != 0 }
                    heard(event, String(decoding: name, as: UTF8.self))
                    at = start + Int(event.len)
                }
            }
        }
    }

    private func heard(_ event: inotify_event, _ name: String) {
        if event.mask & UInt32(IN_IGNORED) != 0 {
            // The folder is gone.
            state.withLock { state in
                guard let folder = state.folders.removeValue(forKey: event.wd) else { return }
                state.watches[folder] = nil
            }
            return
        }
        // Our own renaming is no rotation.
        guard !name.hasSuffix(LogFiles.compressed), let folder = state.withLock({ $0.folders[event.wd] }) else {
            return
        }
        compressor.look(folder)
    }
}
