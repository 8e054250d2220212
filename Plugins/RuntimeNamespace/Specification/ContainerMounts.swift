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
            let asked = try Self.asked(mount, images: images)
            // What the host mounts takes the place of what would be there.
            list.removeAll { $0.target == asked.target }
            list.append(asked)
        }
    }

    private static func standard(sandbox: SandboxRecord, layout: CgroupLayout, privileged: Bool) -> [ContainerMount] {
        var list = [
            ContainerMount(
                source: .new(type: "proc", options: []), target: "/proc", noSuid: true, noDevices: true, noExec: true),
            ContainerMount(
                source: .new(type: "tmpfs", options: ["mode=755", "size=65536k"]), target: "/dev", noSuid: true),
            ContainerMount(
                source: .new(type: "devpts", options: ["newinstance", "ptmxmode=0666", "mode=0620", "gid=5"]),
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
                noDevices: true, noExec: true))
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

    private static func asked(_ mount: RuntimeMount, images: [String: [String]]) throws(DriverFailure) -> ContainerMount
    {
        func invalid(_ problem: String) -> DriverFailure {
            DriverFailure(.invalid, reason: "InvalidMount", "mount at \"\(mount.containerPath)\": \(problem)")
        }
        guard mount.containerPath.hasPrefix("/"), mount.containerPath != "/" else {
            throw invalid("not an absolute path")
        }
        guard mount.uidMappings.isEmpty, mount.gidMappings.isEmpty else {
            throw DriverFailure(
                .unsupported, reason: "IdmappedMount",
                "mount at \"\(mount.containerPath)\": idmapped mounts are not supported")
        }
        var target = mount.containerPath
        while target.count > 1, target.hasSuffix("/") { target.removeLast() }
        if !mount.image.isEmpty { return try image(mount, target, images, invalid) }
        guard mount.hostPath.hasPrefix("/") else {
            throw invalid("the host path \"\(mount.hostPath)\" is not absolute")
        }
        var result = ContainerMount(source: .bind(mount.hostPath), target: target)
        result.isReadOnly = mount.readonly
        result.isRecursive = mount.recursiveReadonly
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
        guard mount.imageSubPath.isEmpty else {
            throw DriverFailure(.unsupported, reason: "ImageSubPath", "image volumes with a sub path are not supported")
        }
        guard let layers = images[mount.image], let first = layers.first else {
            throw invalid("the image \(mount.image) is missing or empty")
        }
        if layers.count == 1 {
            return ContainerMount(source: .bind(first), target: target, isReadOnly: true, noSuid: true, noDevices: true)
        }
        return ContainerMount(
            source: .new(type: "overlay", options: layers.map { "lowerdir+=\($0)" }), target: target, isReadOnly: true,
            noSuid: true, noDevices: true)
    }
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
