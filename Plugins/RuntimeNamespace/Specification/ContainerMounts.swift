import Glibc
import PintleInterfaces
import PintleSDK
import PintleSystem

/// The mounts of a container: its own file systems, then what the host asks for, in its order.
struct ContainerMounts: Sendable {
    private(set) var list: [ContainerMount]

    /// Plans the mounts.
    ///
    /// `images` has the layers of images that are mounted as volumes, topmost first.
    ///
    /// A mount that can\'t be is thrown as `INVALID`.
    init(
        _ request: RuntimeCreateContainerRequest, sandbox: SandboxRecord, layout: CgroupLayout,
        images: [String: [String]]
    ) throws(DriverFailure) {
        let privileged = request.security?.privileged ?? false
        list = Self.standard(sandbox: sandbox, layout: layout, privileged: privileged)
        for mount in request.mounts {
            let asked = try Self.asked(mount, images: images, users: sandbox.namespaces.user)
            // What the host mounts takes the place of what would be there.
            list.removeAll { $0.target == asked.target }
            list.append(asked)
        }
    }

    private static func standard(sandbox: SandboxRecord, layout: CgroupLayout, privileged: Bool) -> [ContainerMount] {
        let base = sandbox.userBase
        let owner = base > 0 ? ["uid=\(base)", "gid=\(base)"] : []
        var list = [
            ContainerMount(
                source: .new(type: "proc", options: []), target: "/proc", noSuid: true, noDevices: true, noExec: true,
                refusesLinks: true),
            ContainerMount(
                source: .new(type: "tmpfs", options: ["mode=755", "size=65536k"] + owner), target: "/dev", noSuid: true),
            ContainerMount(
                source: .new(
                    type: "devpts", options: ["newinstance", "ptmxmode=0666", "mode=0620", "gid=\(base + 5)"]),
                target: "/dev/pts", noSuid: true, noExec: true),
        ]
        if sandbox.sharesNodeIPC {
            list.append(ContainerMount(source: .bind("/dev/shm"), target: "/dev/shm"))
        } else {
            list.append(ContainerMount(source: .podShm, target: "/dev/shm"))
        }
        list.append(
            ContainerMount(
                source: .new(type: "mqueue", options: []), target: "/dev/mqueue", noSuid: true, noDevices: true,
                noExec: true, isOptional: true))
        list.append(
            ContainerMount(
                source: .new(type: "sysfs", options: []), target: "/sys", isReadOnly: !privileged, noSuid: true,
                noDevices: true, noExec: true, refusesLinks: true))
        return list + cgroups(layout, isReadOnly: !privileged)
    }

    /// The container's own part of the cgroup tree, by its cgroup namespace.
    private static func cgroups(_ layout: CgroupLayout, isReadOnly: Bool) -> [ContainerMount] {
        func mount(_ type: String, _ options: [String], _ target: String) -> ContainerMount {
            ContainerMount(
                source: .new(type: type, options: options), target: target, isReadOnly: isReadOnly, noSuid: true,
                noDevices: true, noExec: true, isOptional: true)
        }
        if layout.isUnified { return [mount("cgroup2", [], "/sys/fs/cgroup")] }
        var list = [
            ContainerMount(
                source: .new(type: "tmpfs", options: ["mode=755", "size=64k", "nr_inodes=256"]),
                target: "/sys/fs/cgroup",
                noSuid: true, noDevices: true, noExec: true)
        ]
        for hierarchy in layout.hierarchies {
            let name = hierarchy.mountPoint.split(separator: "/").last.map(String.init) ?? "cgroup"
            let named = hierarchy.controllers.contains { $0.hasPrefix("name=") }
            list.append(
                mount("cgroup", (named ? ["none"] : []) + hierarchy.controllers, "/sys/fs/cgroup/\(name)"))
        }
        return list
    }

