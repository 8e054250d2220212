internal import Glibc
internal import PintleObjects

/// An entry of a container's log in CRI form: `TIME STREAM TAG TEXT`, without its newline.
///
/// Borrows the bytes: it is gone when they are.
struct LogLine {
    /// RFC 3339, as the file has it.
    let timestamp: UnsafeRawBufferPointer
    /// Whether the text ends a line (`F`) or goes on (`P`).
    let isFull: Bool
    let text: UnsafeRawBufferPointer

    /// Nil for what is no such entry.
    init?(_ line: UnsafeRawBufferPointer) {
        guard let first = Self.space(line, from: 0), first >= 20, line[4] == UInt8(ascii: "-"),
            line[10] == UInt8(ascii: "T"), let second = Self.space(line, from: first + 1), second > first + 1,
            let third = Self.space(line, from: second + 1)
        else { return nil }
        // Further tags may follow, each after a colon.
        let tag = line[second + 1]
        guard third > second + 1, tag == UInt8(ascii: "F") || tag == UInt8(ascii: "P") else { return nil }
        timestamp = UnsafeRawBufferPointer(rebasing: line[..<first])
        isFull = tag == UInt8(ascii: "F")
        text = UnsafeRawBufferPointer(rebasing: line[(third + 1)...])
    }

    private static func space(_ line: UnsafeRawBufferPointer, from start: Int) -> Int? {
        guard start < line.count, let base = line.baseAddress,
            let found = memchr(base + start, 32, min(line.count - start, 64))
        else { return nil }
        return UnsafeRawPointer(found) - base
    }
}

/// A time that entries are compared with.
struct LogTime: Sendable {
    /// Nanoseconds since 1970.
    let nanoseconds: Int64
    /// As our own logs have it: texts of equal length in UTC sort by time.
    private let text: [UInt8]

    init(nanoseconds: Int64) {
        self.nanoseconds = nanoseconds
        text = Array(Timestamp(nanoseconds: nanoseconds).rfc3339Nano.utf8)
    }

    /// Whether an entry's time is before this one; an unreadable one is.
    func isAfter(_ timestamp: UnsafeRawBufferPointer) -> Bool {
        if timestamp.count == text.count, timestamp.last == UInt8(ascii: "Z"), let base = timestamp.baseAddress {
            return memcmp(base, text, text.count) < 0
        }
        guard let time = Timestamp(rfc3339: String(decoding: timestamp, as: UTF8.self)) else { return true }
        return time.nanoseconds < nanoseconds
    }
}
