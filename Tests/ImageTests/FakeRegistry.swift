import Glibc
import Synchronization

@testable import RuntimeNamespaceCore

/// A registry on loopback that answers as a test wants, also wrongly.
final class FakeRegistry: Sendable {
    struct Request: Sendable {
        var method: String
        /// With the query.
        var path: String
        /// Names in lower case.
        var headers: [String: String]
        var body: String
    }

    enum Reply: Sendable {
        case answer(Int, [(String, String)], [UInt8])
        /// Claims the whole body, sends so many bytes of it and breaks the connection.
        case broken(Int, [(String, String)], [UInt8], after: Int)
        /// Says nothing until the client leaves.
        case silence
    }

    let port: UInt16
    private let socket: Int32
    private let log = Mutex<[Request]>([])
    private let connections = ImageMonitor(0)
    private let handler: @Sendable (Request, FakeRegistry) -> Reply

    init(_ handler: @escaping @Sendable (Request, FakeRegistry) -> Reply) {
        self.handler = handler
        socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue) | Int32(SOCK_CLOEXEC.rawValue), 0)
        var address = sockaddr_in()
        address.sin_family = sa_family_t(AF_INET)
        address.sin_addr.s_addr = in_addr_t(0x7f00_0001).bigEndian
        var length = socklen_t(MemoryLayout<sockaddr_in>.size)
        withUnsafeMutablePointer(to: &address) { [socket] pointer in
            pointer.withMemoryRebound(to: sockaddr.self, capacity: 1) { raw in
                _ = bind(socket, raw, length)
                _ = getsockname(socket, raw, &length)
            }
        }
        listen(socket, 16)
        port = UInt16(bigEndian: address.sin_port)
        connections.withLock { $0 += 1 }
        _ = ImageThread.start { [self] in
            accept()
            connections.withLock { $0 -= 1 }
        }
    }

    /// The host for image names.
    var host: String { "127.0.0.1:\(port)" }

    /// What has been asked so far.
    var requests: [Request] { log.withLock { $0 } }

    func count(_ method: String, _ part: String) -> Int {
        requests.filter { $0.method == method && $0.path.contains(part) }.count
    }

    /// Ends it and waits for its threads.
    func stop() {
        shutdown(socket, Int32(SHUT_RDWR))
        connections.wait { $0 == 0 ? () : nil }
        close(socket)
    }

    private func accept() {
        while true {
            let connection = Glibc.accept(socket, nil, nil)
            if connection < 0 { return }
            connections.withLock { $0 += 1 }
            _ = ImageThread.start { [self] in
                if let request = Self.read(connection) {
                    log.withLock { $0.append(request) }
                    send(handler(request, self), request, connection)
                }
                close(connection)
                connections.withLock { $0 -= 1 }
            }
        }
    }

    private static func read(_ connection: Int32) -> Request? {
        var bytes: [UInt8] = []
        var buffer = [UInt8](repeating: 0, count: 4096)
        while true {
            let text = String(decoding: bytes, as: UTF8.self)
            // "\r\n" is one Character.
            let lines = text.split(separator: "\r\n", omittingEmptySubsequences: false)
            if let end = lines.firstIndex(of: ""), lines.count > end + 1 {
                let words = lines[0].split(separator: " ").map(String.init)
                var headers: [String: String] = [:]
                for line in lines[1..<end] {
                    let parts = line.split(separator: ":", maxSplits: 1)
                    if parts.count == 2 { headers[parts[0].lowercased()] = String(parts[1].drop { $0 == " " }) }
                }
                let body = lines[(end + 1)...].joined(separator: "\r\n")
                if body.utf8.count >= Int(headers["content-length"] ?? "0") ?? 0, words.count == 3 {
                    return Request(method: words[0], path: words[1], headers: headers, body: body)
                }
            }
            let count = recv(connection, &buffer, buffer.count, 0)
            if count <= 0 { return nil }
            bytes += buffer.prefix(count)
        }
    }

    private func send(_ reply: Reply, _ request: Request, _ connection: Int32) {
        switch reply {
        case .answer(let status, let headers, let body):
            send(status, headers, body.count, request.method == "HEAD" ? [] : body, connection)
        case .broken(let status, let headers, let body, let count):
            send(status, headers, body.count, Array(body.prefix(count)), connection)
        case .silence:
            var byte: UInt8 = 0
            _ = recv(connection, &byte, 1, 0)
        }
    }

    private func send(_ status: Int, _ headers: [(String, String)], _ length: Int, _ body: [UInt8], _ connection: Int32)
    {
        var text = "HTTP/1.1 \(status) Status\r\nConnection: close\r\nContent-Length: \(length)\r\n"
        for (name, value) in headers { text += "\(name): \(value)\r\n" }
        var rest = (Array((text + "\r\n").utf8) + body)[...]
        while !rest.isEmpty {
            let count = rest.withUnsafeBytes { Glibc.send(connection, $0.baseAddress, $0.count, Int32(MSG_NOSIGNAL)) }
            if count <= 0 { return }
            rest = rest.dropFirst(count)
        }
        shutdown(connection, Int32(SHUT_WR))
    }
}

extension FakeRegistry {
    /// What an honest registry answers for an image in the repository `a`, ranges included.
    static func serve(_ image: ImageFixture, _ request: Request) -> Reply {
        let name = request.path.split(separator: "/").last.map(String.init) ?? ""
        if request.path.contains("/manifests/") {
            guard name == "latest" || name == "1" || name == image.manifestDigest else {
                return missing("MANIFEST_UNKNOWN")
            }
            return .answer(
                200,
                [
                    ("Content-Type", "application/vnd.oci.image.manifest.v1+json"),
                    ("Docker-Content-Digest", image.manifestDigest),
                ], image.manifest)
        }
        guard let blob = ([image.config] + image.layers).first(where: { ImageDigest(of: $0).description == name })
        else {
            return missing("BLOB_UNKNOWN")
        }
        return range(of: blob, request)
    }

    static func missing(_ code: String) -> Reply {
        .answer(404, [], Array("{\"errors\":[{\"code\":\"\(code)\",\"message\":\"unknown\"}]}".utf8))
    }

    /// The part of `blob` that the request asks for.
    static func range(of blob: [UInt8], _ request: Request) -> Reply {
        guard let range = request.headers["range"], let start = Int(range.dropFirst(6).prefix { $0 != "-" }) else {
            return .answer(200, [], blob)
        }
        let header = ("Content-Range", "bytes \(start)-\(blob.count - 1)/\(blob.count)")
        return .answer(206, [header], Array(blob.dropFirst(start)))
    }
}
