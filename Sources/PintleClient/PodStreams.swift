public import PintleObjects

/// A container of a pod that runs on this node; the server has resolved the name and read the pod.
public struct ContainerTarget: Hashable, Sendable {
    /// The pod's namespace.
    public let namespace: String
    /// The pod's name.
    public let pod: String
    /// The pod's `metadata.uid`.
    public let uid: String
    /// The container's name within the pod.
    public let container: String

    /// Names a container.
    public init(namespace: String, pod: String, uid: String, container: String) {
        self.namespace = namespace
        self.pod = pod
        self.uid = uid
        self.container = container
    }
}

/// What part of a container's log is wanted, and in which form: the options of `kubectl logs`.
public struct LogOptions: Hashable, Sendable {
    /// Keep sending lines until the container has ended.
    public var follow: Bool
    /// The log of the instance before the current one.
    public var previous: Bool
    /// Put the RFC 3339 time and a space before each line.
    public var timestamps: Bool
    /// At most this many lines from the end; `nil` is all of them.
    public var tailLines: Int?
    /// Only lines of the last so many seconds.
    public var sinceSeconds: Int?
    /// Only lines at or after this time, in nanoseconds since 1970 (UTC).
    public var sinceTime: Int64?
    /// End after so many bytes.
    public var limitBytes: Int?

    /// The whole log as it is now, unless told otherwise.
    public init(
        follow: Bool = false, previous: Bool = false, timestamps: Bool = false, tailLines: Int? = nil,
        sinceSeconds: Int? = nil, sinceTime: Int64? = nil, limitBytes: Int? = nil
    ) {
        self.follow = follow
        self.previous = previous
        self.timestamps = timestamps
        self.tailLines = tailLines
        self.sinceSeconds = sinceSeconds
        self.sinceTime = sinceTime
        self.limitBytes = limitBytes
    }
}

/// The ends of a process's standard streams that the process (or its driver) is to hold.
///
/// The callee owns the descriptors from the call on and closes them, also when it throws. `nil` means that the
/// stream is not wanted.
public struct StandardStreams: Sendable {
    /// Readable: what the client types.
    public let stdin: Int32?
    /// Writable: what the process prints; with a tty, all it prints.
    public let stdout: Int32?
    /// Writable; always `nil` with a tty.
    public let stderr: Int32?
    /// Sizes of the client's terminal, in characters.
    ///
    /// Ends with the connection.
    public let resizes: AsyncStream<(width: Int, height: Int)>

    /// Hands the descriptors over.
    public init(
        stdin: Int32?, stdout: Int32?, stderr: Int32?, resizes: AsyncStream<(width: Int, height: Int)>
    ) {
        self.stdin = stdin
        self.stdout = stdout
        self.stderr = stderr
        self.resizes = resizes
    }
}

/// What the API server asks of the node agent: a pod's log, and streams into it.
///
/// Calls may come from any task and last as long as the stream; cancelling the task ends the call within a second.
public protocol PodStreams: Sendable {
    /// Sends a container's log to `write`, which suspends while the client is slow and throws when it has gone.
    ///
    /// - Throws: `NotFound` or `BadRequest` before anything was written when there is no such log; errors of `write`
    ///   end the call without an error.
    func logs(
        _ target: ContainerTarget, _ options: LogOptions, write: @Sendable ([UInt8]) async throws -> Void
    ) async throws(StatusError)

    /// Runs a command in a container and waits for its end.
    ///
    /// - Returns: The exit code; 128 plus the signal when one ended it.
    func exec(
        _ target: ContainerTarget, command: [String], tty: Bool, streams: StandardStreams
    ) async throws(StatusError) -> Int32

    /// Connects to the streams of a container's main process; returns when it ends or the client has gone.
    func attach(_ target: ContainerTarget, tty: Bool, streams: StandardStreams) async throws(StatusError)

    /// Opens a connection to a port on the pod's loopback.
    ///
    /// - Returns: A connected stream socket that the caller owns and closes.
    func portForward(namespace: String, pod: String, uid: String, port: Int) async throws(StatusError) -> Int32
}
