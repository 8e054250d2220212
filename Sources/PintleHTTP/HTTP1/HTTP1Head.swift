internal import NIOCore
internal import NIOHTTP1

/// How the body of an HTTP/1 answer is delimited.
enum HTTP1Framing: Equatable {
    /// The status or the request's method allows no body.
    case none
    case length(Int)
    case chunked
    /// The connection's end is the body's end: for HTTP/1.0.
    case untilClose

    /// The body's delimiting, as RFC 9112, section 6, asks for it.
    static func streamed(status: Int, http10: Bool) -> HTTP1Framing {
        if status < 200 || status == 204 || status == 304 { return .none }
        return http10 ? .untilClose : .chunked
    }
}

/// The head of an HTTP/1 answer in bytes.
enum HTTP1Head {
    static func write(
        status: Int, headers: [(String, String)], framing: HTTP1Framing, keepAlive: Bool, http10: Bool, date: String,
        into buffer: inout ByteBuffer
    ) {
        if status == 200 {
            buffer.writeStaticString("HTTP/1.1 200 OK\r\ndate: ")
        } else {
            let reason = HTTPResponseStatus(statusCode: status).reasonPhrase
            buffer.writeString("HTTP/1.1 \(status) \(reason)\r\ndate: ")
        }
        buffer.writeString(date)
        buffer.writeStaticString("\r\n")
        for (name, value) in headers {
            buffer.writeString(name)
            buffer.writeStaticString(": ")
            Self.write(value: value, into: &buffer)
            buffer.writeStaticString("\r\n")
        }
        switch framing {
        case .none, .untilClose: break
        case .length(let length):
            buffer.writeStaticString("content-length: ")
            buffer.writeString(String(length))
            buffer.writeStaticString("\r\n")
        case .chunked: buffer.writeStaticString("transfer-encoding: chunked\r\n")
        }
        if !keepAlive {
            buffer.writeStaticString("connection: close\r\n")
        } else if http10 {
            buffer.writeStaticString("connection: keep-alive\r\n")
        }
        buffer.writeStaticString("\r\n")
    }

    /// A line end in a value would let it forge further fields: it becomes a blank.
    private static func write(value: String, into buffer: inout ByteBuffer) {
        if value.utf8.contains(where: { $0 == 0x0D || $0 == 0x0A || $0 == 0 }) {
            buffer.writeBytes(value.utf8.map { $0 == 0x0D || $0 == 0x0A || $0 == 0 ? 0x20 : $0 })
        } else {
            buffer.writeString(value)
        }
    }
}
