/// Which streams an exec or attach request asks for.
public struct RemoteCommandStreams: Sendable, Hashable {
    /// The client writes to the process.
    public var stdin: Bool
    /// The client reads the process's output.
    public var stdout: Bool
    /// The client reads the process's error output; ignored with a terminal, which has one output.
    public var stderr: Bool
    /// The process has a terminal; the client may send its size.
    public var tty: Bool

    /// Makes the set of streams.
    public init(stdin: Bool, stdout: Bool, stderr: Bool, tty: Bool) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr && !tty
        self.tty = tty
    }
}

/// The process's ends of a session's streams.
///
/// Whoever takes them owns them and closes each exactly once. They are blocking pipes, close-on-exec.
public struct RemoteCommandDescriptors: Sendable {
    /// To read from; ends when the client closes its input or goes away.
    ///
    /// Nil when not asked for.
    public let stdin: Int32?
    /// To write to; fails with `EPIPE` when the client has gone.
    ///
    /// Nil when not asked for.
    public let stdout: Int32?
    /// To write to; nil when not asked for or with a terminal.
    public let stderr: Int32?
    /// The terminal's sizes in characters, newest last; ends with the session.
    ///
    /// Only the newest 8 are kept.
    public let resizes: AsyncStream<(width: Int, height: Int)>
}

/// How a command ended, for the client's error stream.
public enum RemoteCommandOutcome: Sendable {
    /// The process ended with this exit code; 128 + n for signal n.
    case exited(Int32)
    /// The streams ended and there is no exit code to tell (attach).
    case detached
    /// The command could not be run: a sentence, and the same as a `v1.Status` in JSON.
    case failed(message: String, status: [UInt8])
}
