public import PintleNodePolicy
public import PintleObjects

/// The node's configuration file: `apiVersion: pintle.dev/v1alpha1`, `kind: Configuration`.
public struct Configuration: Sendable {
    /// Pods and addresses of the node.
    public var node = Node()
    /// Drivers in their order; network drivers form a chain.
    public var drivers: [Driver] = Driver.builtIn

    /// Pods and addresses of a node.
    public struct Node: Sendable, Hashable {
        /// How many pods may run.
        public var maxPods: Int64 = 110
        /// Where pod ranges are taken from, in CIDR form.
        public var podRange = "10.244.0.0/16"
        /// Prefix length of the node's own range in `podRange`.
        public var podRangeSize: Int64 = 24
        /// Size at which a container's log is rotated, bytes.
        public var containerLogMaxSize: Int64 = 10 << 20
        /// The port of the node's own API, the kubelet's; 0 switches it off, nil takes 10250, or another when that is taken.
        public var port: Int64?
        /// The address that it listens on.
        public var address = "0.0.0.0"
        /// How many log files are kept for each container.
        public var containerLogMaxFiles: Int64 = 5
        /// Reservations, eviction, images, static pods, shutdown.
        public var policy = NodePolicy()
        /// Kernel parameters that pods may set besides the safe ones; a final `*` stands for anything.
        public var allowedUnsafeSysctls: [String] = []
        /// Processes and threads of one pod; -1 means no limit.
        public var podPidsLimit: Int64 = -1
        /// The first of the node's ids that pods with users of their own get.
        public var userNamespaceBase: Int64 = 65_536
    }

    /// A driver to load.
    public struct Driver: Sendable {
        /// The manifest's id.
        public var plugin: String
        /// The interface to open, such as `pintle.network/1`.
        public var interface: String
        /// The folder with manifest and library; nil means the one with the built-in drivers.
        public var folder: String?
        /// How to run it; nil means the default: `in_process` for drivers that ship with the host, else `process`.
        public var isolation: Isolation?
        /// Deadline of its calls.
        public var timeout: Duration
        /// How many calls may be stuck before it is no longer used.
        public var maxStuckCalls: Int
        /// Its options; they are checked against the manifest's schema when it is loaded.
        public var options: JSON
        /// Where it stands in the file, such as `drivers[0]`; empty for a built-in default.
        public var path: String
    }

    /// The built-in configuration, as if the file were absent.
    public init() {}
}

extension Configuration.Driver {
    /// The three drivers that ship with the host.
    public static let builtIn = [
        ("dev.pintle.namespace", "pintle.runtime/1"), ("dev.pintle.bridge", "pintle.network/1"),
        ("dev.pintle.local", "pintle.storage/1"),
    ].map { plugin, interface in
        Configuration.Driver(
            plugin: plugin, interface: interface, folder: nil, isolation: nil, timeout: .seconds(120),
            maxStuckCalls: 16,
            options: .object(JSONObject()), path: "")
    }
}

/// Something wrong in the configuration file.
public struct ConfigurationError: Error, Sendable, Hashable, CustomStringConvertible {
    /// The file.
    public let file: String
    /// The line, from 1; 0 when there is none.
    public let line: Int
    /// What was found, and what would be right.
    public let message: String

    /// Makes an error.
    public init(file: String, line: Int, _ message: String) {
        self.file = file
        self.line = line
        self.message = message
    }

    /// For people: never parse it.
    public var description: String { line > 0 ? "\(file):\(line): \(message)" : "\(file): \(message)" }
}
