internal import Glibc
internal import PintleClient
internal import PintleObjects

/// Copies a container's log to a client: all its files in their order, then what comes while it is followed.
///
/// Nothing is told twice or left out when files are rotated or compressed meanwhile, as long as the client is not slower
/// than the files that are kept last.
final class LogReader: @unchecked Sendable {
    // Unchecked: one task uses it, and awaits each blocking piece of work on another thread.

    /// A piece of what the client gets.
    private struct Piece: Sendable {
        var bytes: [UInt8] = []
        var isEnd = false
    }

    private let path: String
    private let since: LogTime?
    private let tail: Int?
    private var filter: LogFilter
    /// Files that are to be read, oldest first, by names without `.gz`; the current one is not among them.
    private var queue: [String] = []
    /// Rotated files that were there when the current one was opened.
    private var seen: Set<String> = []
    private var source: LogSource?
    private var current: LogSource?
    private var start: LogTail.Place?

    init(_ path: String, _ options: LogOptions) {
        self.path = path
        let sinceTime =
            options.sinceTime ?? options.sinceSeconds.map { Timestamp.now.nanoseconds - Int64($0) * 1_000_000_000 }
        since = sinceTime.map { LogTime(nanoseconds: $0) }
        tail = options.tailLines
        filter = LogFilter(timestamps: options.timestamps, since: since, limitBytes: options.limitBytes)
    }

    /// Whether the byte limit is reached: nothing more will come.
    var isOver: Bool { filter.isOver }

    /// Writes what is there.
    func copyExisting(_ write: @Sendable ([UInt8]) async throws -> Void) async throws {
        await BlockingWork.run { self.begin() }
        try await copy(write)
    }

    /// Writes what has come since, also when the file was rotated.
    func copyNew(_ write: @Sendable ([UInt8]) async throws -> Void) async throws {
        while true {
            try await copy(write)
            guard !isOver, await BlockingWork.run({ self.takeUpRotated() }) else { return }
        }
    }

    private func copy(_ write: @Sendable ([UInt8]) async throws -> Void) async throws {
        while !isOver {
            let piece = await BlockingWork.run { self.next() }
            if !piece.bytes.isEmpty { try await write(piece.bytes) }
            if piece.isEnd { return }
        }
    }

    // MARK: Blocking

    private func begin() {
        openCurrent()
        var names = queue
        if let tail {
            let place = LogTail.find(tail, in: names.map { LogSource($0) } + [current])
            names.removeFirst(min(place.file, names.count))
            start = place
        } else if let since {
            // A file's last entry is as old as the file's last change.
            names.removeAll { name in
                let identity = LogFiles.Identity(path: name) ?? LogFiles.Identity(path: name + LogFiles.compressed)
                return (identity?.modified ?? .max) < since.nanoseconds
            }
        }
        queue = names
    }

    /// Opens the current file, and finds the older ones in the same moment.
    private func openCurrent() {
        for _ in 0..<20 {
            current = LogSource(path)
            let rotated = LogFiles.rotated(path)
            seen = Set(rotated)
            queue = rotated
            guard let ours = current?.identity, let there = LogFiles.Identity(path: path) else { continue }
            if ours.isSameFile(as: there) { return }
        }
    }

    private func next() -> Piece {
        var piece = Piece()
        if source == nil {
            filter.beginFile()
            if queue.isEmpty {
                source = current
            } else {
                source = LogSource(queue.removeFirst())
                guard source != nil else { return piece }
            }
            if let start {
                source?.seek(start.offset)
                filter.skipLines(start.skip)
                self.start = nil
            }
        }
        guard let source else {
            piece.isEnd = true
            return piece
        }
        let goesOn = source.read { piece.bytes += filter.take($0) }
        if !goesOn {
            piece.isEnd = source === current
            if source !== current { self.source = nil }
        }
        return piece
    }

    /// After the current file's end: what followed it if it was rotated.
    private func takeUpRotated() -> Bool {
        guard let there = LogFiles.Identity(path: path) else { return false }
        if let ours = current?.identity, ours.isSameFile(as: there) { return false }
        // Nothing is written to a file once it has its other name.
        let last = current
        let known = seen
        openCurrent()
        var newer = queue.filter { !known.contains($0) }
        if let first = newer.first, let last = last?.identity, Self.isSame(first, as: last) { newer.removeFirst() }
        queue = newer
        // What came between its end and its renaming is still in it.
        source = last
        return true
    }

    private static func isSame(_ stem: String, as identity: LogFiles.Identity) -> Bool {
        if let plain = LogFiles.Identity(path: stem) { return plain.isSameFile(as: identity) }
        return LogFiles.Identity(path: stem + LogFiles.compressed)?.modified == identity.modified
    }
}