    private static func asked(
        _ mount: RuntimeMount, images: [String: [String]], users: RuntimeUserNamespace?
    ) throws(DriverFailure) -> ContainerMount {
        func invalid(_ problem: String) -> DriverFailure {
            DriverFailure(.invalid, reason: "InvalidMount", "mount at \"\(mount.containerPath)\": \(problem)")
        }
        guard mount.containerPath.hasPrefix("/"), mount.containerPath != "/" else {
            throw invalid("not an absolute path")
        }
        let isMapped = !mount.uidMappings.isEmpty || !mount.gidMappings.isEmpty
        guard !isMapped || mount.uidMappings == users?.uids && mount.gidMappings == users?.gids else {
            throw invalid("its id mappings are not those of the pod's user namespace")
        }
        guard !isInsideProc(mount) else { throw invalid("it would hide a part of /proc") }
        var target = mount.containerPath
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        if !mount.image.isEmpty {
            var result = try image(mount, target, images, invalid)
            result.isMapped = isMapped
            return result
        }
        guard mount.hostPath.hasPrefix("/") else {
            throw invalid("the host path \"\(mount.hostPath)\" is not absolute")
        }
        var result = ContainerMount(source: .bind(mount.hostPath), target: target)
        result.isReadOnly = mount.readonly
        result.isRecursive = mount.recursiveReadonly
        result.isMapped = isMapped
        switch mount.propagation {
        case .hostToContainer: result.propagation = .follows
        case .bidirectional:
            guard MountTable.isShared(mount.hostPath) else {
                throw invalid("\(mount.hostPath) is not on a shared mount, which propagation Bidirectional needs")
            }
            result.propagation = .shared
        default: break
        }
        return result
    }

    /// An image as a volume: its layers, read-only.
    private static func image(
        _ mount: RuntimeMount, _ target: String, _ images: [String: [String]], _ invalid: (String) -> DriverFailure
    ) throws(DriverFailure) -> ContainerMount {
        guard let layers = images[mount.image], !layers.isEmpty else {
            throw invalid("the image \(mount.image) is missing or empty")
        }
        return ContainerMount(
            source: .layers(layers, subPath: mount.imageSubPath), target: target, isReadOnly: true, noSuid: true,
            noDevices: true, noExec: true)
    }

    /// Whether a mount would take the place of what the kernel tells and checks by /proc.
    ///
    /// The node's own /proc may stand there, and the few files that tools for containers replace.
    private static func isInsideProc(_ mount: RuntimeMount) -> Bool {
        let parts = mount.containerPath.split(separator: "/").filter { $0 != "." }
        var path: [Substring] = []
        for part in parts { if part == ".." { _ = path.popLast() } else { path.append(part) } }
        guard path.first == "proc" else { return false }
        if path.count == 1 {
            guard let resolved = realpath(mount.hostPath, nil) else { return true }
            defer { free(resolved) }
            return String(cString: resolved) != "/proc"
        }
        return !replaceable.contains(path.dropFirst().joined(separator: "/"))
    }

    private static let replaceable: Set<String> = [
        "cpuinfo", "diskstats", "loadavg", "meminfo", "slabinfo", "stat", "swaps", "uptime",
    ]
}

/// What the node has mounted.
enum MountTable {
    /// Whether a path lies on a mount that others can be propagated through.
    static func isShared(_ path: String) -> Bool {
        guard let resolved = realpath(path, nil) else { return false }
        defer { free(resolved) }
        let place = String(cString: resolved)
        var best = (length: -1, isShared: false)
        for line in ((try? FileAccess.text("/proc/self/mountinfo")) ?? "").split(separator: "\n") {
            let parts = line.split(separator: " ", omittingEmptySubsequences: false)
            guard parts.count > 6, let dash = parts.firstIndex(of: "-") else { continue }
            let point = String(parts[4])
            guard place == point || point == "/" || place.hasPrefix(point + "/"), point.count >= best.length else {
                continue
            }
            best = (point.count, parts[6..<dash].contains { $0.hasPrefix("shared:") })
        }
        return best.isShared
    }
}
