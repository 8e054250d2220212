internal import Glibc

/// Makes of a log's bytes what `kubectl logs` shows of them.
///
/// No I/O.
struct LogFilter {
    private let timestamps: Bool
    private let since: LogTime?
    /// How many bytes may still be shown.
    private var left: Int?
    /// How many line ends are to be passed over first.
    private var skip: Int
    private var begins = true
    private var carry: [UInt8] = []

    init(timestamps: Bool = false, since: LogTime? = nil, limitBytes: Int? = nil, skipLines: Int = 0) {
        self.timestamps = timestamps
        self.since = since
        left = limitBytes
        skip = skipLines
    }

    /// Whether the byte limit is reached.
    var isOver: Bool { left == 0 }

    /// Passes over so many line ends of what comes now.
    mutating func skipLines(_ count: Int) { skip = count }

    /// Takes the next bytes of the log, which may end in the middle of an entry.
    mutating func take(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        guard !carry.isEmpty else { return show(bytes) }
        // Only the entry that was begun is copied.
        guard let base = bytes.baseAddress, let end = memchr(base, 10, bytes.count) else {
            carry.append(contentsOf: bytes)
            return []
        }
        let length = UnsafeRawPointer(end) - base + 1
        carry.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[..<length]))
        let entry = carry
        carry = []
        return entry.withUnsafeBytes { show($0) } + show(UnsafeRawBufferPointer(rebasing: bytes[length...]))
    }

    /// A new file begins: what an earlier one left unfinished is nothing.
    mutating func beginFile() { carry = [] }

    private mutating func show(_ bytes: UnsafeRawBufferPointer) -> [UInt8] {
        guard let base = bytes.baseAddress, !isOver else { return [] }
        var out: [UInt8] = []
        out.reserveCapacity(bytes.count)
        var start = 0
        while start < bytes.count, let found = memchr(base + start, 10, bytes.count - start) {
            let end = UnsafeRawPointer(found) - base
            show(UnsafeRawBufferPointer(rebasing: bytes[start..<end]), &out)
            start = end + 1
        }
        carry.append(contentsOf: UnsafeRawBufferPointer(rebasing: bytes[start...]))
        if let limit = left {
            if out.count > limit { out.removeSubrange(limit...) }
            left = limit - out.count
        }
        return out
    }

    private mutating func show(_ bytes: UnsafeRawBufferPointer, _ out: inout [UInt8]) {
        guard let line = LogLine(bytes) else { return }
        if skip > 0 {
            if line.isFull { skip -= 1 }
            return
        }
        if let since, since.isAfter(line.timestamp) { return }
        if timestamps, begins {
            out.append(contentsOf: line.timestamp)
            out.append(32)
        }
        out.append(contentsOf: line.text)
        if line.isFull { out.append(10) }
        begins = line.isFull
    }
}
