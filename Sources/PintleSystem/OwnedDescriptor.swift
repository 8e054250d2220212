import Glibc

/// A file descriptor with one owner, closed when that goes.
package struct OwnedDescriptor: ~Copyable, Sendable {
    private let raw: Int32

    /// Takes ownership of `raw`, which must be open.
    package init(adopting raw: Int32) { self.raw = raw }

    /// Opens a path.
    ///
    /// `O_CLOEXEC` is added.
    package init(opening path: String, _ flags: Int32, mode: UInt32 = 0) throws(SystemError) {
        let fd = Glibc.open(path, flags | O_CLOEXEC, mode)
        guard fd >= 0 else { throw SystemError("open", path) }
        raw = fd
    }

    deinit { _ = Glibc.close(raw) }

    /// Lends the descriptor for the duration of `body`, which must not close or keep it.
    package borrowing func withRaw<R: ~Copyable, E: Error>(_ body: (Int32) throws(E) -> R) throws(E) -> R {
        try body(raw)
    }

    /// Another descriptor of the same open file; the caller closes it.
    package borrowing func duplicate() throws(SystemError) -> Int32 {
        let fd = fcntl(raw, F_DUPFD_CLOEXEC, 3)
        guard fd >= 0 else { throw SystemError("dup") }
        return fd
    }

    /// Gives the descriptor up; the caller must close it.
    package consuming func release() -> Int32 {
        let raw = raw
        discard self
        return raw
    }
}
