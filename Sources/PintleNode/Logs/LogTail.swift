internal import Glibc

/// Where the last lines of a log begin.
///
/// Lines are counted by their ends, so that a line of several entries is one. Plain files are read from their end, and no
/// further than is needed.
struct LogTail {
    /// Where reading begins: the file, an offset in it, and how many line ends are passed over from there.
    struct Place: Equatable {
        var file: Int
        var offset: Int
        var skip: Int
    }

    /// The entries' line ends that are still to be found; nil before the last entry was seen.
    private var wanted: Int?
    private let lines: Int

    private init(_ lines: Int) { self.lines = lines }

    /// Finds the place.
    ///
    /// - Parameters:
    ///   - lines: How many lines.
    ///   - files: Oldest first; nil stands for one that is gone.
    /// - Returns: The place; the beginning of the first file when there are fewer lines.
    static func find(_ lines: Int, in files: [LogSource?]) -> Place {
        var tail = LogTail(lines)
        for index in files.indices.reversed() {
            guard let file = files[index] else { continue }
            if lines == 0 {
                return Place(file: index, offset: file.isCompressed ? 0 : file.size, skip: file.isCompressed ? .max : 0)
            }
            if file.isCompressed {
                if let skip = tail.count(file) { return Place(file: index, offset: 0, skip: skip) }
            } else if let offset = tail.scan(file) {
                return Place(file: index, offset: offset, skip: 0)
            }
        }
        return Place(file: 0, offset: 0, skip: 0)
    }

    /// The last entry of all has been seen: one that does not end its line is a line all the same.
    private mutating func begin(endsLine: Bool) {
        if wanted == nil { wanted = endsLine ? lines + 1 : lines }
    }

    /// An entry that ends a line, going backwards; true when the tail begins behind it.
    private mutating func found() -> Bool {
        wanted = (wanted ?? 1) - 1
        return wanted == 0
    }

    private static let block = 64 * 1024
    /// No entry has more before its tag.
    private static let head = 64

    private mutating func scan(_ file: LogSource) -> Int? {
        // What is behind the last newline is being written, or was never finished: it counts when it is.
        var end = file.size
        /// The newline behind the entry that is being looked for.
        var entryEnd: Int?
        while end > 0 {
            let start = max(0, end - Self.block)
            let bytes = file.read(at: start, count: end - start + Self.head)
            for index in stride(from: min(bytes.count, end - start) - 1, through: 0, by: -1) where bytes[index] == 10 {
                if let after = entryEnd, endsLine(bytes, index + 1), found() { return after + 1 }
                entryEnd = start + index
            }
            end = start
            if start == 0, let after = entryEnd, endsLine(bytes, 0), found() { return after + 1 }
        }
        return nil
    }

    private mutating func endsLine(_ bytes: [UInt8], _ start: Int) -> Bool {
        var spaces = 0
        for index in start..<min(bytes.count, start + Self.head) where bytes[index] == 32 {
            spaces += 1
            guard spaces == 2, index + 1 < bytes.count else { continue }
            let ends = bytes[index + 1] == UInt8(ascii: "F")
            begin(endsLine: ends)
            return ends
        }
        return false
    }

    /// Counts a compressed file's line ends, and says how many are to be passed over when the tail begins in it.
    private mutating func count(_ file: LogSource) -> Int? {
        var total = 0
        var last = true
        var entry: [UInt8] = []
        while file.read({ bytes in
            for byte in bytes {
                if byte == 10 {
                    last = entry.withUnsafeBytes { LogLine($0)?.isFull } ?? false
                    if last { total += 1 }
                    entry.removeAll(keepingCapacity: true)
                } else if entry.count < Self.head {
                    entry.append(byte)
                }
            }
        }) {}
        guard total > 0 || !last else { return nil }
        begin(endsLine: last)
        let wanted = self.wanted ?? 0
        if total >= wanted { return total - wanted + 1 }
        self.wanted = wanted - total
        return nil
    }
}
