import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem

/// Device nodes of a container and the rules that let it use them.
struct ContainerDevices: Sendable, Hashable {
    private(set) var nodes: [Node] = []
    private(set) var rules: [DeviceRule]

    struct Node: Sendable, Hashable {
        var path: String
        var mode: UInt32
        var major: UInt32
        var minor: UInt32
        var uid: UInt32 = 0
        var gid: UInt32 = 0
    }

    /// - Throws: `INVALID` for a device that the node does not have.
    init(_ devices: [RuntimeDevice], privileged: Bool) throws(DriverFailure) {
        rules = privileged ? [.all] : DeviceRule.standard
        for (name, major, minor): (String, UInt32, UInt32) in [
            ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0),
        ] {
            nodes.append(Node(path: "/dev/\(name)", mode: UInt32(S_IFCHR) | 0o666, major: major, minor: minor))
        }
        if privileged { addAll(below: "/dev", as: "/dev", access: "rwm", depth: 0) }
        for device in devices {
            let before = nodes.count
            let target = device.containerPath.isEmpty ? device.hostPath : device.containerPath
            guard target.hasPrefix("/"), device.hostPath.hasPrefix("/") else {
                throw DriverFailure(.invalid, reason: "InvalidDevice", "the device path \"\(target)\" is not absolute")
            }
            let access = device.permissions.isEmpty ? "rwm" : device.permissions
            add(device.hostPath, as: target, access: access, depth: 0, followsLinks: true)
            guard nodes.count > before else {
                throw DriverFailure(.invalid, reason: "NoSuchDevice", "\(device.hostPath) is no device of this node")
            }
        }
    }

    private mutating func add(_ path: String, as target: String, access: String, depth: Int, followsLinks: Bool) {
        var info = stat()
        guard (followsLinks ? stat(path, &info) : lstat(path, &info)) == 0 else { return }
        switch info.st_mode & S_IFMT {
        case S_IFDIR: addAll(below: path, as: target, access: access, depth: depth)
        case S_IFCHR, S_IFBLK:
            // As glibc's major() and minor(), which are macros.
            let major = UInt32(truncatingIfNeeded: (info.st_rdev >> 8 & 0xfff) | (info.st_rdev >> 32 & ~0xfff))
            let minor = UInt32(truncatingIfNeeded: (info.st_rdev & 0xff) | (info.st_rdev >> 12 & ~0xff))
            let node = Node(
                path: target, mode: info.st_mode, major: major, minor: minor, uid: info.st_uid, gid: info.st_gid)
            if nodes.contains(where: { $0.path == target }) { return }
            nodes.append(node)
            guard rules.first != .all else { return }
            rules.append(
                DeviceRule(
                    type: info.st_mode & S_IFMT == S_IFBLK ? "b" : "c", major: Int32(clamping: major),
                    minor: Int32(clamping: minor), access: access))
        default: return
        }
    }

    /// What the container has of its own is left out.
    private mutating func addAll(below path: String, as target: String, access: String, depth: Int) {
        guard depth < 8 else { return }
        for name in FileAccess.names(in: path).sorted() {
            if path == "/dev", ["pts", "shm", "mqueue", "console", "fd", "ptmx", "log"].contains(name) { continue }
            add("\(path)/\(name)", as: "\(target)/\(name)", access: access, depth: depth + 1, followsLinks: false)
        }
    }

    /// The fields of the specification.
    func encode(into fields: inout InfraFields) {
        for node in nodes { fields.addDevice(node) }
    }
}
