import CPintleImages
import Glibc
import Synchronization

/// Pulls one image from one endpoint.
struct RegistryPull: Sendable {
    let store: ImageStore
    let reference: ImageReference
    let platform: ImagePlatform
    let endpoint: RegistryEndpoint
    let login: RegistryLogin
    let task: ImageTask

    /// How many layers are downloaded at the same time.
    static let parallelLayers = 3
    /// How often something is tried again that fails without any progress.
    static let mostAttempts = 4

    /// Resolves the name, downloads what is missing and adds the image to the store.
    ///
    /// *Blocks.*
    func run() throws(ImageError) -> StoredImage {
        let client = try RegistryClient(endpoint, store.configuration, login, task)
        task.report(LayerProgress(layer: "", phase: .resolving, done: 0, total: 0))
        let known = try digest(client)
        if let known, let image = try store.adopt(reference, known, platform) { return image }
        let (top, config, layers, annotations) = try manifest(client, known)
        let configBytes = try document(client, endpoint.blob(config.digest), config.digest)
        let file = try ImageConfigFile(parsing: configBytes)
        try file.check(platform: platform)
        guard file.layers.count == layers.count else {
            throw ImageError(
                .invalid, .invalidImage,
                "the configuration has \(file.layers.count) layers, the manifest \(layers.count)")
        }
        let record = ImageRecord(
            id: config.digest.description, tags: Set([reference.taggedName].compactMap { $0 }),
            digests: ["\(reference.repository)@\(top)"], pulled: ImageTime.now, layers: file.layers,
            annotations: annotations)
        return try store.pinning(file.layers) { () throws(ImageError) in
            try install(Array(zip(layers, file.layers)), client)
            let images = try store.add([NewImage(record: record, configBytes: configBytes, config: file)])
            guard let image = images.first else {
                throw ImageError(.conflict, .imageNotFound, "the image was removed while it was pulled")
            }
            return image
        }
    }

    // MARK: - Documents

    private static let acceptManifests = ["Accept: " + ImageManifest.mediaTypes.joined(separator: ", ")]

    /// The digest behind the name, without downloading anything; nil if the registry does not tell.
    private func digest(_ client: RegistryClient) throws(ImageError) -> ImageDigest? {
        if let digest = reference.digest { return ImageDigest(digest) }
        do throws(ImageError) {
            let head = try retrying { () throws(ImageError) in
                try client.get(
                    endpoint.manifest(reference.tag ?? "latest"), isHeadOnly: true, headers: Self.acceptManifests,
                    into: RegistryDocument(limit: 0))
            }
            return head["docker-content-digest"].flatMap { ImageDigest($0) }
        } catch {
            // Some registries answer HEAD with an error of their own; GET tells what is the matter.
            if error.code == .unavailable || error.code == .cancelled || error.code == .deadline { throw error }
            return nil
        }
    }

    private func document(
        _ client: RegistryClient, _ address: RegistryAddress, _ digest: ImageDigest?, headers: [String] = []
    ) throws(ImageError) -> [UInt8] {
        let document = RegistryDocument(limit: ImageFiles.documentLimit)
        _ = try retrying { () throws(ImageError) in try client.get(address, headers: headers, into: document) }
        let actual = ImageDigest(of: document.bytes)
        guard digest == nil || digest == actual else {
            throw ImageError(.invalid, .errImagePull, "\(address) arrived with the digest \(actual)")
        }
        return document.bytes
    }

    private func manifest(
        _ client: RegistryClient, _ known: ImageDigest?
    ) throws(ImageError) -> (
        top: ImageDigest, config: ImageDescriptorRecord, layers: [ImageDescriptorRecord], annotations: [String: String]
    ) {
        let name = known?.description ?? reference.tag ?? "latest"
        let bytes = try document(client, endpoint.manifest(name), known, headers: Self.acceptManifests)
        let top = ImageDigest(of: bytes)
        var manifest = try ImageManifest(parsing: bytes)
        if case .index(let entries) = manifest {
            let chosen = try ImageManifest.choose(from: entries, for: platform).digest
            let address = endpoint.manifest(chosen.description)
            manifest = try ImageManifest(
                parsing: try document(client, address, chosen, headers: Self.acceptManifests))
        }
        guard case .image(let config, let layers, let annotations) = manifest else {
            throw ImageError(.invalid, .invalidImage, "the index \(top) has an index in it")
        }
        return (top, config, layers, annotations)
    }

