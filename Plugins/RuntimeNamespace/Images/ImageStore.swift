import Synchronization

/// The images of a node: names, configurations and unpacked layers below one directory.
///
/// ```
/// DIRECTORY/lock              held with flock while a store is open; holds the process id
/// DIRECTORY/index.json        the images and layers; replaced in one step
/// DIRECTORY/blobs/sha256/HEX  image configurations
/// DIRECTORY/layers/HEX        unpacked layers, named by the first half of the digest of their uncompressed stream
/// DIRECTORY/ingest/           what is being downloaded and unpacked; emptied when the store is opened
/// DIRECTORY/trash/            what is being deleted
/// ```
///
/// An operation that returned success survives a power cut; one that did not leaves nothing an open store would show.
/// All functions may be called from any thread; those that say *blocks* wait for disk, network or a child process.
package final class ImageStore: Sendable {
    let configuration: ImageStoreConfiguration
    let files: ImageFiles
    let unpacker: Unpacker
    let gate = LayerGate()
    let state: Mutex<ImageStoreState>
    /// Serialises changes of the index; held while it is written, `state` only while memory changes.
    let writer = Mutex<Void>(())
    let sweeper = Sweeper()
    /// What opening found damaged and dropped, one sentence each, for the log.
    package let problems: [String]

    /// Opens the store, making its directory if it is missing.
    ///
    /// *Blocks.*
    ///
    /// Half-unpacked layers, unreferenced blobs and layers that neither an image nor `inUse` needs are removed.
    ///
    /// - Parameters:
    ///   - configuration: how the store is set up.
    ///   - inUse: the ``StoredImage/layers`` of each container that exists, by container id, as if ``hold(_:for:)`` had
    ///     been called for them.
    /// - Returns: the store; ``problems`` says what had to be dropped.
    /// - Throws: `StoreLocked`, naming the process that has it open; `StoreFailed`.
    package static func open(
        _ configuration: ImageStoreConfiguration, inUse: [String: [String]]
    ) throws(ImageError) -> ImageStore {
        let files = try ImageFiles.open(configuration.directory)
        let loaded = try files.loadIndex()
        let store = ImageStore(configuration: configuration, files: files, loaded: loaded)
        store.state.withLock { state in
            for (container, layers) in inUse { _ = state.hold(layers, for: container, isKnown: true) }
        }
        if loaded.isChanged { try store.commit(configs: [:]) { _ in } }
        store.collectGarbage()
        return store
    }

    private init(configuration: ImageStoreConfiguration, files: ImageFiles, loaded: LoadedIndex) {
        self.configuration = configuration
        self.files = files
        unpacker = Unpacker(program: configuration.unpacker, limits: configuration.limits)
        problems = loaded.problems
        state = Mutex(ImageStoreState(index: loaded.index, configs: loaded.configs, layerDirectory: files.layers))
    }

    /// Waits for deletions in the background and gives up the lock.
    ///
    /// No other call may follow. *Blocks.*
    package func close() {
        sweeper.finish()
        files.unlock()
    }

    /// Every image, sorted by id.
    package func list() -> [StoredImage] {
        state.withLock { state in state.images.values.sorted { $0.id < $1.id } }
    }

    /// The image with this name, digest reference or id; nil when there is none or `reference` is none.
    ///
    /// Names are completed as Docker does (`busybox` is `docker.io/library/busybox:latest`). Ids may have `sha256:`
    /// before them and may be shortened to no less than 6 digits as long as one image matches and no name does.
    package func resolve(_ reference: String) -> StoredImage? {
        state.withLock { $0.find(reference) }
    }

    /// Like ``resolve(_:)``, but says why there is no image.
    ///
    /// - Throws: `ImageNotFound`; `InvalidImageName` when `reference` is neither a name nor an id.
    package func status(_ reference: String) throws(ImageError) -> StoredImage {
        if let image = resolve(reference) { return image }
        if !ImageDigest.looksLikeID(reference) { _ = try ImageReference(parsing: reference) }
        throw ImageError(.notFound, .imageNotFound, "no image \"\(reference)\" in \(configuration.directory)")
    }

    /// Keeps the layers of an image for a container until ``release(_:)``, even if the image is removed meanwhile.
    ///
    /// Not durable: after a restart the containers that still exist are given to ``open(_:inUse:)``.
    ///
    /// - Returns: whether all the layers are still there. If not, nothing is held.
    @discardableResult
    package func hold(_ image: StoredImage, for container: String) -> Bool { hold(image.layers, for: container) }

    /// Keeps layer directories, as ``StoredImage/layers`` has them, for a container.
    @discardableResult
    package func hold(_ layers: [String], for container: String) -> Bool {
        state.withLock { $0.hold(layers, for: container) }
    }

    /// Ends what ``hold(_:for:)`` began, once the container's overlay is unmounted; unknown containers are ignored.
    ///
    /// Layers that nothing needs any more are deleted in the background.
    package func release(_ container: String) {
        if state.withLock({ $0.release(container) }) { collectGarbage() }
    }

    /// What the store takes up.
    ///
    /// *Blocks* shortly (`statvfs`).
    ///
    /// - Throws: `StoreFailed`.
    package func fsInfo() throws(ImageError) -> ImageFilesystemInfo {
        let (bytes, inodes) = state.withLock { $0.usage }
        return try files.filesystemInfo(usedBytes: bytes, usedInodes: inodes)
    }
}
