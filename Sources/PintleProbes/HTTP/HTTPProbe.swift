internal import NIOCore
internal import NIOPosix
internal import NIOSSL

/// One HTTP check, redirections included.
///
/// Works on raw bytes: a check needs a status and some of the body, and NIO's decoder would cost more than all the rest.
final class HTTPProbe: @unchecked Sendable {
    // Everything happens on `loop`, except `init` and the scheduling of the first step.
    private let check: HTTPCheck
    private let loop: any EventLoop
    private let deadline: NIODeadline
    private let takesAnyStatus: Bool
    private let done: @Sendable (ProbeOutcome) -> Void
    private var url: ProbeURL
    private var keepsHost = true
    private var referer: String?
    private var hops = 0
    private var channel: (any Channel)?
    private var isConnected = false
    private var timer: Scheduled<Void>?
    private var isDone = false
    fileprivate var parser = HTTPAnswerParser()

    private init(
        _ check: HTTPCheck, _ loop: any EventLoop, _ timeout: TimeAmount, _ takesAnyStatus: Bool,
        _ done: @escaping @Sendable (ProbeOutcome) -> Void
    ) {
        self.check = check
        self.loop = loop
        self.done = done
        self.takesAnyStatus = takesAnyStatus
        deadline = .now() + timeout
        url = ProbeURL(isSecure: check.isSecure, host: check.host, port: check.port, path: check.path)
    }

    @discardableResult
    static func start(
        _ check: HTTPCheck, on loop: any EventLoop, timeout: TimeAmount, takesAnyStatus: Bool = false,
        _ done: @escaping @Sendable (ProbeOutcome) -> Void
    ) -> HTTPProbe {
        let probe = HTTPProbe(check, loop, timeout, takesAnyStatus, done)
        if loop.inEventLoop { probe.begin() } else { loop.execute { probe.begin() } }
        return probe
    }

    /// Gives up; any thread.
    func cancel() {
        loop.execute { self.fail("context canceled") }
    }

    private func begin() {
        timer = loop.scheduleTask(deadline: deadline) { self.late() }
        connect()
    }

    private func connect() {
        var fault = ""
        guard
            let request = HTTPRequestText.make(check, url, keepsHost: keepsHost, referer: referer, fault: &fault)
        else { return fail(fault) }
        parser = HTTPAnswerParser()
        isConnected = false
        let isSecure = url.isSecure, host = url.host, port = url.realPort, hop = hops
        Dial.connect(host: host, port: port, on: loop, timeout: deadline - .now() + .seconds(1)) { channel in
            let pipeline = channel.pipeline.syncOperations
            if isSecure {
                try pipeline.addHandlers([PlainAnswer(probe: self, hop: hop), try ProbeTLS.handler(for: host)])
            }
            try pipeline.addHandler(HTTPProbeHandler(probe: self, hop: hop, request: request))
        }.whenComplete { result in
            guard hop == self.hops, !self.isDone else {
                if case .success(let channel) = result { channel.close(promise: nil) }
                return
            }
            switch result {
            case .success(let channel):
                self.channel = channel
                self.isConnected = true
            case .failure(let error): self.fail(Dial.describe(error, host: host, port: port))
            }
        }
    }

    // MARK: What arrives

    fileprivate func received(_ buffer: ByteBuffer, hop: Int) {
        guard hop == hops, !isDone else { return }
        parser.feed(buffer.readableBytesView)
        judge()
    }

    fileprivate func ended(_ error: (any Error)?, hop: Int) {
        guard hop == hops, !isDone else {
            if isDone { finish() }
            return
        }
        if let error, parser.isEmpty || error is IOError {
            return fail(ProbeTLS.describe(error, host: url.host, port: url.realPort, local: channel?.localAddress))
        }
        parser.end()
        judge()
    }

    fileprivate func answeredPlainly(hop: Int) {
        guard hop == hops, !isDone else { return }
        fail("http: server gave HTTP response to HTTPS client")
    }

