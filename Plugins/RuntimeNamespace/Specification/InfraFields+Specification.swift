internal import CPintleSystem
import Glibc

/// A mount of a container as the infra process is told it.
struct ContainerMount: Sendable, Hashable {
    enum Source: Sendable, Hashable {
        /// A path of the node, with all that is mounted below it.
        case bind(String)
        /// A new file system.
        case new(type: String, options: [String])
        /// The pod's /dev/shm.
        case podShm
        /// Directories of an image, topmost first, or a part of what they make together.
        case layers([String], subPath: String)
    }

    enum Propagation: Sendable, Hashable {
        case isolated, follows, shared

        var flag: UInt64 {
            switch self {
            case .isolated: UInt64(MS_PRIVATE)
            case .follows: UInt64(MS_SLAVE)
            case .shared: UInt64(MS_SHARED)
            }
        }
    }

    var source: Source
    var target: String
    var isReadOnly = false
    var noSuid = false
    var noDevices = false
    var noExec = false
    /// Whether the attributes hold for mounts below a bind too.
    var isRecursive = false
    /// Whether a file system that this kernel lacks is left out.
    var isOptional = false
    /// Whether a bind's owners are shifted by the pod's user namespace.
    var isMapped = false
    /// Whether links of the image on the way to the target are refused.
    var refusesLinks = false
    var propagation = Propagation.isolated

    /// The kernel's `MOUNT_ATTR_*`.
    var attributes: UInt64 {
        (isReadOnly ? 1 : 0) | (noSuid ? 2 : 0) | (noDevices ? 4 : 0) | (noExec ? 8 : 0)
    }
}

extension InfraFields {
    mutating func addMount(_ mount: ContainerMount) {
        var nested = InfraFields()
        switch mount.source {
        case .bind(let path):
            nested.add(PINTLE_MOUNT_KIND, UInt32(PINTLE_MOUNT_BIND))
            nested.add(PINTLE_MOUNT_SOURCE, path)
            nested.add(PINTLE_MOUNT_PROPAGATION, mount.propagation.flag)
        case .new(let type, let options):
            nested.add(PINTLE_MOUNT_KIND, UInt32(PINTLE_MOUNT_NEW))
            nested.add(PINTLE_MOUNT_TYPE, type)
            for option in options { nested.add(PINTLE_MOUNT_OPTION, option) }
        case .layers(let layers, let subPath):
            nested.add(PINTLE_MOUNT_KIND, UInt32(PINTLE_MOUNT_LAYERS))
            for layer in layers { nested.add(PINTLE_MOUNT_LAYER, layer) }
            if !subPath.isEmpty { nested.add(PINTLE_MOUNT_SUB_PATH, subPath) }
        case .podShm: nested.add(PINTLE_MOUNT_KIND, UInt32(PINTLE_MOUNT_SHM))
        }
        nested.add(PINTLE_MOUNT_TARGET, mount.target)
        nested.add(PINTLE_MOUNT_ATTRIBUTES, mount.attributes)
        var flags = 0
        if mount.isRecursive { flags |= PINTLE_MOUNT_RECURSIVE_ATTRIBUTES }
        if mount.isOptional { flags |= PINTLE_MOUNT_OPTIONAL }
        if mount.isMapped { flags |= PINTLE_MOUNT_MAPPED }
        if mount.refusesLinks { flags |= PINTLE_MOUNT_NO_LINKS }
        nested.add(PINTLE_MOUNT_FLAGS, UInt32(flags))
        add(PINTLE_SPEC_MOUNT, nested)
    }

    mutating func addDevice(_ node: ContainerDevices.Node) {
        var nested = InfraFields()
        nested.add(PINTLE_DEVICE_PATH, node.path)
        nested.add(PINTLE_DEVICE_MODE, node.mode)
        nested.add(PINTLE_DEVICE_MAJOR, node.major)
        nested.add(PINTLE_DEVICE_MINOR, node.minor)
        nested.add(PINTLE_DEVICE_UID, node.uid)
        nested.add(PINTLE_DEVICE_GID, node.gid)
        add(PINTLE_SPEC_DEVICE, nested)
    }

    mutating func addLink(_ path: String, to target: String) {
        var nested = InfraFields()
        nested.add(PINTLE_LINK_PATH, path)
        nested.add(PINTLE_LINK_TARGET, target)
        add(PINTLE_SPEC_LINK, nested)
    }
}
