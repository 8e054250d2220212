import NIOCore
import NIOHTTP1
import NIOPosix
import NIOSSL
import PintleObjects

/// An answer as the tests look at it.
struct Answer: Sendable {
    var status = 0
    var headers = HTTPHeaders()
    var body = ByteBuffer()

    var text: String { String(buffer: body) }
    var json: JSON { (try? JSON(parsing: Array(body.readableBytesView))) ?? .null }
    var message: String { json["message"].string ?? text }
    var items: [JSON] { json["items"].array ?? [] }
    var names: [String] { items.compactMap { $0["metadata"]["name"].string } }
}

/// A small HTTP/1.1 client over TLS; each request has a connection of its own.
struct TestClient: Sendable {
    let port: Int
    let group: any EventLoopGroup
    let tls: NIOSSLContext

    func request(
        _ method: HTTPMethod, _ path: String, _ body: String? = nil, _ headers: [(String, String)] = []
    ) async throws -> Answer {
        var answer = Answer()
        for try await part in try await parts(method, path, body, headers) {
            switch part {
            case .head(let head): (answer.status, answer.headers) = (Int(head.status.code), head.headers)
            case .body(var chunk): answer.body.writeBuffer(&chunk)
            case .end: return answer
            }
        }
        return answer
    }

    func get(_ path: String, _ headers: [(String, String)] = []) async throws -> Answer {
        try await request(.GET, path, nil, headers)
    }
    func post(_ path: String, _ body: String) async throws -> Answer { try await request(.POST, path, body) }
    func put(_ path: String, _ body: String) async throws -> Answer { try await request(.PUT, path, body) }
    func delete(_ path: String, _ body: String? = nil) async throws -> Answer {
        try await request(.DELETE, path, body)
    }
    func patch(_ path: String, _ type: String, _ body: String) async throws -> Answer {
        try await request(.PATCH, path, body, [("Content-Type", "application/\(type)")])
    }

    /// The lines of a streamed answer, as they come.
    func lines(_ path: String, _ headers: [(String, String)] = []) async throws -> LineStream {
        LineStream(parts: try await parts(.GET, path, nil, headers).makeAsyncIterator())
    }

    typealias Parts = AsyncThrowingStream<HTTPClientResponsePart, any Error>

    private func parts(
        _ method: HTTPMethod, _ path: String, _ body: String?, _ headers: [(String, String)]
    ) async throws -> Parts {
        let (stream, continuation) = Parts.makeStream()
        let tls = tls
        let channel = try await ClientBootstrap(group: group).channelInitializer { channel in
            channel.eventLoop.makeCompletedFuture {
                let pipeline = channel.pipeline.syncOperations
                try pipeline.addHandler(NIOSSLClientHandler(context: tls, serverHostname: nil))
                try pipeline.addHTTPClientHandlers()
                try pipeline.addHandler(PartCollector(continuation))
            }
        }.connect(host: "127.0.0.1", port: port).get()
        continuation.onTermination = { _ in channel.close(promise: nil) }
        var head = HTTPRequestHead(version: .http1_1, method: method, uri: path)
        head.headers.add(name: "Host", value: "localhost")
        for (name, value) in headers { head.headers.add(name: name, value: value) }
        if body != nil, !head.headers.contains(name: "Content-Type") {
            head.headers.add(name: "Content-Type", value: "application/json")
        }
        if let body { head.headers.add(name: "Content-Length", value: "\(body.utf8.count)") }
        // One flush: a server that answers a head alone may have closed before the rest is written.
        channel.write(HTTPClientRequestPart.head(head), promise: nil)
        if let body { channel.write(HTTPClientRequestPart.body(.byteBuffer(ByteBuffer(string: body))), promise: nil) }
        channel.writeAndFlush(HTTPClientRequestPart.end(nil), promise: nil)
        return stream
    }
}

/// Lines of a streamed answer.
struct LineStream {
    var parts: TestClient.Parts.AsyncIterator
    var status = 0
    private var rest = ByteBuffer()

    init(parts: TestClient.Parts.AsyncIterator) { self.parts = parts }

    /// The next line without its end; `nil` at the end of the answer.
    mutating func next() async throws -> String? {
        while true {
            if let end = rest.readableBytesView.firstIndex(of: UInt8(ascii: "\n")) {
                let line = rest.readString(length: end - rest.readerIndex)
                rest.moveReaderIndex(forwardBy: 1)
                return line
            }
            switch try await parts.next() {
            case .head(let head): status = Int(head.status.code)
            case .body(var chunk): rest.writeBuffer(&chunk)
            case .end, nil: return nil
            }
        }
    }

    /// The next line as an event: its type and its object.
    mutating func event() async throws -> (type: String, object: JSON) {
        guard let line = try await next() else { return ("END", .null) }
        let event = (try? JSON(parsing: line)) ?? .null
        return (event["type"].string ?? "", event["object"])
    }
}

private final class PartCollector: ChannelInboundHandler {
    typealias InboundIn = HTTPClientResponsePart
    private let continuation: TestClient.Parts.Continuation

    init(_ continuation: TestClient.Parts.Continuation) { self.continuation = continuation }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        let part = unwrapInboundIn(data)
        continuation.yield(part)
        if case .end = part { continuation.finish() }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        continuation.finish(throwing: error)
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { continuation.finish() }
}
