internal import CPintleStorage
internal import Glibc

extension TargetPlace {
    /// Mounts what `source` is, with all mounts below it, at the mount point that is there.
    ///
    /// The copy of the tree is finished before anyone can see it.
    borrowing func bind(
        _ source: borrowing Descriptor, for request: VolumeRequest, shown: String
    ) throws(VolumeError) {
        let copied = pintle_storage_clone_tree(source.raw)
        guard copied >= 0 else { throw .system(-copied, "can't bind", shown) }
        let tree = Descriptor(adopting: copied)
        let propagation = request.propagation == .bidirectional ? PINTLE_STORAGE_KEEP : PINTLE_STORAGE_SLAVE
        let result = pintle_storage_set_tree(tree.raw, propagation, request.isReadOnly ? 1 : 0)
        guard result == 0 else { throw .system(-result, "can't set the mount options of", shown) }
        let target = try open(flags: PINTLE_STORAGE_O_PATH)
        let attached = pintle_storage_attach(tree.raw, target.raw)
        guard attached == 0 else { throw .system(-attached, "can't mount \(shown) at", path) }
    }
}
