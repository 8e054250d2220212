internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One request and its answer on an HTTP/2 connection.
final class HTTP2Stream {
    let id: HTTP2StreamID
    let connection: HTTP2Handler
    let headers: HPACKHeaders
    var body = ByteBuffer()
    let begun = NIODeadline.now()
    var dispatched = false
    /// When the request was refused before its end; what still comes of it is thrown away.
    var refused: NIODeadline?
    weak var exchange: HTTPExchange?
    var endless = false
    /// The answer's last frame has been written.
    var ended = false
    /// Writes that flow control or the socket hold back, and when the client last let some go.
    private(set) var heldWrites = 0
    var lastProgress = NIODeadline.now()

    init(id: HTTP2StreamID, connection: HTTP2Handler, headers: HPACKHeaders) {
        self.id = id
        self.connection = connection
        self.headers = headers
    }

    private var withoutBody: Bool { self.headers.first(name: ":method") == "HEAD" }

    private func fields(status: Int, headers: [(String, String)], length: Int?) -> HPACKHeaders {
        var fields = HPACKHeaders()
        fields.reserveCapacity(headers.count + 3)
        fields.add(name: ":status", value: status == 200 ? "200" : String(status))
        fields.add(name: "date", value: self.connection.date.now())
        for (name, value) in headers { fields.add(name: name.lowercasedIfNeeded, value: value) }
        // Lengths hardly repeat: they would only push other fields out of the table.
        if let length { fields.add(name: "content-length", value: String(length), indexing: .nonIndexable) }
        return fields
    }

    private func send(_ fields: HPACKHeaders, end: Bool) {
        self.ended = self.ended || end
        self.connection.write(
            HTTP2Frame(streamID: self.id, payload: .headers(.init(headers: fields, endStream: end))), nil)
    }

    private func send(_ bytes: ByteBuffer, end: Bool, promise: EventLoopPromise<Void>?) {
        self.ended = self.ended || end
        let payload = HTTP2Frame.FramePayload.data(.init(data: .byteBuffer(bytes), endStream: end))
        self.connection.write(HTTP2Frame(streamID: self.id, payload: payload), promise)
    }

    /// A promise that notes how long writes are held back.
    private func watched(_ promise: EventLoopPromise<Void>?) -> EventLoopPromise<Void>? {
        guard let promise = promise ?? self.connection.eventLoop?.makePromise(of: Void.self) else { return nil }
        if self.heldWrites == 0 { self.lastProgress = .now() }
        self.heldWrites += 1
        promise.futureResult.assumeIsolated().whenComplete { _ in
            self.heldWrites -= 1
            self.lastProgress = .now()
        }
        return promise
    }
}

extension HTTP2Stream: AnswerSink {
    /// Larger bodies are watched for clients that don't take them.
    private static let watchedBody = 16 * 1024

    func sendWhole(status: Int, headers: [(String, String)], body: ByteBuffer) {
        guard !self.ended else { return }
        let bodyless = status < 200 || status == 204 || status == 304
        let fields = self.fields(status: status, headers: headers, length: bodyless ? nil : body.readableBytes)
        let empty = bodyless || self.withoutBody || body.readableBytes == 0
        self.send(fields, end: empty)
        if !empty {
            self.send(body, end: true, promise: body.readableBytes > Self.watchedBody ? self.watched(nil) : nil)
        }
        self.connection.flushSoon()
    }

    func begin(status: Int, headers: [(String, String)], endless: Bool) {
        guard !self.ended else { return }
        self.endless = endless
        self.send(self.fields(status: status, headers: headers, length: nil), end: self.withoutBody)
        self.connection.flushSoon()
        if endless, self.connection.ending { self.endByServer() }
    }

    func write(_ buffer: ByteBuffer, promise: EventLoopPromise<Void>) {
        guard !self.ended else { return promise.succeed() }
        self.send(buffer, end: false, promise: self.watched(promise))
        self.connection.flushSoon()
    }

    func end() {
        guard !self.ended else { return }
        self.send(ByteBuffer(), end: true, promise: nil)
        self.connection.flushSoon()
    }

    /// Ends a watch properly.
    func endByServer() {
        self.exchange?.clientGone()
        self.end()
    }

    func abandoned(unanswered: Bool) {
        guard !self.ended else { return }
        guard unanswered else { return self.connection.reset(self, .internalError) }
        let failure = ProtocolFailure.unanswered
        self.sendWhole(status: failure.status, headers: ProtocolFailure.headers, body: failure.body)
    }

    func upgrade(
        headers: [(String, String)], install: (ChannelPipeline.SynchronousOperations) throws -> Void
    ) throws -> EventLoopFuture<any Channel> {
        throw StreamUpgradeError(status: 400, message: "HTTP/2 has no upgrades: use HTTP/1.1.")
    }
}

extension String {
    /// HTTP/2 allows lower-case names only.
    fileprivate var lowercasedIfNeeded: String {
        self.utf8.contains { $0 >= UInt8(ascii: "A") && $0 <= UInt8(ascii: "Z") } ? self.lowercased() : self
    }
}
