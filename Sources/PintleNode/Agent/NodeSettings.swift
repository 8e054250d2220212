public import PintleNodePolicy

/// What a node agent is told once, when it starts.
public struct NodeSettings: Sendable {
    /// The node's name.
    public var name: String
    /// 8 hexadecimal digits of the data directory.
    public var instanceID: String
    /// Absolute path of the data directory.
    public var dataDirectory: String
    /// Absolute path of the directory for pods' logs.
    public var logDirectory: String
    /// The cgroup below which pods run, such as `/pintle-1a2b3c4d`.
    public var cgroupParent: String
    /// The node's pod ranges in CIDR form.
    public var podRanges: [String]
    /// How many pods may run.
    public var maxPods: Int64
    /// Size at which a container's log is rotated, bytes.
    public var logMaxBytes: Int64
    /// How many log files are kept for each container.
    public var logMaxFiles: Int64
    /// Where the kubelet's API listens; port 0 when it does not.
    public var kubeletAddress = ""
    /// See ``kubeletAddress``.
    public var kubeletPort = 0
    /// The version that the node reports, such as `v1.36.2+pintle`.
    public var version: String
    /// Reservations, eviction, images, static pods, shutdown.
    public var policy = NodePolicy()
    /// Where the kernel tells which boot this is.
    public var bootIDPath = "/proc/sys/kernel/random/boot_id"
    /// Kernel parameters that pods may set besides the safe ones; a final `*` stands for anything.
    public var allowedUnsafeSysctls: [String] = []
    /// Processes and threads of one pod; 0 means no limit.
    public var podPidsLimit: Int64 = 0
    /// The first of the node's ids that pods with users of their own get.
    public var userNamespaceBase: Int64 = 65_536

    /// Describes a node.
    public init(
        name: String, instanceID: String, dataDirectory: String, logDirectory: String, cgroupParent: String,
        podRanges: [String], maxPods: Int64, logMaxBytes: Int64, logMaxFiles: Int64, version: String
    ) {
        self.name = name
        self.instanceID = instanceID
        self.dataDirectory = dataDirectory
        self.logDirectory = logDirectory
        self.cgroupParent = cgroupParent
        self.podRanges = podRanges
        self.maxPods = maxPods
        self.logMaxBytes = logMaxBytes
        self.logMaxFiles = logMaxFiles
        self.version = version
    }

    /// Where `Localhost` seccomp profiles lie.
    var seccompDirectory: String { "\(dataDirectory)/seccomp" }

    /// Where one pod's own files lie.
    func podDirectory(_ uid: String) -> String { "\(dataDirectory)/pods/\(uid)" }
}
