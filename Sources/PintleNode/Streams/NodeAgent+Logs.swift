internal import Dispatch
internal import Glibc
public import PintleClient
internal import PintleInterfaces
public import PintleObjects

extension NodeAgent {
    /// Copies a container's log to a client, rotated files included; see ``PodStreams``.
    public func logs(
        _ target: ContainerTarget, _ options: LogOptions, write: @Sendable ([UInt8]) async throws -> Void
    ) async throws(StatusError) {
        let all = try await containers(target)
        let container: RuntimeContainerStatus
        if options.previous {
            guard all.count > 1 else {
                throw StatusError.badRequest(
                    "previous terminated container \"\(target.container)\" in pod \"\(target.pod)\" not found")
            }
            container = all[1]
        } else {
            guard let current = all.first(where: { $0.state != .created }) else {
                throw StatusError.badRequest(
                    "container \"\(target.container)\" in pod \"\(target.pod)\" is waiting to start: ContainerCreating")
            }
            container = current
        }
        var reader = LogReader(container.logPath, options)
        do {
            if try await reader.copyExisting(write) { return }
            guard options.follow, container.state == .running else { return }
            try await reader.follow(write) { [context] in
                var request = RuntimeStatusRequest()
                request.id = container.id
                return (try? await context.runtime.containerStatus(request))?.state == .running
            }
        } catch {
            // The client is gone.
        }
    }
}

/// Copies a log to a client.
struct LogReader {
    private let path: String
    private let timestamps: Bool
    private let since: Int64
    private let tail: Int?
    private var left: Int?
    private var carry: [UInt8] = []
    private var offset = 0
    private var inode: UInt = 0

    init(_ path: String, _ options: LogOptions) {
        self.path = path
        timestamps = options.timestamps
        since =
            options.sinceTime ?? options.sinceSeconds.map { Timestamp.now.nanoseconds - Int64($0) * 1_000_000_000 }
            ?? .min
        tail = options.tailLines
        left = options.limitBytes
    }

    /// Writes what is there.
    ///
    /// True when the byte limit is reached.
    mutating func copyExisting(_ write: @Sendable ([UInt8]) async throws -> Void) async throws -> Bool {
        let path = self.path, tail = self.tail
        let parts: [(String, Int)] = await BlockingWork.run {
            var parts: [(String, Int)] = []
            var wanted = tail ?? Int.max
            for file in LogFiles.paths(path).reversed() {
                if wanted <= 0 {
                    parts.append((file, Int.max))
                    continue
                }
                guard tail != nil else {
                    parts.append((file, 0))
                    continue
                }
                let (offset, found) = LogFiles.tail(file, lines: wanted)
                parts.append((file, offset))
                wanted -= found
            }
            return parts.reversed()
        }
        for (file, from) in parts {
            let isCurrent = file == path
            if from == Int.max, !isCurrent { continue }
            if try await copy(file, from: from, isCurrent: isCurrent, write) { return true }
        }
        return false
    }

    private mutating func copy(
        _ file: String, from: Int, isCurrent: Bool, _ write: @Sendable ([UInt8]) async throws -> Void
    ) async throws -> Bool {
        let descriptor = open(file, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        defer { close(descriptor) }
        var position = from
        if from == Int.max { position = Int(lseek(descriptor, 0, SEEK_END)) }
        if isCurrent { inode = Self.inode(descriptor) }
        while true {
            let at = position
            let bytes = await BlockingWork.run { LogFiles.read(descriptor, at: at) }
            if bytes.isEmpty { break }
            position += bytes.count
            if try await send(bytes, write) { return true }
        }
        if isCurrent { offset = position }
        return false
    }

    /// Goes on until the container has ended, the client leaves, or the byte limit is reached.
    mutating func follow(
        _ write: @Sendable ([UInt8]) async throws -> Void, isRunning: @Sendable () async -> Bool
    ) async throws {
        guard let changes = FileChanges(path) else { return }
        defer { changes.cancel() }
        for await _ in changes.stream {
            // What was written before the container ended is read after that was seen.
            let running = await isRunning()
            if try await copyNew(write) || !running { return }
        }
    }

    private mutating func copyNew(_ write: @Sendable ([UInt8]) async throws -> Void) async throws -> Bool {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return false }
        let now = Self.inode(descriptor)
        close(descriptor)
        if now != inode {
            // Rotated: the rest of the old file first.
            for file in LogFiles.paths(path).dropLast().reversed() {
                let old = open(file, O_RDONLY | O_CLOEXEC)
                guard old >= 0 else { continue }
                let same = Self.inode(old) == inode
                close(old)
                if same {
                    if try await copy(file, from: offset, isCurrent: false, write) { return true }
                    break
                }
            }
            offset = 0
        }
        return try await copy(path, from: offset, isCurrent: true, write)
    }

    private mutating func send(_ bytes: [UInt8], _ write: @Sendable ([UInt8]) async throws -> Void) async throws -> Bool
    {
        carry += bytes
        var out: [UInt8] = []
        var start = carry.startIndex
        while let end = carry[start...].firstIndex(of: 10) {
            if let line = LogLine(carry[start..<end]), line.time >= since {
                out += line.rendered(timestamps: timestamps)
            }
            start = end + 1
        }
        carry.removeSubrange(..<start)
        if let limit = left {
            if out.count >= limit {
                if limit > 0 { try await write(Array(out[..<limit])) }
                left = 0
                return true
            }
            left = limit - out.count
        }
        if !out.isEmpty { try await write(out) }
        return false
    }

    private static func inode(_ descriptor: Int32) -> UInt {
        var status = stat()
        return fstat(descriptor, &status) == 0 ? UInt(status.st_ino) : 0
    }
}

/// Tells when a file's folder changes, by inotify(7).
///
/// At least once a second while somebody follows, so that the end of a container that writes nothing is seen.
private final class FileChanges: @unchecked Sendable {
    // Dispatch sources may be cancelled from any thread; both are constant after init.

    let stream: AsyncStream<Void>
    private let source: any DispatchSourceRead
    private let timer: any DispatchSourceTimer

    init?(_ path: String) {
        guard let slash = path.lastIndex(of: "/") else { return nil }
        let descriptor = inotify_init1(Int32(IN_CLOEXEC | IN_NONBLOCK))
        guard descriptor >= 0 else { return nil }
        guard inotify_add_watch(descriptor, String(path[..<slash]), UInt32(IN_MODIFY | IN_CREATE | IN_MOVED_TO)) >= 0
        else {
            close(descriptor)
            return nil
        }
        let (stream, continuation) = AsyncStream<Void>.makeStream(bufferingPolicy: .bufferingNewest(1))
        self.stream = stream
        let queue = DispatchQueue(label: "node.logs")
        source = DispatchSource.makeReadSource(fileDescriptor: descriptor, queue: queue)
        source.setEventHandler {
            var buffer = [UInt8](repeating: 0, count: 4096)
            while read(descriptor, &buffer, buffer.count) > 0 {}
            continuation.yield()
        }
        source.setCancelHandler { close(descriptor) }
        timer = DispatchSource.makeTimerSource(queue: queue)
        timer.schedule(deadline: .now() + 1, repeating: 1, leeway: .milliseconds(200))
        timer.setEventHandler { continuation.yield() }
        source.resume()
        timer.resume()
        continuation.yield()
    }

    func cancel() {
        source.cancel()
        timer.cancel()
    }
}
