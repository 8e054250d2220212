internal import Glibc

/// The files of one attempt's log, oldest first: rotated ones, then the current one.
enum LogFiles {
    static func paths(_ current: String) -> [String] {
        guard let slash = current.lastIndex(of: "/") else { return [current] }
        let folder = String(current[..<slash])
        let base = String(current[current.index(after: slash)...])
        return PodLogFolder.names(folder).filter { $0.hasPrefix(base + ".") }.map { "\(folder)/\($0)" } + [current]
    }

    /// The offset in `path` from which its last `lines` lines begin, and how many lines there are of those.
    static func tail(_ path: String, lines: Int) -> (offset: Int, found: Int) {
        let file = open(path, O_RDONLY | O_CLOEXEC)
        guard file >= 0 else { return (0, 0) }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        var end = size
        var found = 0
        var buffer = [UInt8](repeating: 0, count: 65536)
        while end > 0 {
            let start = max(0, end - buffer.count)
            let count = pread(file, &buffer, end - start, start)
            guard count > 0 else { break }
            for index in stride(from: count - 1, through: 0, by: -1)
            where buffer[index] == 10 && start + index != size - 1 {
                found += 1
                if found == lines { return (start + index + 1, found) }
            }
            end = start
        }
        return (0, size > 0 ? found + 1 : 0)
    }

    /// Reads up to 64 KiB from `offset`; empty at the end of the file.
    static func read(_ file: Int32, at offset: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: 65536) { buffer, count in
            count = max(0, pread(file, buffer.baseAddress, 65536, offset))
        }
    }
}
