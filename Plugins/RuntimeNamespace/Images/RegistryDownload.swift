import Glibc

/// A layer on its way into a file: verified while it comes, continued where an earlier try ended.
final class RegistryDownload: RegistryReceiver {
    let blob: ImageDescriptorRecord
    private let path: String
    private let file: ImageDescriptor
    private let task: ImageTask
    private var hasher = ImageHasher()
    private(set) var count: Int64 = 0

    /// Opens the file at `path` and reads what it has already.
    ///
    /// *Blocks.*
    init(_ blob: ImageDescriptorRecord, path: String, _ task: ImageTask) throws(ImageError) {
        self.blob = blob
        self.path = path
        self.task = task
        file = try ImageDescriptor(path: path, O_RDWR | O_CREAT | O_NOFOLLOW)
        var hasher = ImageHasher()
        var count: Int64 = 0
        try file.forEachPiece(what: path) { (piece) throws(ImageError) in
            hasher.update(piece)
            count += Int64(piece.count)
            try task.check()
        }
        self.hasher = hasher
        self.count = count
        if count > blob.size { try restart() }
        report()
    }

    /// Whether everything seems to be there; only ``finish()`` knows whether it is right.
    var isComplete: Bool { blob.size >= 0 && count == blob.size }

    /// The header that asks for the rest, if there is something already.
    var rangeHeaders: [String] { count > 0 ? ["Range: bytes=\(count)-"] : [] }

    func receive(head: RegistryHead) throws(ImageError) {
        let range = head["content-range"] ?? ""
        if head.status == 206, range.hasPrefix("bytes \(count)-") { return }
        guard head.status == 200 else {
            try restart()
            var error = ImageError(.unavailable, .registryUnavailable, "the registry sent another range: \"\(range)\"")
            error.isTransient = true
            throw error
        }
        try restart()
    }

    func receive(body: UnsafeRawBufferPointer) throws(ImageError) {
        if blob.size >= 0, count + Int64(body.count) > blob.size {
            try restart()
            throw ImageError(.invalid, .errImagePull, "layer \(blob.digest) has more than \(blob.size) bytes")
        }
        try file.write(body, what: path)
        hasher.update(body)
        count += Int64(body.count)
        report()
    }

    /// Throws everything away, after which the download can begin anew.
    func restart() throws(ImageError) {
        if ftruncate(file.raw, 0) != 0 || lseek(file.raw, 0, SEEK_SET) != 0 { throw .system("truncate \(path)") }
        _ = hasher.finish()
        count = 0
    }

    /// Checks the digest and opens the file for reading.
    ///
    /// - Throws: `ErrImagePull` when the contents are not what they should be; the file is empty then.
    func finish() throws(ImageError) -> ImageDescriptor {
        let received = count
        let digest = hasher.finish()
        guard digest == blob.digest, blob.size < 0 || received == blob.size else {
            try restart()
            throw ImageError(
                .invalid, .errImagePull,
                "layer \(blob.digest) arrived with the digest \(digest) and \(received) of \(blob.size) bytes")
        }
        return try ImageDescriptor(path: path, O_RDONLY | O_NOFOLLOW)
    }

    private func report() {
        task.report(
            LayerProgress(
                layer: blob.digest.description, phase: .downloading, done: UInt64(clamping: count),
                total: UInt64(clamping: blob.size)))
    }
}