    // MARK: - Layers

    /// Installs the layers, some at a time.
    ///
    /// The first error ends all.
    private func install(
        _ layers: [(ImageDescriptorRecord, String)], _ client: RegistryClient
    ) throws(ImageError) {
        let part = ImageTask(partOf: task)
        let queue = RegistryQueue(layers)
        let helpers = max(0, min(Self.parallelLayers, layers.count) - 1)
        for _ in 0..<helpers {
            queue.begin()
            let isStarted = ImageThread.start {
                queue.guarding(part) { () throws(ImageError) in
                    try work(queue, try RegistryClient(endpoint, store.configuration, login, part), part)
                }
                queue.end()
            }
            if !isStarted { queue.end() }
        }
        queue.guarding(part) { () throws(ImageError) in
            try work(queue, try RegistryClient(endpoint, store.configuration, login, part), part)
        }
        try queue.wait()
    }

    private func work(_ queue: RegistryQueue, _ client: RegistryClient, _ part: ImageTask) throws(ImageError) {
        let installer = LayerInstaller(store: store, task: part)
        while let (blob, diffID) = queue.next() {
            let path = "\(store.files.ingest)/\(blob.digest.hex).part"
            do throws(ImageError) {
                try installer.install(diffID, name: blob.digest.description) { () throws(ImageError) in
                    // One writer at a time; who comes later finds the file complete or continues it.
                    try store.gate.pass("download \(blob.digest)", part) { () throws(ImageError) in
                        try download(blob, path, client, part)
                    }
                }
            } catch {
                // Of no use for the next try.
                if error.code == .invalid { unlink(path) }
                throw error
            }
            unlink(path)
        }
    }

    private func download(
        _ blob: ImageDescriptorRecord, _ path: String, _ client: RegistryClient, _ part: ImageTask
    ) throws(ImageError) -> ImageDescriptor {
        let download = try RegistryDownload(blob, path: path, part)
        let wasResumed = download.count > 0
        if !download.isComplete { try fetch(download, client) }
        do throws(ImageError) { return try download.finish() } catch {
            // What an earlier try left may have been wrong.
            guard wasResumed else { throw error }
            try fetch(download, client)
            return try download.finish()
        }
    }

    private func fetch(_ download: RegistryDownload, _ client: RegistryClient) throws(ImageError) {
        try retrying(progress: { download.count }) { () throws(ImageError) in
            _ = try client.get(
                endpoint.blob(download.blob.digest), headers: download.rangeHeaders, into: download)
        }
    }

    /// Repeats what fails for a passing reason, waiting longer each time; progress starts the count anew.
    private func retrying<Value>(
        progress: () -> Int64 = { 0 }, _ body: () throws(ImageError) -> Value
    ) throws(ImageError) -> Value {
        var attempt = 1
        while true {
            let before = progress()
            do throws(ImageError) { return try body() } catch {
                if progress() > before { attempt = 1 }
                guard error.isTransient, attempt < Self.mostAttempts else { throw error }
                let wait = max(error.retryAfter / 1_000_000, 100 << Int64(attempt))
                // A longer pause is left to whoever asked for the image.
                guard wait <= 5000 else { throw error }
                try task.pause(milliseconds: wait)
                attempt += 1
            }
        }
    }
}

/// The layers that are still to be installed, and the first thing that went wrong.
final class RegistryQueue: Sendable {
    private struct State {
        var layers: [(ImageDescriptorRecord, String)]
        var running = 0
        var error: ImageError?
    }

    private let state: ImageMonitor<State>

    init(_ layers: [(ImageDescriptorRecord, String)]) { state = ImageMonitor(State(layers: layers.reversed())) }

    func next() -> (ImageDescriptorRecord, String)? {
        state.withLock { $0.error == nil ? $0.layers.popLast() : nil }
    }

    func begin() { state.withLock { $0.running += 1 } }

    func end() { state.withLock { $0.running -= 1 } }

    /// Runs `body`; its error, if it is the first, stops the others.
    func guarding(_ part: ImageTask, _ body: () throws(ImageError) -> Void) {
        do throws(ImageError) { try body() } catch {
            state.withLock { if $0.error == nil { $0.error = error } }
            part.abandon()
        }
    }

    /// Waits for all threads.
    ///
    /// *Blocks.*
    func wait() throws(ImageError) {
        if let error = state.wait({ $0.running == 0 ? .some($0.error) : nil }) { throw error }
    }
}
