import Glibc
import Synchronization

/// Brings layers into the store: each one once, whoever wants it.
struct LayerInstaller: Sendable {
    let store: ImageStore
    let task: ImageTask

    /// Makes sure that a layer is unpacked.
    ///
    /// It must be pinned. *Blocks.*
    ///
    /// - Parameters:
    ///   - diffID: the digest its uncompressed stream must have.
    ///   - name: the digest to report progress under.
    ///   - open: opens the compressed or plain layer; called only if the store doesn't have the layer.
    /// - Throws: what `open` throws, and the unpacker's errors.
    func install(
        _ diffID: String, name: String, open: () throws(ImageError) -> ImageDescriptor
    ) throws(ImageError) {
        try store.gate.pass(diffID, task) { () throws(ImageError) in
            if let layer = store.state.withLock({ $0.layer(diffID) }) {
                task.report(LayerProgress(layer: name, phase: .done, done: layer.bytes, total: layer.bytes))
                return
            }
            let input = try open()
            task.report(LayerProgress(layer: name, phase: .unpacking, done: 0, total: 0))
            let record = try unpack(input.raw, ImageDigest(diffID), what: "layer \(name)")
            task.report(LayerProgress(layer: name, phase: .done, done: record.bytes, total: record.bytes))
        }
    }

    /// Unpacks a layer and puts it in its place.
    ///
    /// With `expected` nil its digest is found out.
    ///
    /// The layer is neither synced nor in the index yet; ``ImageStore/add(_:)`` does both.
    func unpack(_ input: Int32, _ expected: ImageDigest?, what: String) throws(ImageError) -> LayerRecord {
        let (record, path) = try unpackAside(input, expected, what: what)
        try publish(record, from: path)
        return record
    }

    private func unpackAside(
        _ input: Int32, _ expected: ImageDigest?, what: String
    ) throws(ImageError) -> (LayerRecord, String) {
        let path = store.files.temporaryPath("unpack")
        try ImageFiles.makeDirectory(path)
        do throws(ImageError) {
            if chmod(path, 0o755) != 0 { throw .system("chmod \(path)") }
            let report = try store.unpacker.unpack(
                .layer, from: input, into: path, expecting: expected, what: what, task)
            guard let digest = report.digest else {
                throw ImageError(.internal, .unpackerFailed, "\(what): pintle-unpack reported no digest")
            }
            return (LayerRecord(diffID: digest.description, bytes: report.bytes, inodes: report.entries), path)
        } catch {
            try? ImageFiles.removeTree(path)
            throw error
        }
    }

    /// Moves an unpacked layer to `layers/` and makes it known, as one step for whoever collects garbage.
    func publish(_ record: LayerRecord, from path: String) throws(ImageError) {
        let target = store.files.layerPath(record.diffID)
        let code: Int32 = store.state.withLock { state in
            // A directory that is there already is the same layer, kept for a container since before a restart.
            if rename(path, target) != 0, errno != EEXIST, errno != ENOTEMPTY { return errno }
            state.published(record)
            return 0
        }
        // Gone if it was moved.
        try ImageFiles.removeTree(path)
        if code != 0 { throw .system("rename \(path)", errno: code) }
    }
}

extension ImageStore {
    /// Runs `body` while garbage collection keeps away from these layers, then collects what has become garbage.
    func pinning<Value>(_ layers: [String], _ body: () throws(ImageError) -> Value) throws(ImageError) -> Value {
        state.withLock { $0.pin(layers) }
        do throws(ImageError) {
            let value = try body()
            state.withLock { $0.unpin(layers) }
            return value
        } catch {
            state.withLock { $0.unpin(layers) }
            throw error
        }
    }
}
