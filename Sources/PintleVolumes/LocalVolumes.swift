/// The volumes of a node that need no server: hostPath, emptyDir, and parts of other volumes.
///
/// It keeps nothing in memory: what exists is below the pods directory, under names that follow from pod and volume.
/// All functions block and may be called on many threads at once, one at a time per volume; none holds a lock, so a
/// dead file system holds up its own call only. `isCancelled` is asked between steps.
public struct LocalVolumes: Sendable {
    let configuration: VolumeConfiguration

    /// Makes volumes as `configuration` says.
    public init(_ configuration: VolumeConfiguration) { self.configuration = configuration }

    /// Makes a volume appear at its target path.
    ///
    /// Repeating it is a success; contents and modes are left alone then.
    ///
    /// - Throws: ``VolumeError``: `invalid` (type check, target path), `permission` (not allowed), `conflict` (another
    ///   volume is there), `resource`, `notFound`. Nothing new is at the target path then.
    public func publish(_ request: VolumeRequest, isCancelled: () -> Bool = { false }) throws(VolumeError) {
        guard let place = try TargetPlace(request.targetPath, below: configuration.podsDirectory) else {
            throw VolumeError(
                .notFound, reason: "TargetParentMissing", "the directory that holds \(request.targetPath) is missing")
        }
        if isCancelled() { throw .cancelled }
        switch request.source {
        case .hostPath(let path, let type):
            let resolver = HostPathResolver(path: path, type: type, allowedRoots: configuration.allowedHostPaths)
            try HostPathVolume(request: request, resolver: resolver).publish(at: place)
        case .emptyDirectory(let medium, let sizeLimit):
            try EmptyDirectory(request: request, medium: medium, sizeLimit: sizeLimit)
                .publish(at: place, isCancelled: isCancelled)
        case .part(let volume, let path):
            guard let root = try TargetPlace(volume, below: configuration.podsDirectory) else {
                throw VolumeError(.notFound, reason: "VolumeNotFound", "no volume is at \(volume)")
            }
            try VolumePart(request: request, path: path).publish(of: root, at: place, isCancelled: isCancelled)
        }
    }
}
