internal import NIOCore
internal import NIOHPACK
internal import NIOHTTP2

/// One unary call: sends the request on a stream of its own and collects the answer.
final class GRPCCall: ChannelInboundHandler {
    typealias InboundIn = HTTP2Frame.FramePayload
    typealias OutboundOut = HTTP2Frame.FramePayload

    private let headers: HPACKHeaders
    private let message: [UInt8]
    private let promise: EventLoopPromise<[UInt8]>
    private var isSettled = false
    private var messages = GRPCMessages()
    private var answer: [UInt8]?
    private var hasHead = false

    /// Makes a call.
    ///
    /// - Parameters:
    ///   - path: `/package.Service/Method`.
    ///   - authority: What the connection goes to.
    ///   - metadata: Further fields, such as the user agent.
    ///   - timeout: Told to the server; the caller watches it.
    ///   - message: The request, serialized.
    ///   - promise: Gets the answer, or a ``GRPCStatus``.
    init(
        path: String, authority: String, metadata: [(String, String)], timeout: TimeAmount, message: [UInt8],
        promise: EventLoopPromise<[UInt8]>
    ) {
        var headers = HPACKHeaders([
            (":method", "POST"), (":scheme", "http"), (":path", path), (":authority", authority),
            ("content-type", "application/grpc"), ("te", "trailers"),
            ("grpc-timeout", "\(min(max(1, timeout.nanoseconds / 1_000_000), 99_999_999))m"),
        ])
        for (name, value) in metadata { headers.add(name: name, value: value) }
        self.headers = headers
        self.message = message
        self.promise = promise
    }

    func channelActive(context: ChannelHandlerContext) {
        context.write(wrapOutboundOut(.headers(.init(headers: headers))), promise: nil)
        let bytes = context.channel.allocator.buffer(bytes: GRPCMessages.frame(message))
        context.writeAndFlush(wrapOutboundOut(.data(.init(data: .byteBuffer(bytes), endStream: true))), promise: nil)
    }

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
        switch unwrapInboundIn(data) {
        case .headers(let frame): received(frame.headers, isLast: frame.endStream, context)
        case .data(let frame):
            if case .byteBuffer(let bytes) = frame.data { received(bytes, context) }
            if frame.endStream {
                fail(GRPCStatus(GRPCStatus.internalFault, "server closed the stream without sending trailers"), context)
            }
        case .rstStream(let code):
            let status = code == .refusedStream ? GRPCStatus.unavailable : GRPCStatus.internalFault
            fail(GRPCStatus(status, "stream terminated by RST_STREAM with error code: \(code)"), context)
        default: break
        }
    }

    private func received(_ headers: HPACKHeaders, isLast: Bool, _ context: ChannelHandlerContext) {
        if !hasHead {
            let status = headers.first(name: ":status") ?? ""
            if status.hasPrefix("1") { return }
            hasHead = true
            let type = headers.first(name: "content-type") ?? ""
            if status != "200", headers.first(name: "grpc-status") == nil { return fail(.http(status), context) }
            guard type.hasPrefix("application/grpc") || isLast else {
                return fail(
                    GRPCStatus(
                        GRPCStatus.unknown, "unexpected content-type \"\(type)\" (expected application/grpc)"), context)
            }
        }
        guard isLast else { return }
        guard let text = headers.first(name: "grpc-status"), let code = Int(text) else {
            return fail(GRPCStatus(GRPCStatus.internalFault, "the server sent no grpc-status"), context)
        }
        guard code == GRPCStatus.ok else {
            return fail(GRPCStatus(code, GRPCStatus.decoded(headers.first(name: "grpc-message") ?? "")), context)
        }
        guard let answer else {
            return fail(GRPCStatus(GRPCStatus.internalFault, "the server sent no message"), context)
        }
        settle(.success(answer))
    }

    private func received(_ bytes: ByteBuffer, _ context: ChannelHandlerContext) {
        messages.feed(bytes.readableBytesView)
        do throws(GRPCStatus) {
            while let message = try messages.next() {
                guard answer == nil else {
                    throw GRPCStatus(GRPCStatus.internalFault, "the server sent more than one message")
                }
                answer = message
            }
        } catch { fail(error, context) }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
        fail(GRPCStatus(GRPCStatus.unavailable, "\(error)"), context)
    }

    func channelInactive(context: ChannelHandlerContext) {
        settle(.failure(GRPCStatus(GRPCStatus.unavailable, "error reading from server: EOF")))
    }

    private func fail(_ status: GRPCStatus, _ context: ChannelHandlerContext) {
        settle(.failure(status))
        context.close(promise: nil)
    }

    private func settle(_ result: Result<[UInt8], GRPCStatus>) {
        guard !isSettled else { return }
        isSettled = true
        switch result {
        case .success(let bytes): promise.succeed(bytes)
        case .failure(let status): promise.fail(status)
        }
    }
}
