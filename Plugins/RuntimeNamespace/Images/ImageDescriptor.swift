import Glibc

/// An open file descriptor with one owner, closed at the end of its life.
struct ImageDescriptor: ~Copyable, Sendable {
    /// Lent to calls that neither close nor keep it.
    let raw: Int32

    /// Takes ownership of `raw`, which must be open.
    init(adopting raw: Int32) { self.raw = raw }

    /// Opens a file, close-on-exec.
    ///
    /// - Throws: `StoreFailed` with the path and the kernel's reason.
    init(path: String, _ flags: Int32, mode: mode_t = 0o600) throws(ImageError) {
        raw = open(path, flags | O_CLOEXEC, mode)
        if raw < 0 { throw .system("open \(path)") }
    }

    deinit { if raw >= 0 { Glibc.close(raw) } }

    /// Writes all of `bytes`.
    borrowing func write(_ bytes: UnsafeRawBufferPointer, what: @autoclosure () -> String) throws(ImageError) {
        var rest = bytes
        while !rest.isEmpty {
            let count = Glibc.write(raw, rest.baseAddress, rest.count)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw .system("write \(what())") }
            rest = UnsafeRawBufferPointer(rebasing: rest[count...])
        }
    }

    /// Reads to the end of the file, piece by piece.
    borrowing func forEachPiece(
        what: @autoclosure () -> String, _ body: (UnsafeRawBufferPointer) throws(ImageError) -> Void
    ) throws(ImageError) {
        let size = 256 << 10
        let buffer = UnsafeMutableRawBufferPointer.allocate(byteCount: size, alignment: 16)
        defer { buffer.deallocate() }
        while true {
            let count = Glibc.read(raw, buffer.baseAddress, size)
            if count < 0, errno == EINTR { continue }
            if count < 0 { throw .system("read \(what())") }
            if count == 0 { return }
            try body(UnsafeRawBufferPointer(rebasing: buffer[..<count]))
        }
    }

    /// Reads to the end of the file.
    ///
    /// - Throws: `InvalidImage` when there are more than `limit` bytes.
    borrowing func contents(limit: Int, what: String) throws(ImageError) -> [UInt8] {
        var result: [UInt8] = []
        try forEachPiece(what: what) { (piece) throws(ImageError) in
            result.append(contentsOf: piece)
            if result.count > limit {
                throw ImageError(.invalid, .invalidImage, "\(what) has more than \(limit) bytes")
            }
        }
        return result
    }

    /// Forces the file's contents to disk.
    borrowing func sync(what: @autoclosure () -> String) throws(ImageError) {
        if fsync(raw) != 0 { throw .system("fsync \(what())") }
    }
}

extension ImageError {
    /// A system call on the store's directory failed; takes `errno` unless one is given.
    static func system(_ action: String, errno given: Int32? = nil) -> ImageError {
        let code = given ?? Glibc.errno
        let isFull = code == ENOSPC || code == EDQUOT
        let kind: Code = isFull ? .resource : code == EACCES || code == EPERM || code == EROFS ? .permission : .internal
        return ImageError(kind, .storeFailed, "\(action): \(String(cString: strerror(code)))", errno: code)
    }
}
