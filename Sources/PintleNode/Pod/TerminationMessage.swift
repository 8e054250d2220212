internal import Glibc
internal import PintleInterfaces
internal import PintleObjects

/// What a container leaves in its `terminationMessagePath`: a file of the pod's own directory, mounted there.
enum TerminationMessage {
    static let prefix = "termination-"
    /// Bytes that all containers of a pod together may leave, and one of them.
    private static let limits = (pod: 12 * 1024, container: 4096)
    /// What is shown of a log instead.
    private static let logLimits = (lines: 80, bytes: 2048)

    static func path(_ directory: String, _ container: String, _ attempt: Int32) -> String {
        "\(directory)/\(prefix)\(container)-\(attempt)"
    }

    static func mount(_ container: JSON, _ attempt: Int32, _ directory: String) -> RuntimeMount {
        var mount = RuntimeMount()
        mount.hostPath = path(directory, container["name"].string ?? "", attempt)
        let target = container["terminationMessagePath"].string ?? ""
        mount.containerPath = target.isEmpty ? "/dev/termination-log" : target
        return mount
    }

    /// Makes the file that a request mounts; any user of the container may write it.
    static func makeFile(_ request: RuntimeCreateContainerRequest, _ directory: String) async throws(PodFault) {
        let path = path(directory, request.name, request.attempt)
        let error = await BlockingWork.run { () -> String? in
            let file = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0o666)
            guard file >= 0 else { return String(cString: strerror(errno)) }
            defer { close(file) }
            return fchmod(file, 0o666) == 0 ? nil : String(cString: strerror(errno))
        }
        if let error { throw PodFault("CreateContainerError", "\(path): \(error)") }
    }

    /// Reads what an ended container left, or the end of its log where the policy says so.
    ///
    /// Blocks.
    static func read(_ status: RuntimeContainerStatus, policy: String, containers: Int, directory: String) -> String {
        let limit = min(limits.container, limits.pod / max(1, containers))
        let own = tail(path(directory, status.name, status.attempt), first: limit)
        if !own.isEmpty { return String(decoding: own, as: UTF8.self) }
        guard policy == "FallbackToLogsOnError", status.exitCode != 0, !status.logPath.isEmpty else { return "" }
        return logEnd(status.logPath)
    }

    /// The last lines of a log, without times.
    private static func logEnd(_ path: String) -> String {
        var text: [UInt8] = []
        for line in tail(path, last: 64 * 1024).split(separator: 10).suffix(logLimits.lines) {
            line.withUnsafeBytes { bytes in
                guard let entry = LogLine(bytes) else { return }
                text += entry.text
                if entry.isFull { text.append(10) }
            }
        }
        return String(decoding: text.suffix(logLimits.bytes), as: UTF8.self)
    }

    private static func tail(_ path: String, first: Int = .max, last: Int = .max) -> [UInt8] {
        let file = open(path, O_RDONLY | O_CLOEXEC | O_NOFOLLOW)
        guard file >= 0 else { return [] }
        defer { close(file) }
        let size = Int(lseek(file, 0, SEEK_END))
        let count = min(size, first, last)
        guard count > 0 else { return [] }
        let offset = last < size ? size - last : 0
        return [UInt8](unsafeUninitializedCapacity: count) { buffer, initialized in
            initialized = max(0, pread(file, buffer.baseAddress, count, off_t(offset)))
        }
    }
}
