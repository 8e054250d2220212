internal import CZlib
internal import Glibc

/// Reads one log file from its beginning or an offset, compressed or not.
///
/// Not for two threads at a time. Blocks.
final class LogSource: @unchecked Sendable {
    // Unchecked: used by one task at a time, which awaits each read.

    static let chunk = 128 * 1024
    private let descriptor: Int32
    private let inflater: LogInflater?
    private var offset = 0
    private var buffer = [UInt8](repeating: 0, count: LogSource.chunk)

    /// Opens a file by its name without `.gz`; nil when it is there in neither form.
    init?(_ stem: String) {
        // It may be compressed between the two looks.
        for _ in 0..<2 {
            for path in [stem, stem + LogFiles.compressed] {
                let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK)
                guard file >= 0 else { continue }
                var status = stat()
                guard fstat(file, &status) == 0, status.st_mode & S_IFMT == S_IFREG else {
                    close(file)
                    continue
                }
                descriptor = file
                inflater = path == stem ? nil : LogInflater()
                return
            }
        }
        return nil
    }

    deinit { close(descriptor) }

    var identity: LogFiles.Identity? { LogFiles.Identity(descriptor: descriptor) }
    var isCompressed: Bool { inflater != nil }
    var size: Int { Int(lseek(descriptor, 0, SEEK_END)) }

    /// Where the next read begins; in a compressed file that is a place of the compressed form.
    func seek(_ offset: Int) { self.offset = offset }

    /// Passes the next bytes to `body`; false at the end.
    ///
    /// A file that grows can be read on after its end.
    func read(_ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        while true {
            let count = pread(descriptor, &buffer, buffer.count, offset)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return false }
            offset += count
            guard let inflater else {
                buffer.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) }
                return true
            }
            return buffer.withUnsafeBytes { inflater.inflate(UnsafeRawBufferPointer(rebasing: $0[..<count]), body) }
        }
    }

    /// Reads at a place of its own; fewer bytes at the end.
    func read(at place: Int, count: Int) -> [UInt8] {
        [UInt8](unsafeUninitializedCapacity: count) { bytes, length in
            while length < count, let base = bytes.baseAddress {
                let got = pread(descriptor, base + length, count - length, place + length)
                if got < 0, errno == EINTR { continue }
                if got <= 0 { break }
                length += got
            }
        }
    }
}

/// Inflates a gzip file piece by piece.
///
/// A class, because zlib keeps the address of its state.
private final class LogInflater {
    private let stream: UnsafeMutablePointer<z_stream>
    private var out = [UInt8](repeating: 0, count: LogSource.chunk)
    private var isWell: Bool

    init() {
        stream = .allocate(capacity: 1)
        stream.initialize(to: z_stream())
        // 16: a gzip header is expected.
        isWell = inflateInit2_(stream, 16 + 15, ZLIB_VERSION, Int32(MemoryLayout<z_stream>.size)) == Z_OK
    }

    deinit {
        inflateEnd(stream)
        stream.deallocate()
    }

    /// False when the file is damaged or through.
    func inflate(_ bytes: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) -> Void) -> Bool {
        guard isWell else { return false }
        stream.pointee.next_in = UnsafeMutablePointer(
            mutating: bytes.baseAddress?.assumingMemoryBound(to: UInt8.self))
        stream.pointee.avail_in = UInt32(bytes.count)
        repeat {
            let (status, count) = out.withUnsafeMutableBufferPointer { output -> (Int32, Int) in
                stream.pointee.next_out = output.baseAddress
                stream.pointee.avail_out = UInt32(output.count)
                let status = CZlib.inflate(stream, Z_NO_FLUSH)
                return (status, output.count - Int(stream.pointee.avail_out))
            }
            if count > 0 { out.withUnsafeBytes { body(UnsafeRawBufferPointer(rebasing: $0[..<count])) } }
            if status != Z_OK {
                isWell = status == Z_BUF_ERROR
                return isWell
            }
        } while stream.pointee.avail_in > 0 || stream.pointee.avail_out == 0
        return true
    }
}
