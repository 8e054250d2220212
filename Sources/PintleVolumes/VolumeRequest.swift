/// A volume for one pod.
public struct VolumeRequest: Sendable, Hashable {
    /// What the volume is.
    public enum Source: Sendable, Hashable {
        /// A path of the node, with the type that it must have.
        case hostPath(String, HostPathType)
        /// A directory that lives and dies with the pod; `sizeLimit` in bytes.
        ///
        /// On disk the limit is reported, not enforced: whoever asks for ``LocalVolumes/usage(at:isCancelled:)``
        /// compares and evicts, as kubelet does. In memory it is the tmpfs' size.
        case emptyDirectory(Medium, sizeLimit: UInt64?)
        /// A file or directory in a volume that is published already: the volume's path, and the path in it.
        case part(of: String, at: String)
    }

    /// Where an emptyDir keeps its files.
    public enum Medium: Sendable, Hashable {
        /// The file system of the pods directory.
        case disk
        /// A tmpfs of its own; its pages count as the containers' memory and are not swapped out.
        case memory
    }

    /// How mounts below a hostPath travel between the node and the volume.
    public enum Propagation: Sendable, Hashable {
        /// Later mounts of the node appear in the volume (where the node's mount is shared), not the other way.
        case hostToContainer
        /// Both ways: the volume stays in the peer group of the node's mount. Where that is private, nothing travels.
        case bidirectional
    }

    /// What the volume is.
    public var source: Source
    /// Absolute path below the pods directory at which it must appear; its parent exists.
    public var targetPath: String
    /// Whether nothing can be written through the volume, nested mounts included.
    ///
    /// For hostPath only.
    public var isReadOnly: Bool
    /// The group that owns an emptyDir, set-group-id on directories.
    public var fsGroup: UInt32?
    /// Whether ownership of what exists is left alone when the root of the volume has it already.
    public var changesGroupOnRootMismatchOnly: Bool
    /// How mounts travel.
    ///
    /// For hostPath only.
    public var propagation: Propagation

    /// Describes a volume; see the properties.
    public init(
        _ source: Source, at targetPath: String, isReadOnly: Bool = false, fsGroup: UInt32? = nil,
        changesGroupOnRootMismatchOnly: Bool = false, propagation: Propagation = .hostToContainer
    ) {
        self.source = source
        self.targetPath = targetPath
        self.isReadOnly = isReadOnly
        self.fsGroup = fsGroup
        self.changesGroupOnRootMismatchOnly = changesGroupOnRootMismatchOnly
        self.propagation = propagation
    }
}

/// What must be at a hostPath; the raw values are Kubernetes'.
public enum HostPathType: String, Sendable, Hashable, CaseIterable {
    /// No check. Where nothing is, a directory (mode 0755) is made, as container runtimes do.
    case unchecked = ""
    /// A directory; made with its parents (mode 0755) when nothing is there.
    case directoryOrCreate = "DirectoryOrCreate"
    /// A directory.
    case directory = "Directory"
    /// A regular file; made empty (mode 0644) when nothing is there and its parent exists.
    case fileOrCreate = "FileOrCreate"
    /// A regular file.
    case file = "File"
    /// A UNIX socket.
    case socket = "Socket"
    /// A character device.
    case characterDevice = "CharDevice"
    /// A block device.
    case blockDevice = "BlockDevice"
}

/// What a volume holds; bytes and files.
public struct VolumeUsage: Sendable, Hashable {
    /// Capacity of the file system; for a limited tmpfs that is the limit.
    public var totalBytes: UInt64
    /// Used by the volume's own files where it is a directory, else by the whole file system.
    public var usedBytes: UInt64
    /// What can still be written.
    public var availableBytes: UInt64
    /// 0 where the file system has no limit.
    public var totalInodes: UInt64
    /// Files and directories of the volume, or of the whole file system.
    public var usedInodes: UInt64
    /// What can still be made.
    public var freeInodes: UInt64
}

/// A volume that exists below the pods directory.
public struct PublishedVolume: Sendable, Hashable {
    /// The pod's UID.
    public let podUID: String
    /// The volume's name in the pod.
    public let name: String
    /// Where it is.
    public let path: String
    /// Whether something is mounted there.
    public let isMounted: Bool
}
