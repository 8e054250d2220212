/// How local volumes are made; what the configuration file says of the driver.
public struct VolumeConfiguration: Sendable, Hashable {
    /// Absolute path of the directory that holds `<pod uid>/volumes/<volume name>`; it exists.
    public var podsDirectory: String
    /// Absolute paths: a hostPath volume must lead to one of them or below, links followed.
    ///
    /// `["/"]` allows all.
    public var allowedHostPaths: [String]

    /// - Throws: ``VolumeError/Code/invalid`` when a path is not absolute or has `.` or `..` in it.
    public init(podsDirectory: String, allowedHostPaths: [String] = ["/"]) throws(VolumeError) {
        for path in [podsDirectory] + allowedHostPaths {
            guard Self.isPlainAbsolute(path) else {
                throw VolumeError(
                    .invalid, reason: "InvalidConfiguration",
                    "\(path.isEmpty ? "an empty path" : path) is not an absolute path without . and ..")
            }
        }
        self.podsDirectory = Self.trimmed(podsDirectory)
        self.allowedHostPaths = allowedHostPaths.map(Self.trimmed)
    }

    /// Whether `path` starts at the root and has no `.` or `..` in it.
    static func isPlainAbsolute(_ path: String) -> Bool {
        path.utf8.first == UInt8(ascii: "/") && !path.utf8.contains(0)
            && !path.split(separator: "/").contains { $0 == "." || $0 == ".." }
    }

    /// `path` with single slashes and none at the end, except for the root.
    static func trimmed(_ path: String) -> String { "/" + path.split(separator: "/").joined(separator: "/") }

    /// Whether `path` is `root` or lies below it; both trimmed.
    static func contains(_ root: String, _ path: String) -> Bool {
        root == "/" || path == root || path.hasPrefix(root + "/")
    }
}
