internal import Dispatch
internal import Glibc

/// Tells when something in a folder changes: inotify.
enum FolderWatch {
    /// Fires after changes; ends at once when the folder can't be watched, and when it is gone.
    static func stream(_ path: String) -> AsyncStream<Void> {
        AsyncStream(bufferingPolicy: .bufferingNewest(1)) { continuation in
            let descriptor = inotify_init1(Int32(IN_CLOEXEC) | Int32(IN_NONBLOCK))
            let events =
                UInt32(IN_CLOSE_WRITE) | UInt32(IN_MOVED_TO) | UInt32(IN_MOVED_FROM) | UInt32(IN_DELETE)
                | UInt32(IN_ATTRIB) | UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF)
            guard descriptor >= 0, inotify_add_watch(descriptor, path, events) >= 0 else {
                if descriptor >= 0 { close(descriptor) }
                return continuation.finish()
            }
            let source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: .global())
            let ended = UInt32(IN_DELETE_SELF) | UInt32(IN_MOVE_SELF) | UInt32(IN_IGNORED)
            source.setEventHandler {
                // The names do not matter: the folder is read anew.
                var buffer = [UInt8](repeating: 0, count: 4096)
                var isGone = false
                while true {
                    let count = read(descriptor, &buffer, buffer.count)
                    guard count >= 16 else { break }
                    // struct inotify_event: wd, mask, cookie, len, name of `len` bytes
                    var offset = 0
                    while offset + 16 <= count {
                        let mask = buffer.withUnsafeBytes {
                            $0.loadUnaligned(fromByteOffset: offset + 4, as: UInt32.self)
                        }
                        let name = buffer.withUnsafeBytes {
                            $0.loadUnaligned(fromByteOffset: offset + 12, as: UInt32.self)
                        }
                        if mask & ended != 0 { isGone = true }
                        offset += 16 + Int(name)
                    }
                }
                continuation.yield()
                if isGone { continuation.finish() }
            }
            source.setCancelHandler { close(descriptor) }
            let owner = Owner(source)
            continuation.onTermination = { _ in owner.source.cancel() }
            source.resume()
        }
    }

    /// Lets the stream's end cancel the source.
    ///
    /// The source is never changed after it was resumed, and Dispatch allows cancelling from any thread.
    private final class Owner: @unchecked Sendable {
        let source: any DispatchSourceRead
        init(_ source: any DispatchSourceRead) { self.source = source }
    }
}