    private func judge() {
        switch parser.state {
        case .head, .body: break
        case .broken(let why):
            if parser.status >= 100, why == "unexpected EOF" { end(.error(why)) } else { fail(why) }
        case .complete: answered()
        }
    }

    private func answered() {
        let status = parser.status
        let body = String(decoding: parser.body, as: UTF8.self)
        switch status {
        case 200..<300: end(.success)
        case 300..<400:
            guard [301, 302, 303, 307, 308].contains(status), let location = parser.location else {
                return end(.warning("Probe terminated redirects, Response body: \(body)"))
            }
            guard let next = url.following(location) else {
                return fail("failed to parse Location header \"\(location)\"")
            }
            guard next.host.lowercased() == check.host.lowercased() else {
                return end(.warning("Probe terminated redirects, Response body: \(body)"))
            }
            guard hops < 9 else {
                url = next
                return fail("stopped after 10 redirects")
            }
            follow(next, isRelative: !location.contains("//"))
        case _ where takesAnyStatus: end(.success)
        default: end(.failure("HTTP probe failed with statuscode: \(status)"))
        }
    }

    private func follow(_ next: ProbeURL, isRelative: Bool) {
        referer = url.isSecure && !next.isSecure ? nil : url.description
        keepsHost = keepsHost && isRelative
        url = next
        hops += 1
        channel?.close(promise: nil)
        channel = nil
        connect()
    }

    // MARK: The end

    private func late() {
        if isDone { return finish() }
        let why =
            isConnected || parser.isEmpty == false
            ? "context deadline exceeded"
            : "dial tcp \(Dial.address(url.host, url.realPort)): i/o timeout"
        if parser.state == .body {
            end(.error("context deadline exceeded (Client.Timeout or context cancellation while reading body)"))
        } else {
            fail("\(why) (Client.Timeout exceeded while awaiting headers)")
        }
    }

    private func fail(_ why: String) { end(.failure("Get \"\(url)\": \(why)")) }

    private func end(_ outcome: ProbeOutcome) {
        guard !isDone else { return }
        isDone = true
        timer?.cancel()
        timer = nil
        done(outcome)
        // The server was asked to close. If it does, the closed connection is remembered on its side and not on the
        // node's; if it does not do so soon, or has more to say, the node closes.
        guard let channel, channel.isActive, parser.state == .complete, parser.body.count < HTTPAnswerParser.bodyLimit
        else { return finish() }
        timer = loop.scheduleTask(in: .milliseconds(100)) { self.finish() }
    }

    private func finish() {
        timer?.cancel()
        timer = nil
        channel?.close(promise: nil)
        channel = nil
    }
}

/// Sends the request and hands on what arrives.
private final class HTTPProbeHandler: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias OutboundOut = ByteBuffer

    private let probe: HTTPProbe
    private let hop: Int
    private let request: [UInt8]
    private var error: (any Error)?

    init(probe: HTTPProbe, hop: Int, request: [UInt8]) {
        self.probe = probe
        self.hop = hop
        self.request = request
    }

    func channelActive(context: ChannelHandlerContext) {
        context.writeAndFlush(wrapOutboundOut(context.channel.allocator.buffer(bytes: request)), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        probe.received(unwrapInboundIn(data), hop: hop)
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        self.error = error
        context.close(promise: nil)
    }

    func channelInactive(context: ChannelHandlerContext) { probe.ended(error, hop: hop) }
}

/// Stands before TLS and notices a server that answers without.
private final class PlainAnswer: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer
    typealias InboundOut = ByteBuffer

    private let probe: HTTPProbe
    private let hop: Int
    private var isFirst = true

    init(probe: HTTPProbe, hop: Int) {
        self.probe = probe
        self.hop = hop
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        if isFirst, unwrapInboundIn(data).readableBytesView.starts(with: "HTTP/".utf8) {
            return probe.answeredPlainly(hop: hop)
        }
        isFirst = false
        context.fireChannelRead(data)
    }
}
