internal import Glibc

/// Finds out which process listens on a port.
enum PortHolder {
    /// What to tell the operator when `address` is taken.
    static func message(address: String, port: Int) -> String {
        guard let holder = self.holder(port: port) else {
            return """
                cannot listen on \(address): another process has this port (ss -ltnp shows which). \
                Stop it, or choose another port.
                """
        }
        return """
            cannot listen on \(address): process \(holder.pid) (\(holder.command)) has this port. \
            Stop it (kill \(holder.pid)), or choose another port.
            """
    }

    static func holder(port: Int) -> (pid: Int32, command: String)? {
        let inodes = self.listeningInodes(port: port)
        guard !inodes.isEmpty else { return nil }
        let wanted = Set(inodes.map { "socket:[\($0)]" })
        for name in self.entries("/proc") {
            guard let pid = Int32(name) else { continue }
            let folder = "/proc/\(pid)/fd"
            guard self.entries(folder).contains(where: { wanted.contains(self.link("\(folder)/\($0)")) }) else {
                continue
            }
            return (pid, self.command(pid))
        }
        return nil
    }

    /// The inode numbers of the sockets that listen on `port`: /proc/net/tcp, state 0A.
    private static func listeningInodes(port: Int) -> [String] {
        let wanted = String(port, radix: 16, uppercase: true)
        let padded = String(repeating: "0", count: max(0, 4 - wanted.count)) + wanted
        return ["/proc/net/tcp", "/proc/net/tcp6"].flatMap { file in
            self.text(file).split(separator: "\n").dropFirst().compactMap { line -> String? in
                let fields = line.split(separator: " ")
                guard fields.count > 9, fields[1].hasSuffix(":\(padded)"), fields[3] == "0A" else { return nil }
                return String(fields[9])
            }
        }
    }

    private static func command(_ pid: Int32) -> String {
        let words = self.text("/proc/\(pid)/cmdline").split(separator: "\0").joined(separator: " ")
        return words.isEmpty ? "unknown" : String(words.prefix(120))
    }

    private static func entries(_ folder: String) -> [String] {
        guard let handle = opendir(folder) else { return [] }
        defer { closedir(handle) }
        var names: [String] = []
        while let entry = readdir(handle) {
            names.append(
                withUnsafeBytes(of: entry.pointee.d_name) { String(decoding: $0.prefix { $0 != 0 }, as: UTF8.self) })
        }
        return names
    }

    private static func link(_ path: String) -> String {
        var buffer = [UInt8](repeating: 0, count: 128)
        let count = buffer.withUnsafeMutableBytes { bytes in
            bytes.baseAddress.map { readlink(path, $0, bytes.count) } ?? -1
        }
        return count > 0 ? String(decoding: buffer[..<count], as: UTF8.self) : ""
    }

    private static func text(_ path: String) -> String {
        let descriptor = open(path, O_RDONLY | O_CLOEXEC)
        guard descriptor >= 0 else { return "" }
        defer { close(descriptor) }
        var bytes: [UInt8] = []
        var chunk = [UInt8](repeating: 0, count: 16 * 1024)
        while true {
            let count = read(descriptor, &chunk, chunk.count)
            if count < 0, errno == EINTR { continue }
            guard count > 0 else { return String(decoding: bytes, as: UTF8.self) }
            bytes += chunk[..<count]
        }
    }
}
