internal import CZlib
internal import Glibc
internal import Synchronization

/// Compresses rotated logs, one at a time, on a thread of low priority that is there only while there is work.
///
/// The newest rotated file stays as it is until the next rotation, as with kubelet: whoever reads along has the time to
/// come to its end. A file is complete and on the disk before it has its name, and only then the original goes.
final class LogCompressor: Sendable {
    private struct State {
        var folders: [String] = []
        var isRunning = false
    }

    private let state = Mutex(State())
    private let log: @Sendable (String) -> Void

    init(log: @escaping @Sendable (String) -> Void) { self.log = log }

    /// Looks for something to compress in a folder, soon.
    func look(_ folder: String) {
        let starts = state.withLock { state in
            if !state.folders.contains(folder) { state.folders.append(folder) }
            defer { state.isRunning = true }
            return !state.isRunning
        }
        guard starts else { return }
        var thread = pthread_t()
        let context = Unmanaged.passRetained(self).toOpaque()
        let failed = pthread_create(
            &thread, nil,
            { context in
                if let context { Unmanaged<LogCompressor>.fromOpaque(context).takeRetainedValue().work() }
                return nil
            }, context)
        if failed == 0 {
            pthread_detach(thread)
        } else {
            Unmanaged<LogCompressor>.fromOpaque(context).release()
            // The next rotation tries again.
            state.withLock { $0 = State() }
        }
    }

    private func work() {
        // Of this thread alone: Linux counts priorities by thread.
        setpriority(__priority_which_t(PRIO_PROCESS.rawValue), 0, 19)
        while let folder = next() { compress(folder) }
    }

    private func next() -> String? {
        state.withLock { state in
            guard !state.folders.isEmpty else {
                state.isRunning = false
                return nil
            }
            return state.folders.removeFirst()
        }
    }

    private func compress(_ folder: String) {
        for name in Self.pending(PodLogFolder.names(folder), removing: { unlink("\(folder)/\($0)") }) {
            do throws(GzipFailure) { try Gzip.compress(folder: folder, name: name) } catch {
                log("compressing \(folder)/\(name): \(error.step): \(String(cString: strerror(error.errno)))")
            }
        }
    }

    /// Which of a folder's files are to be compressed, oldest first.
    ///
    /// `removing` is told of what an earlier run left unfinished.
    static func pending(_ names: [String], removing: (String) -> Void) -> [String] {
        var byLog: [String: [String]] = [:]
        for name in names {
            if name.hasPrefix("."), name.hasSuffix(LogFiles.temporary) {
                removing(name)
            } else if let range = name.firstRange(of: ".log.") {
                byLog[String(name[..<range.upperBound]), default: []].append(name)
            }
        }
        return byLog.values.flatMap { rotated in
            let newest = rotated.map(LogFiles.stem).max()
            return rotated.filter { !$0.hasSuffix(LogFiles.compressed) && $0 != newest }.sorted()
        }.sorted()
    }
}

/// Why a file could not be compressed.
struct GzipFailure: Error {
    let step: String
    let errno: Int32
}

/// Makes `NAME.gz` of `NAME`.
///
/// Blocks.
enum Gzip {
    /// Does nothing when the file is gone, also when it goes meanwhile.
    static func compress(folder: String, name: String) throws(GzipFailure) {
        let path = "\(folder)/\(name)"
        let input = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard input >= 0 else { return }
        defer { close(input) }
        var status = stat()
        guard fstat(input, &status) == 0, status.st_mode & S_IFMT == S_IFREG else { return }
        let temporary = "\(folder)/.\(name)\(LogFiles.temporary)"
        let output = open(temporary, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, status.st_mode & 0o777)
        guard output >= 0 else { throw GzipFailure(step: "open", errno: errno) }
        defer { close(output) }
        do throws(GzipFailure) {
            guard try deflate(input, output) else {
                unlink(temporary)
                return
            }
            var times = [status.st_atim, status.st_mtim]
            fchown(output, status.st_uid, status.st_gid)
            guard futimens(output, &times) == 0, fdatasync(output) == 0 else {
                throw GzipFailure(step: "sync", errno: errno)
            }
            guard rename(temporary, path + LogFiles.compressed) == 0 else {
                throw GzipFailure(step: "rename", errno: errno)
            }
        } catch {
            unlink(temporary)
            throw error
        }
        unlink(path)
    }

    private static let chunk = 256 * 1024

    /// False when the original was removed meanwhile.
    private static func deflate(_ input: Int32, _ output: Int32) throws(GzipFailure) -> Bool {
        var stream = z_stream()
        guard
            deflateInit2_(
                &stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED, 16 + 15, 8, Z_DEFAULT_STRATEGY, ZLIB_VERSION,
                Int32(MemoryLayout<z_stream>.size)) == Z_OK
        else { throw GzipFailure(step: "zlib", errno: ENOMEM) }
        // zlib keeps the address of its state, so it stays in one place from here on.
        return try withUnsafeMutablePointer(to: &stream) { (stream) throws(GzipFailure) -> Bool in
            defer { deflateEnd(stream) }
            var bytes = [UInt8](repeating: 0, count: chunk)
            var compressed = [UInt8](repeating: 0, count: chunk)
            while true {
                let count = read(input, &bytes, bytes.count)
                guard count >= 0 else { throw GzipFailure(step: "read", errno: errno) }
                var status = stat()
                if fstat(input, &status) == 0, status.st_nlink == 0 { return false }
                try feed(stream, &bytes, count, &compressed, output)
                if count == 0 { return true }
            }
        }
    }

    /// Passes bytes through zlib; none are the end.
    private static func feed(
        _ stream: UnsafeMutablePointer<z_stream>, _ bytes: inout [UInt8], _ count: Int, _ compressed: inout [UInt8],
        _ output: Int32
    ) throws(GzipFailure) {
        var failure: Int32 = 0
        bytes.withUnsafeMutableBufferPointer { input in
            compressed.withUnsafeMutableBufferPointer { out in
                stream.pointee.next_in = input.baseAddress
                stream.pointee.avail_in = UInt32(count)
                repeat {
                    stream.pointee.next_out = out.baseAddress
                    stream.pointee.avail_out = UInt32(out.count)
                    _ = CZlib.deflate(stream, count == 0 ? Z_FINISH : Z_NO_FLUSH)
                    failure = writeAll(output, out, out.count - Int(stream.pointee.avail_out))
                } while failure == 0 && stream.pointee.avail_out == 0
            }
        }
        if failure != 0 { throw GzipFailure(step: "write", errno: failure) }
    }

    private static func writeAll(_ output: Int32, _ bytes: UnsafeMutableBufferPointer<UInt8>, _ count: Int) -> Int32 {
        var done = 0
        while done < count, let base = bytes.baseAddress {
            let written = write(output, base + done, count - done)
            if written < 0, errno == EINTR { continue }
            guard written > 0 else { return written == 0 ? ENOSPC : errno }
            done += written
        }
        return 0
    }
}
