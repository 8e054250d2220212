import CPintleImages
import Glibc

/// Runs the program `pintle-unpack`, which takes archives apart without access to anything but one directory.
struct Unpacker: Sendable {
    let program: String
    let limits: ImageLimits

    /// What the program is to do; `Native/unpack/unpack.h` tells more.
    enum Mode: String, Sendable { case layer, archive, pack }

    /// What came out of it.
    struct Report: Sendable, Hashable {
        /// The digest of the uncompressed stream; nil after packing.
        var digest: ImageDigest?
        var bytes: UInt64
        var entries: UInt64
    }

    /// A program that runs.
    ///
    /// It is killed if its owner lets it go before ``wait(_:what:)`` has returned.
    struct Process: ~Copyable {
        fileprivate let pidfd: ImageDescriptor
        fileprivate let report: ImageDescriptor
        fileprivate var isRunning = true

        /// The program's pidfd, lent.
        var descriptor: Int32 { pidfd.raw }

        deinit {
            guard isRunning else { return }
            pintle_images_kill(pidfd.raw)
            var exit = pintle_images_exit()
            while pintle_images_wait(pidfd.raw, 1000, &exit) == ETIMEDOUT {}
        }
    }

    /// Takes the archive that `input` delivers apart.
    ///
    /// *Blocks.*
    ///
    /// - Parameters:
    ///   - mode: whether it is a layer or an archive of images.
    ///   - input: the archive, read from its current position to the end.
    ///   - directory: an empty directory; after an error it holds part of the contents.
    ///   - expected: what the digest of the uncompressed stream must be.
    ///   - what: what is unpacked, for error messages.
    ///   - task: the operation that this belongs to.
    /// - Returns: digest and size of the contents.
    /// - Throws: what the program reports; `UnpackerFailed` when it can't be started.
    func unpack(
        _ mode: Mode, from input: Int32, into directory: String, expecting expected: ImageDigest?, what: String,
        _ task: ImageTask
    ) throws(ImageError) -> Report {
        let target = try ImageDescriptor(path: directory, O_RDONLY | O_DIRECTORY)
        var process = try start(mode, input: input, output: -1, directory: target.raw, expected: expected)
        return try process.wait(task, what: what)
    }

    /// Starts the program; descriptors stay the caller's.
    func start(
        _ mode: Mode, input: Int32, output: Int32, directory: Int32, expected: ImageDigest?
    ) throws(ImageError) -> Process {
        var ends: [Int32] = [-1, -1]
        if pintle_images_pipe(&ends) != 0 { throw failed("pipe", errno) }
        let report = ImageDescriptor(adopting: ends[0])
        let reportEnd = ImageDescriptor(adopting: ends[1])
        var arguments = [
            "pintle-unpack", mode.rawValue, String(limits.layerBytes), String(limits.layerEntries),
            limits.allowDevices ? "1" : "0",
        ]
        if let expected { arguments.append(expected.hex) }
        let copies = arguments.map { strdup($0) }
        defer { for copy in copies { free(copy) } }
        let pointers = copies.map { UnsafePointer<CChar>($0) } + [nil]
        var pidfd: Int32 = -1
        let descriptors = [input, output, -1, directory, reportEnd.raw]
        let code = pintle_images_spawn(program, pointers, descriptors, descriptors.count, &pidfd)
        if code != 0 { throw failed("start \(program)", code) }
        return Process(pidfd: ImageDescriptor(adopting: pidfd), report: report)
    }

    private func failed(_ action: String, _ code: Int32) -> ImageError {
        ImageError(.internal, .unpackerFailed, "\(action): \(String(cString: strerror(code)))", errno: code)
    }
}

extension Unpacker.Process {
    /// Waits for the end and reads the report.
    ///
    /// *Blocks.*
    ///
    /// - Throws: what the program reports, or `Cancelled` and `DeadlineExceeded` after killing it.
    mutating func wait(_ task: ImageTask, what: String) throws(ImageError) -> Unpacker.Report {
        var exit = pintle_images_exit()
        while true {
            let code = pintle_images_wait(pidfd.raw, 50, &exit)
            if code == 0 { break }
            if code != ETIMEDOUT {
                throw ImageError(.internal, .unpackerFailed, "wait for pintle-unpack failed", errno: code)
            }
            // The deinitializer kills and collects it.
            try task.check()
        }
        isRunning = false
        let line = String(decoding: try report.contents(limit: 4096, what: "the report"), as: UTF8.self)
        let words = line.split(separator: " ", maxSplits: 3).map {
            $0.split(separator: "\n").first.map(String.init) ?? ""
        }
        if exit.code == 0, words.count == 4, words[0] == "done", let bytes = UInt64(words[2]),
            let entries = UInt64(words[3])
        {
            return Unpacker.Report(digest: ImageDigest(hex: words[1]), bytes: bytes, entries: entries)
        }
        if words.count == 4, words[0] == "fail" {
            throw Unpacker.error(words[1], errno: Int32(words[2]) ?? 0, "\(what): \(words[3])")
        }
        let end = exit.signal == 0 ? "code \(exit.code)" : "signal \(exit.signal)"
        throw ImageError(.internal, .unpackerFailed, "\(what): pintle-unpack ended with \(end) and no report")
    }
}

extension Unpacker {
    /// The error for a reason of the program's report.
    static func error(_ reason: String, errno: Int32, _ message: String) -> ImageError {
        switch reason {
        case "malicious": ImageError(.invalid, .maliciousLayer, message, errno: errno)
        case "limit": ImageError(.invalid, .imageTooLarge, message, errno: errno)
        case "corrupt", "digest": ImageError(.invalid, .invalidImage, message, errno: errno)
        case "disk": .system(message, errno: errno)
        default:
            ImageError(
                .internal, .unpackerFailed, "\(message): \(String(cString: strerror(errno)))", errno: errno)
        }
    }
}
