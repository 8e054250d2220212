internal import NIOCore

/// What is told of a SPDY connection's streams.
protocol SPDYDelegate: AnyObject {
    /// The client has opened a stream; false refuses it.
    func opened(_ stream: SPDYStream) -> Bool
    /// The connection has gone; called once, last.
    func disconnected()
}

/// What carries a SPDY connection's bytes: a socket, or the messages of a WebSocket.
protocol SPDYCarrier: AnyObject {
    func send(_ bytes: ByteBuffer, promise: EventLoopPromise<Void>?)
    /// Closes when everything has been sent, and the client has closed or has had time to.
    func close()
}

/// The server's side of a SPDY/3.1 connection whose streams the client opens.
///
/// Rationale: the clients at hand, built on moby/spdystream, neither grant windows nor keep to them, so that a server
/// which did would stop after 64 KiB. Windows count here from the client's first SETTINGS or WINDOW_UPDATE on; until
/// then the socket's back-pressure alone holds.
final class SPDYConnection: SessionConnection {
    private static let initialWindow = 64 * 1024
    private static let streamLimit = 2048

    private let loop: any EventLoop
    private let gate: ReadGate
    weak var carrier: (any SPDYCarrier)?
    private var delegate: (any SPDYDelegate)?
    private var parser: SPDYParser
    private let writer: SPDYWriter
    private var streams: [UInt32: SPDYStream] = [:]
    private var lastID: UInt32 = 0
    private var ending = false
    /// The client counts windows.
    private var counts = false
    private var streamWindow = SPDYConnection.initialWindow
    private var window = SPDYConnection.initialWindow
    private var credit = 0

    init(loop: any EventLoop, gate: ReadGate, delegate: any SPDYDelegate) throws(SPDYFault) {
        self.loop = loop
        self.gate = gate
        self.delegate = delegate
        self.parser = try SPDYParser()
        self.writer = try SPDYWriter()
    }

    // MARK: From the client

    func receive(_ bytes: ByteBuffer) {
        guard self.delegate != nil else { return }
        self.parser.append(bytes)
        do throws(SPDYFault) {
            while let frame = try self.parser.next() { try self.received(frame) }
        } catch {
            self.fail()
        }
    }

    private func received(_ frame: SPDYFrame) throws(SPDYFault) {
        switch frame {
        case .synStream(let id, let headers, let fin): try self.open(id, headers, fin)
        case .data(let id, let bytes, let fin): self.received(bytes, fin, on: id)
        case .headers(let id, _, let fin), .synReply(let id, _, let fin): if fin { self.streams[id].map(self.ended) }
        case .reset(let id, _): if let stream = self.streams.removeValue(forKey: id) { stream.drop() }
        case .ping(let id):
            // Only the client's own pings, which have odd numbers, are answered.
            if id & 1 == 1 { self.send(self.writer.ping(id)) }
        case .settings(let settings): self.received(settings)
        case .windowUpdate(let id, let delta): try self.grant(Int(delta), to: id)
        case .goAway, .other: break
        }
    }

    private func open(_ id: UInt32, _ headers: SPDYHeaders, _ fin: Bool) throws(SPDYFault) {
        guard id & 1 == 1, id > self.lastID else { throw SPDYFault(reason: "the stream's number is not a new odd one") }
        self.lastID = id
        let stream = SPDYStream(id: id, headers: headers, window: self.streamWindow, connection: self)
        guard !self.ending, self.streams.count < Self.streamLimit else {
            return self.send(self.writer.reset(id, .refusedStream))
        }
        self.streams[id] = stream
        // The reply goes first: the delegate may write at once.
        let before = self.pending
        self.pending = []
        let accepted = self.delegate?.opened(stream) == true
        let written = self.pending ?? []
        self.pending = before
        guard accepted else {
            self.streams[id] = nil
            stream.drop()
            return self.send(self.writer.reset(id, .refusedStream))
        }
        self.send(self.writer.synReply(id))
        for (bytes, promise) in written { self.send(bytes, promise) }
        if fin { self.ended(stream) }
    }

    private func received(_ bytes: ByteBuffer, _ fin: Bool, on id: UInt32) {
        guard let stream = self.streams[id], !stream.remoteEnded else {
            // A stream that we have reset or refused meanwhile; one never opened is told so.
            if id > self.lastID || id & 1 == 0 { self.send(self.writer.reset(id, .invalidStream)) }
            return self.creditConnection(bytes.readableBytes)
        }
        if bytes.readableBytes > 0 {
            self.gate.took(bytes.readableBytes)
            stream.deliver(bytes)
        }
        if fin { self.ended(stream) }
    }

