import Glibc

/// A TCP client that sends and reads exactly the bytes it is told to; blocking, five seconds at most.
final class RawClient: @unchecked Sendable {
    // Unchecked: each test uses it from one thread at a time.
    private let descriptor: Int32
    private var buffer: [UInt8] = []

    init(port: Int) throws {
        self.descriptor = socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_port = in_port_t(port).bigEndian
        address.sin_addr.s_addr = UInt32(0x7F00_0001).bigEndian
        var timeout = timeval(tv_sec: 5, tv_usec: 0)
        setsockopt(self.descriptor, SOL_SOCKET, SO_RCVTIMEO, &timeout, socklen_t(MemoryLayout<timeval>.size))
        let result = withUnsafePointer(to: &address) {
            $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
                connect(self.descriptor, $0, socklen_t(MemoryLayout<sockaddr_in>.size))
            }
        }
        guard result == 0 else { throw TestFailure("connect: \(errno)") }
    }

    deinit { close(self.descriptor) }

    func send(_ text: String) throws { try self.send(Array(text.utf8)) }

    func send(_ bytes: [UInt8]) throws {
        var rest = bytes[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes {
                Glibc.send(self.descriptor, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL))
            }
            guard count > 0 else { throw TestFailure("send: \(errno)") }
            rest = rest.dropFirst(count)
        }
    }

    func shutdownOutput() { shutdown(self.descriptor, Int32(SHUT_WR)) }

    /// More bytes into the buffer; false at the end.
    ///
    /// A reset counts as the end.
    private func fill() throws -> Bool {
        var chunk = [UInt8](repeating: 0, count: 65536)
        let count = recv(self.descriptor, &chunk, chunk.count, 0)
        if count < 0, errno == EINTR { return true }
        if count < 0, errno == ECONNRESET { return false }
        guard count >= 0 else { throw TestFailure("nothing came within five seconds; so far: \(self.pending)") }
        self.buffer += chunk[..<count]
        return count > 0
    }

    var pending: String { String(decoding: self.buffer.prefix(2000), as: UTF8.self) }

    func read(count: Int) throws -> [UInt8] {
        while self.buffer.count < count {
            guard try self.fill() else { throw TestFailure("the connection ended; so far: \(self.pending)") }
        }
        defer { self.buffer.removeFirst(count) }
        return Array(self.buffer.prefix(count))
    }

    func readToEnd() throws -> String {
        while try self.fill() {}
        defer { self.buffer = [] }
        return String(decoding: self.buffer, as: UTF8.self)
    }

    /// A head of an answer: all up to the empty line.
    func readHead() throws -> String {
        let mark = Array("\r\n\r\n".utf8)
        while true {
            if let index = self.buffer.indices.first(where: { self.buffer[$0...].starts(with: mark) }) {
                let head = String(decoding: self.buffer[..<index], as: UTF8.self)
                self.buffer.removeFirst(index + 4)
                return head
            }
            guard try self.fill() else { throw TestFailure("the connection ended in a head: \(self.pending)") }
        }
    }

    /// A whole answer with a `content-length`.
    func readAnswer() throws -> (status: Int, head: String, body: String) {
        let head = try self.readHead()
        let length = head.split(separator: "\r\n").first { $0.lowercased().hasPrefix("content-length:") }
            .flatMap { Int($0.split(separator: ":")[1].drop { $0 == " " }) }
        let status = Int(head.split(separator: " ")[1]) ?? 0
        return (status, head, String(decoding: try self.read(count: length ?? 0), as: UTF8.self))
    }
}