    private func ended(_ stream: SPDYStream) {
        guard !stream.remoteEnded else { return }
        stream.remoteEnded = true
        stream.deliverEnd()
        self.removeIfOver(stream)
    }

    private func removeIfOver(_ stream: SPDYStream) {
        guard stream.localEnded, stream.remoteEnded else { return }
        self.streams[stream.id] = nil
    }

    // MARK: Windows

    private func received(_ settings: [(id: UInt32, value: UInt32)]) {
        self.counts = true
        for (id, value) in settings where id == SPDYFrame.initialWindowSetting {
            let size = Int(min(value, 0x7FFF_FFFF))
            let delta = size - self.streamWindow
            self.streamWindow = size
            for stream in self.streams.values { stream.window += delta }
        }
        for stream in self.streams.values { stream.sendQueued() }
    }

    private func grant(_ delta: Int, to id: UInt32) throws(SPDYFault) {
        self.counts = true
        if id == 0 {
            self.window += delta
            guard self.window <= 0x7FFF_FFFF else { throw SPDYFault(reason: "the connection's window is too large") }
            for stream in self.streams.values { stream.sendQueued() }
        } else if let stream = self.streams[id] {
            stream.window += delta
            if stream.window > 0x7FFF_FFFF { self.reset(stream, .flowControlError) } else { stream.sendQueued() }
        }
    }

    /// How many bytes may be sent on a stream now.
    func room(_ stream: SPDYStream) -> Int { self.counts ? min(stream.window, self.window) : 1 << 20 }

    /// A stream's receiver has dealt with bytes.
    func consumed(_ count: Int, by stream: SPDYStream) {
        self.gate.gave(count)
        self.creditConnection(count)
        stream.credit += count
        guard self.counts, stream.credit >= Self.initialWindow / 2, !stream.remoteEnded else { return }
        self.send(self.writer.windowUpdate(stream.id, UInt32(stream.credit)))
        stream.credit = 0
    }

    private func creditConnection(_ count: Int) {
        self.credit += count
        guard self.counts, self.credit >= Self.initialWindow / 2 else { return }
        self.send(self.writer.windowUpdate(0, UInt32(min(self.credit, 0x7FFF_FFFF))))
        self.credit = 0
    }

    // MARK: To the client

    /// What the delegate writes while it is being told of a stream, which has not been accepted yet.
    private var pending: [(ByteBuffer, EventLoopPromise<Void>?)]?

    private func send(_ bytes: ByteBuffer, _ promise: EventLoopPromise<Void>? = nil) {
        if self.pending != nil {
            self.pending?.append((bytes, promise))
        } else if let carrier {
            carrier.send(bytes, promise: promise)
        } else {
            promise?.fail(ExchangeClosed())
        }
    }

    func send(_ bytes: ByteBuffer, of stream: SPDYStream, promise: EventLoopPromise<Void>?) {
        stream.window -= bytes.readableBytes
        self.window -= bytes.readableBytes
        self.send(self.writer.data(stream.id, bytes, fin: false), promise)
    }

    func sendFin(of stream: SPDYStream) {
        self.send(self.writer.data(stream.id, ByteBuffer(), fin: true))
        self.removeIfOver(stream)
    }

    func reset(_ stream: SPDYStream, _ status: SPDYStatus) {
        guard self.streams.removeValue(forKey: stream.id) != nil else { return }
        self.send(self.writer.reset(stream.id, status))
        stream.drop()
    }

    // MARK: Ends

    /// Ends all streams and the connection, when everything has been sent.
    func closeSession() -> EventLoopFuture<Void> {
        let promise = self.loop.makePromise(of: Void.self)
        for stream in self.streams.values { stream.finish() }
        self.ending = true
        self.send(self.writer.goAway(last: self.lastID, status: 0), promise)
        self.carrier?.close()
        return promise.futureResult
    }

    private func fail() {
        self.send(self.writer.goAway(last: self.lastID, status: 1))
        let carrier = self.carrier
        self.disconnected()
        carrier?.close()
    }

    /// The carrier has gone.
    func disconnected() {
        let streams = self.streams.values
        self.streams = [:]
        self.carrier = nil
        let delegate = self.delegate
        self.delegate = nil
        for stream in streams { stream.drop() }
        delegate?.disconnected()
    }
}
